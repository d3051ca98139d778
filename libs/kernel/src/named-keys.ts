import { createHash, timingSafeEqual } from 'node:crypto';

const MIN_KEY_LENGTH = 24;

interface KnownKey {
  readonly name: string;
  readonly digest: Buffer;
}

const digestOf = (key: string): Buffer => createHash('sha256').update(key).digest();

/** Keys under the names of those who hold them, kept as digests. */
export class NamedKeys {
  protected constructor(private readonly known: readonly KnownKey[]) {}

  /** @param text `name:key`, comma-separated; `what` is said for the name. @throws Error that names each faulty entry by its position. */
  protected static read(text: string, what: string): readonly KnownKey[] {
    const entries = text.split(',').map((entry) => entry.trim()).filter((entry) => entry !== '');
    const faults = entries.flatMap((entry, index) => (/^[a-z0-9-]{1,32}:\S+$/.test(entry) && entry.length - entry.indexOf(':') > MIN_KEY_LENGTH ? [] : [`entry ${index + 1}`]));
    if (faults.length > 0) throw new Error(`${faults.join(', ')}: ${NamedKeys.form(what)}`);
    const pairs = entries.map((entry) => ({ name: entry.slice(0, entry.indexOf(':')), key: entry.slice(entry.indexOf(':') + 1) }));
    if (new Set(pairs.map(({ key }) => key)).size < pairs.length) throw new Error(`a key stands there twice: it could not tell one ${what} from another`);
    return pairs.map(({ name, key }) => ({ name, digest: digestOf(key) }));
  }

  /** What an entry looks like. */
  protected static form(what: string): string {
    return `expected \`${what}:key\` with ${/^[aeiou]/.test(what) ? 'an' : 'a'} ${what} of [a-z0-9-]{1,32} and a key of at least ${MIN_KEY_LENGTH} characters`;
  }

  /** Whose key it is. Compares with every one in constant time. */
  nameOf(key: string): string | undefined {
    const digest = digestOf(key);
    return this.known.filter((candidate) => timingSafeEqual(candidate.digest, digest))[0]?.name;
  }

  /** Names of those whose key is also among `others`. */
  sharedWith(others: NamedKeys): string[] {
    return this.known.filter(({ digest }) => others.known.some((other) => timingSafeEqual(other.digest, digest))).map(({ name }) => name);
  }

  /** Never shows a key. */
  toString(): string {
    return '';
  }
}

/** The keys of the operators, under the names that the records of what they do carry. */
export class OperatorKeys extends NamedKeys {
  /** @param text `operator:key`, comma-separated; there may be none. @throws Error that names each faulty entry by its position. */
  static parse(text: string): OperatorKeys {
    return new OperatorKeys(NamedKeys.read(text, 'operator'));
  }
}
