import { z } from 'zod';
import { Secret } from './secret';

/** In a vendor's settings: where the vendor posts. It ends with the channel's callback secret, and is therefore one itself. */
export const CallbackUrl = z
  .instanceof(Secret, { error: "expected the address of this channel's callbacks; it contains a secret and is given as one: {file: PATH}, or for development {value: URL}" })
  .refine((secret) => URL.canParse(secret.reveal()) && /^https?:$/.test(new URL(secret.reveal()).protocol), { error: 'the secret must be an http or https URL' });
