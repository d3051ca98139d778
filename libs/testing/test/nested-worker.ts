// Starts a worker of its own and says its pid; with "leaf" it is that worker. Imports a library, so that the mapping of @cc/* is tried too.
import { describeError } from '@cc/kernel';
import { spawnScript } from '@cc/testing';

setInterval(() => undefined, 60_000);
if (process.argv[2] === 'leaf') {
  process.stdout.write(`leaf ${describeError('ready')}\n`);
} else {
  const leaf = spawnScript(__filename, ['leaf']);
  void leaf.line(/^leaf/).then(() => process.stdout.write(`leaf pid ${leaf.pid}\n`));
}
