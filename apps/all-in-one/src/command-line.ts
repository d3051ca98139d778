import { parseArgs } from 'node:util';
import { CcError, describeError } from '@cc/kernel';

export interface CommandLine {
  readonly demo: boolean;
  readonly dataDir: string;
  readonly fresh: boolean;
  readonly help: boolean;
}

export const usage = `Usage: npm start -- [options]

Starts every service of CC on this machine, with its own PostgreSQL, object store and vendor simulator,
places one demo call and stays up until Ctrl-C.

  --no-demo     do not place the demo call
  --data DIR    keep the data there instead of in .cc
  --fresh       delete the data of earlier starts first
  --help        this text
`;

/** @throws CcError `wrong-usage`. */
export function readCommandLine(args: readonly string[]): CommandLine {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: { 'no-demo': { type: 'boolean', default: false }, data: { type: 'string', default: '.cc' }, fresh: { type: 'boolean', default: false }, help: { type: 'boolean', default: false } },
    });
    return { demo: !values['no-demo'], dataDir: values.data, fresh: values.fresh, help: values.help };
  } catch (error) {
    throw new CcError('input', 'wrong-usage', `${describeError(error)}\n\n${usage}`);
  }
}
