import { environment } from './cc-cli.config';
import { runCommandLine } from './run-command-line';

/** A reader that has had enough (`| head`) is no fault. */
process.stdout.on('error', () => process.exit(0));

void runCommandLine(process.argv.slice(2), environment(), { out: (text) => void process.stdout.write(`${text}\n`), err: (text) => void process.stderr.write(`${text}\n`) }).then((code) => {
  process.exitCode = code;
});
