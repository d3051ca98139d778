// The TypeScript of this repository, loaded as it is, for what is generated from it or compared with it.
import { existsSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const require = createRequire(import.meta.url);

const isService = (value) => typeof value === 'object' && value !== null && Array.isArray(value.consumes) && Array.isArray(value.produces);

/** @returns `load` for a file relative to the project, and every service definition, by port. */
export function loadRepository() {
  require(join(root, 'libs/testing/src/swc-register.cjs'));
  const load = (path) => require(join(root, path));
  const services = readdirSync(join(root, 'apps'))
    .map((app) => `apps/${app}/src/service.ts`)
    .filter((path) => existsSync(join(root, path)))
    .map((path) => {
      const service = Object.values(load(path)).find(isService);
      if (service === undefined) throw new Error(`${path} exports no service definition`);
      return service;
    })
    .sort((a, b) => a.defaultPort - b.defaultPort);
  return { load, services };
}
