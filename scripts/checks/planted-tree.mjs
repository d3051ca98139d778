// A throw-away copy of the project's rule files with planted sources, outside the checkout: nobody else sees a violation.
import { copyFileSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

export const root = join(import.meta.dirname, '../..');

const RULE_FILES = ['package.json', 'tsconfig.json', 'tsconfig.base.json', '.dependency-cruiser.cjs', 'eslint.config.mjs', 'tools/lint/cc-rules.mjs'];

/** Writes `sources` (path to text) beside the rule files; resolves to what `use` makes of the folder, which is then gone. */
export async function withPlantedTree(sources, use) {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'cc-probes-')));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  process.once('exit', remove);
  try {
    for (const [file, text] of Object.entries(sources)) {
      mkdirSync(dirname(join(folder, file)), { recursive: true });
      writeFileSync(join(folder, file), text);
    }
    for (const file of RULE_FILES) {
      mkdirSync(dirname(join(folder, file)), { recursive: true });
      copyFileSync(join(root, file), join(folder, file));
    }
    symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
    return await use(folder);
  } finally {
    remove();
    process.off('exit', remove);
  }
}
