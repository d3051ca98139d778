import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

const DevelopmentSecrets = z.object({
  apiKey: z.string(),
  operatorKey: z.string(),
  encryptionKey: z.string(),
  callbackSecret: z.string(),
  objectStoreKeyId: z.string(),
  objectStoreKeySecret: z.string(),
});
export type DevelopmentSecrets = z.infer<typeof DevelopmentSecrets>;

/** As an earlier version may have left it, which knew fewer secrets. */
const KeptSecrets = DevelopmentSecrets.partial({ operatorKey: true });

/** The secrets of this data directory: made once, kept in a file that only its owner can read; those that it lacks are added. */
export function developmentSecrets(dataDir: string): DevelopmentSecrets {
  const path = join(dataDir, 'secrets.json');
  const kept = existsSync(path) ? KeptSecrets.parse(JSON.parse(readFileSync(path, 'utf8'))) : undefined;
  const fresh = newSecrets();
  const secrets: DevelopmentSecrets = { ...fresh, ...kept, operatorKey: kept?.operatorKey ?? fresh.operatorKey };
  if (kept?.operatorKey !== undefined) return secrets;
  // Never half a file, whenever the process ends: without the encryption key nothing in the directory can be read again.
  const whole = `${path}.new`;
  writeFileSync(whole, `${JSON.stringify(secrets, null, 2)}\n`, { mode: 0o600 });
  renameSync(whole, path);
  return secrets;
}

function newSecrets(): DevelopmentSecrets {
  return {
    apiKey: `cck_dev_${randomBytes(24).toString('base64url')}`,
    operatorKey: `cco_dev_${randomBytes(24).toString('base64url')}`,
    encryptionKey: randomBytes(32).toString('base64'),
    callbackSecret: randomBytes(24).toString('base64url'),
    objectStoreKeyId: `dev${randomBytes(8).toString('hex')}`,
    objectStoreKeySecret: randomBytes(24).toString('base64url'),
  };
}
