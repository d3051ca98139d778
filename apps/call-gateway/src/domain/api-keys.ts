import { createHash, timingSafeEqual } from 'node:crypto';

const MIN_KEY_LENGTH = 24;

/** Who calls: a tenant's application, or an operator, each by the key alone. */
export type Principal = { readonly kind: 'application'; readonly tenant: string } | { readonly kind: 'operator'; readonly name: string };

interface KnownKey {
  readonly name: string;
  readonly digest: Buffer;
}

const digestOf = (key: string): Buffer => createHash('sha256').update(key).digest();

/** Keys under the names of those who hold them, kept as digests. */
class NamedKeys {
  protected constructor(private readonly known: readonly KnownKey[]) {}

  /** @param text `name:key`, comma-separated; `what` is said for the name. @throws Error that names each faulty entry by its position. */
  protected static read(text: string, what: string): readonly KnownKey[] {
    const entries = text.split(',').map((entry) => entry.trim()).filter((entry) => entry !== '');
    const faults = entries.flatMap((entry, index) => (/^[a-z0-9-]{1,32}:\S+$/.test(entry) && entry.length - entry.indexOf(':') > MIN_KEY_LENGTH ? [] : [`entry ${index + 1}`]));
    if (faults.length > 0) throw new Error(`${faults.join(', ')}: ${formOf(what)}`);
    const pairs = entries.map((entry) => ({ name: entry.slice(0, entry.indexOf(':')), key: entry.slice(entry.indexOf(':') + 1) }));
    if (new Set(pairs.map(({ key }) => key)).size < pairs.length) throw new Error(`a key stands there twice: it could not tell one ${what} from another`);
    return pairs.map(({ name, key }) => ({ name, digest: digestOf(key) }));
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

const formOf = (what: string): string => `expected \`${what}:key\` with ${/^[aeiou]/.test(what) ? 'an' : 'a'} ${what} of [a-z0-9-]{1,32} and a key of at least ${MIN_KEY_LENGTH} characters`;

/** The keys of the applications, each of one tenant. */
export class ApiKeys extends NamedKeys {
  /** @param text `tenant:key`, comma-separated, at least one. @throws Error that names each faulty entry by its position. */
  static parse(text: string): ApiKeys {
    const known = NamedKeys.read(text, 'tenant');
    if (known.length === 0) throw new Error(`no entry: ${formOf('tenant')}`);
    return new ApiKeys(known);
  }
}

/** The keys of the operators, under the names that the records of what they do carry. */
export class OperatorKeys extends NamedKeys {
  /** @param text `operator:key`, comma-separated; there may be none. @throws Error that names each faulty entry by its position. */
  static parse(text: string): OperatorKeys {
    return new OperatorKeys(NamedKeys.read(text, 'operator'));
  }
}

/** Every key that opens the API. */
export class KeyRing {
  /** @throws Error when a key would be an application's and an operator's at once. */
  constructor(
    private readonly applications: ApiKeys,
    private readonly operators: OperatorKeys,
  ) {
    const shared = operators.sharedWith(applications);
    if (shared.length > 0) throw new Error(`the key of ${shared.join(', ')} is an application's too; give the operator another one`);
  }

  principalOf(key: string): Principal | undefined {
    const tenant = this.applications.nameOf(key);
    if (tenant !== undefined) return { kind: 'application', tenant };
    const name = this.operators.nameOf(key);
    return name === undefined ? undefined : { kind: 'operator', name };
  }
}
