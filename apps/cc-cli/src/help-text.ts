import { settingsHelp } from './cc-cli.config';
import type { Command, Option } from './command';
import { table } from './text-table';

const EXIT_CODES = 'Exit codes: 0 done, 1 failed, 2 wrong usage.';
const everywhere: Readonly<Record<string, Option>> = {
  json: { type: 'boolean', help: 'print JSON, one value a line, instead of text' },
  help: { type: 'boolean', help: 'this text' },
};

const indented = (text: string): string => text.replace(/^/gm, '  ');

/** Every command; with `group`, those that begin with it. */
export function overview(commands: readonly Command[], group?: string): string {
  const shown = commands.filter(({ name }) => group === undefined || name.split(' ')[0] === group);
  return [
    `Usage: cc ${group ?? '<command>'} … [--json]\n`,
    indented(table(['command', ''], shown.map((command) => [lineOf(command), command.summary]), '')),
    `\n\`cc <command> --help\` tells the options of one.\n`,
    settingsHelp,
    `\n${EXIT_CODES}`,
  ].join('\n');
}

export function helpOf(command: Command): string {
  const options = Object.entries({ ...command.options, ...everywhere }).map(([name, option]) => [`--${name}${option.value === undefined ? '' : ` ${option.value}`}`, `${option.help}${option.required === true ? ' (needed)' : ''}`]);
  const positionals = command.positionals.map(({ name, help }) => [name, help]);
  return [`Usage: cc ${lineOf(command)} [options]\n`, `${command.summary}.\n`, indented(table(['', ''], [...positionals, ...options], '')).trimStart().replace(/^/, '  '), `\n${settingsHelp}`, `\n${EXIT_CODES}`].join('\n');
}

function lineOf({ name, positionals, options }: Command): string {
  const needed = Object.entries(options).filter(([, { required }]) => required === true).map(([option, { value = '' }]) => `--${option} ${value}`);
  return [name, ...positionals.map((positional) => `${positional.name}${positional.many === true ? '…' : ''}`), ...needed].join(' ');
}
