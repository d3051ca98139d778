import { createHash, timingSafeEqual } from 'node:crypto';
import { inspect } from 'node:util';
import { z } from 'zod';

/** A credential: it is told only by {@link reveal}, never by printing, logging or serialising it. */
export class Secret {
  /** Stands for one whose file cannot be read, of which a fault tells already. */
  static readonly unreadable = new Secret('');
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  reveal(): string {
    return this.#text;
  }

  /** Compares in constant time. */
  equals(candidate: string): boolean {
    return timingSafeEqual(digest(this.#text), digest(candidate));
  }

  toString(): string {
    return '[secret]';
  }
  toJSON(): string {
    return '[secret]';
  }
  [inspect.custom](): string {
    return '[secret]';
  }
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

/** In a vendor's settings: a credential, which the channel file gives as `{file: PATH}` or `{value: TEXT}`. */
export function secretOf(minLength: number, maxLength: number): z.ZodType<Secret> {
  return z
    .instanceof(Secret, { error: 'expected a secret: {file: PATH}, or for development {value: TEXT}' })
    .refine((secret) => secret === Secret.unreadable || (secret.reveal().length >= minLength && secret.reveal().length <= maxLength), {
      error: minLength === maxLength ? `the secret must have ${minLength} characters` : `the secret must have ${minLength} to ${maxLength} characters`,
    });
}
