import { createHash, timingSafeEqual } from 'node:crypto';

const MIN_KEY_LENGTH = 24;

/** Who calls: the tenant comes from the key alone. */
export interface Principal {
  readonly tenant: string;
}

interface KnownKey {
  readonly tenant: string;
  readonly digest: Buffer;
}

const digestOf = (key: string): Buffer => createHash('sha256').update(key).digest();

/** The keys that open the API, kept as digests. */
export class ApiKeys {
  private constructor(private readonly known: readonly KnownKey[]) {}

  /** @param text `tenant:key`, comma-separated. @throws Error that names each faulty entry by its position. */
  static parse(text: string): ApiKeys {
    const entries = text.split(',').map((entry) => entry.trim()).filter((entry) => entry !== '');
    const faults = entries.flatMap((entry, index) => (/^[a-z0-9-]{1,32}:\S+$/.test(entry) && entry.length - entry.indexOf(':') > MIN_KEY_LENGTH ? [] : [`entry ${index + 1}`]));
    if (entries.length === 0 || faults.length > 0) {
      throw new Error(`${faults.length === 0 ? 'no entry' : faults.join(', ')}: expected \`tenant:key\` with a tenant of [a-z0-9-]{1,32} and a key of at least ${MIN_KEY_LENGTH} characters`);
    }
    const pairs = entries.map((entry) => ({ tenant: entry.slice(0, entry.indexOf(':')), key: entry.slice(entry.indexOf(':') + 1) }));
    if (new Set(pairs.map(({ key }) => key)).size < pairs.length) throw new Error('a key stands there twice: it could not tell one tenant from another');
    return new ApiKeys(pairs.map(({ tenant, key }) => ({ tenant, digest: digestOf(key) })));
  }

  /** Compares with every key in constant time. */
  principalOf(key: string): Principal | undefined {
    const digest = digestOf(key);
    const matches = this.known.filter((candidate) => timingSafeEqual(candidate.digest, digest));
    const match = matches[0];
    return match === undefined ? undefined : { tenant: match.tenant };
  }
}
