import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

const DevelopmentSecrets = z.object({
  apiKey: z.string(),
  encryptionKey: z.string(),
  callbackSecret: z.string(),
  objectStoreKeyId: z.string(),
  objectStoreKeySecret: z.string(),
});
export type DevelopmentSecrets = z.infer<typeof DevelopmentSecrets>;

/** The secrets of this data directory: made once, kept in a file that only its owner can read. */
export function developmentSecrets(dataDir: string): DevelopmentSecrets {
  const path = join(dataDir, 'secrets.json');
  if (existsSync(path)) return DevelopmentSecrets.parse(JSON.parse(readFileSync(path, 'utf8')));
  const secrets: DevelopmentSecrets = {
    apiKey: `cck_dev_${randomBytes(24).toString('base64url')}`,
    encryptionKey: randomBytes(32).toString('base64'),
    callbackSecret: randomBytes(24).toString('base64url'),
    objectStoreKeyId: `dev${randomBytes(8).toString('hex')}`,
    objectStoreKeySecret: randomBytes(24).toString('base64url'),
  };
  writeFileSync(path, `${JSON.stringify(secrets, null, 2)}\n`, { mode: 0o600, flag: 'wx' });
  return secrets;
}
