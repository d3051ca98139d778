// Compiles apps and libs to dist/ with swc and gives every app its entry dist/apps/<app>/main.js and its page.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';

rmSync('dist', { recursive: true, force: true });
const swc = spawnSync(process.execPath, ['node_modules/@swc/cli/bin/swc.js', 'apps', 'libs', '-d', 'dist', '--config-file', '.swcrc', '--ignore', '**/*.spec.ts', '--quiet'], { stdio: 'inherit' });
if (swc.status !== 0) process.exit(swc.status ?? 1);
for (const app of readdirSync('apps')) {
  if (!existsSync(`dist/apps/${app}/src/main.js`)) continue;
  mkdirSync(`dist/apps/${app}`, { recursive: true });
  writeFileSync(`dist/apps/${app}/main.js`, "#!/usr/bin/env node\nrequire('./src/main.js');\n");
  if (!existsSync(`apps/${app}/page`)) continue;
  // What an app serves to browsers, as it is.
  rmSync(`dist/apps/${app}/page`, { recursive: true, force: true });
  cpSync(`apps/${app}/page`, `dist/apps/${app}/page`, { recursive: true });
}
