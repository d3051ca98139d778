// Lets a plain Node process run the TypeScript of this repository: node -r <this file> some-worker.ts
const { readFileSync } = require('node:fs');
const Module = require('node:module');
const { join, resolve } = require('node:path');
const { transformSync } = require('@swc/core');

const ROOT = resolve(__dirname, '../../..');

Module._extensions['.ts'] = (module, filename) => {
  const { code } = transformSync(readFileSync(filename, 'utf8'), { filename, cwd: ROOT, root: ROOT, configFile: join(ROOT, '.swcrc'), sourceMaps: 'inline' });
  module._compile(code, filename);
};

const resolveFilename = Module._resolveFilename;
Module._resolveFilename = function (request, ...rest) {
  const library = /^@cc\/([a-z-]+)$/.exec(request)?.[1];
  return resolveFilename.call(this, library === undefined ? request : join(ROOT, 'libs', library, 'src', 'index.ts'), ...rest);
};

// A worker must not outlive the test that started it, however that ends: the test holds the other end of our stdin.
if (process.env.CC_TEST_DIES_WITH_STDIN !== undefined) {
  delete process.env.CC_TEST_DIES_WITH_STDIN;
  process.stdin.on('end', () => process.kill(process.pid, 'SIGKILL')).resume();
  process.stdin.unref();
}
