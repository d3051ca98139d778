import { setting } from './settings';

/** The settings of a service that talks to vendors; spread into its own. */
export const channelsShape = {
  channelsFile: setting.text({ env: 'CC_CHANNELS_FILE', help: 'The file that lists the channels (YAML)', example: '/etc/cc/channels.yaml' }),
} as const;

/** The settings of a service that seals or opens what is private. */
export const encryptionShape = {
  encryptionKey: setting.key({ env: 'CC_ENCRYPTION_KEY', help: 'Seals telephone numbers and vendor messages; the same for all services', example: 'the output of `openssl rand -base64 32`' }),
} as const;
