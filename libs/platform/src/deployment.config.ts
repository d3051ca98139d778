import { CcError, type SealKeys } from '@cc/kernel';
import { setting } from './settings';

/** The settings of a service that talks to vendors; spread into its own. */
export const channelsShape = {
  channelsFile: setting.text({ env: 'CC_CHANNELS_FILE', help: 'The file that lists the channels (YAML)', example: '/etc/cc/channels.yaml' }),
} as const;

/** The settings of a service that seals or opens what is private. */
export const encryptionShape = {
  encryptionKey: setting.sealKeys({ env: 'CC_ENCRYPTION_KEY', help: 'Seals telephone numbers and vendor messages; the same for all services. Several keys, with a comma or a line end between them: the first one seals, all of them open (docs/runbooks/encryption-keys.md)', example: 'the output of `openssl rand -base64 32`' }),
} as const;

/** The settings of a service that also finds telephone numbers by a reference. */
export const numbersShape = {
  ...encryptionShape,
  indexKey: setting.optionalKey({ env: 'CC_INDEX_KEY', help: 'Makes the references by which numbers are found, and must never change: the first key that CC_ENCRYPTION_KEY ever held, needed as soon as that one is replaced', example: 'the first key of this deployment' }),
} as const;

/** The key of the references of numbers. @throws CcError `index-key-missing` where nobody can tell it. */
export function indexKeyOf({ encryptionKey, indexKey }: { readonly encryptionKey: SealKeys; readonly indexKey?: Buffer | undefined }): Buffer {
  if (indexKey !== undefined) return indexKey;
  if (encryptionKey.keys.length === 1) return encryptionKey.current.secret;
  throw new CcError('input', 'index-key-missing', 'CC_INDEX_KEY is missing: CC_ENCRYPTION_KEY holds several keys, and only one of them finds the numbers that are stored. Give the first key that this deployment ever had (or its file as CC_INDEX_KEY_FILE), and never change it');
}
