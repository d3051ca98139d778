import { parseArgs } from 'node:util';
import { describeError } from '@cc/kernel';
import { z } from 'zod';
import { Given, type Command, type Print, type Surroundings } from './command';
import type { Environment } from './cc-cli.config';
import { commands } from './commands/all';
import { Gateway, GatewayRefused } from './gateway';
import { Ingest } from './ingest';
import { helpOf, overview } from './help-text';
import { problemText } from './problem-text';
import { WrongUsage } from './wrong-usage';

export interface Terminal {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
}

/** Runs what was typed. Resolves to the exit code: 0 done, 1 failed, 2 wrong usage. */
export async function runCommandLine(args: readonly string[], env: Environment, { out, err }: Terminal): Promise<number> {
  const json = args.includes('--json');
  try {
    await run(args, new Gateway(env), (data, text) => out(json ? JSON.stringify(data ?? null) : text()), { ingest: new Ingest(env), tell: json ? () => undefined : err });
    return 0;
  } catch (error) {
    const wrongUsage = error instanceof WrongUsage;
    err(json ? JSON.stringify(faultOf(error)) : textOf(error));
    return wrongUsage ? 2 : 1;
  }
}

function textOf(error: unknown): string {
  if (error instanceof GatewayRefused) return problemText(error.problem);
  if (error instanceof z.ZodError) return `call-gateway's answer is not what this version of cc understands (${error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ')})`;
  return describeError(error);
}

function faultOf(error: unknown): unknown {
  if (error instanceof GatewayRefused) return error.problem;
  return { code: error instanceof WrongUsage ? 'wrong-usage' : 'failed', detail: textOf(error) };
}

async function run(args: readonly string[], gateway: Gateway, print: Print, more: Surroundings): Promise<void> {
  const wantsHelp = args.includes('--help') || args.length === 0 || args[0] === 'help';
  const words = args[0] === 'help' ? args.slice(1) : args;
  const command = commands.find(({ name }) => name.split(' ').every((word, index) => words[index] === word));
  if (command === undefined) {
    const group = commands.find(({ name }) => name.split(' ')[0] === words[0]) === undefined ? undefined : words[0];
    const said = args.filter((arg) => !arg.startsWith('-')).join(' ');
    if (!wantsHelp) throw new WrongUsage(`${said === group ? `\`${said}\` alone is no command; it is followed by what to do.` : `There is no command \`${said}\`.`}\n\n${overview(commands, group)}`);
    return print({ commands: commands.map(({ name, summary }) => ({ name, summary })) }, () => overview(commands, group));
  }
  if (wantsHelp) return print({ name: command.name, summary: command.summary, options: command.options }, () => helpOf(command));
  await command.run(read(command, args.slice(command.name.split(' ').length)), gateway, print, more);
}

/** @throws WrongUsage that says what is too much or missing, with the command's help. */
function read(command: Command, args: readonly string[]): Given {
  const fault = (what: string): WrongUsage => new WrongUsage(`${what}\n\n${helpOf(command)}`);
  const options = Object.fromEntries(Object.entries(command.options).map(([name, { type }]) => [name, { type }]));
  const parsed = parse(args, options, fault);
  const missing = command.positionals.slice(parsed.positionals.length).map(({ name }) => name);
  const unset = Object.entries(command.options).filter(([name, { required }]) => required === true && parsed.values[name] === undefined).map(([name]) => `--${name}`);
  if (missing.length + unset.length > 0) throw fault(`Missing: ${[...missing, ...unset].join(', ')}`);
  const tooMany = command.positionals.at(-1)?.many === true ? [] : parsed.positionals.slice(command.positionals.length);
  if (tooMany.length > 0) throw fault(`Too much: ${tooMany.join(' ')}`);
  return new Given(parsed.positionals, parsed.values);
}

const Values = z.record(z.string(), z.union([z.string(), z.boolean()]));

function parse(args: readonly string[], options: Readonly<Record<string, { readonly type: 'string' | 'boolean' }>>, fault: (what: string) => WrongUsage) {
  try {
    const { values, positionals } = parseArgs({ args: [...args], options: { ...options, json: { type: 'boolean' } }, allowPositionals: true });
    return { positionals, values: Values.parse(values) };
  } catch (error) {
    throw fault(describeError(error));
  }
}
