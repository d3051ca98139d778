import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { describeUnless } from './describe-unless';
import { environmentWith } from './backends.config';

/** The NGINX of this machine; where Debian puts it, it is not on everyone's path. Undefined where there is none. */
export function nginxProgram(): string | undefined {
  const folders = [...(environmentWith({})['PATH'] ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin'];
  return folders.map((folder) => join(folder, 'nginx')).find(isProgram);
}

/** A `describe` for what needs a real NGINX; without one it is skipped, with the reason in its name (and fails when CI=true). */
export function describeWithNginx(name: string, specs: () => void): void {
  describeUnless(nginxProgram() === undefined ? 'no nginx on this machine: apt-get install nginx' : undefined, name, specs);
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
