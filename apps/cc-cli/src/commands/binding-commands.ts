import { z } from 'zod';
import { given, type Command } from '../command';
import { localTime, table } from '../text-table';

const Binding = z.object({ user: z.string(), agent: z.string(), channel: z.string().optional(), line: z.string().optional(), number: z.string().optional(), updatedAt: z.number() });
const userPositional = { name: 'USER', help: "the application's id of the user" };

function bindingsText(bindings: readonly z.infer<typeof Binding>[]): string {
  return table(['user', 'agent', 'channel', 'line', 'number', 'changed'], bindings.map((one) => [one.user, one.agent, one.channel, one.line, one.number, localTime(one.updatedAt)]), 'no user is bound');
}

export const bindingsList: Command = {
  name: 'bindings list',
  summary: 'Lists how the users make calls',
  positionals: [],
  options: {},
  async run(_typed, gateway, print) {
    const items = z.array(Binding).parse(await gateway.all({ path: '/bindings', role: 'application' }));
    print({ items }, () => bindingsText(items));
  },
};

export const bindingsSet: Command = {
  name: 'bindings set',
  summary: 'Binds a user to an agent, a channel, a line and a telephone; what is left out is unset',
  positionals: [userPositional],
  options: {
    agent: { type: 'string', value: 'AGENT', help: 'the agent that the calls belong to', required: true },
    channel: { type: 'string', value: 'CHANNEL', help: 'the channel that the calls take' },
    line: { type: 'string', value: 'LINE', help: 'the line, where the channel has named ones; the one named like the agent unless given' },
    number: { type: 'string', value: 'NUMBER', help: "the user's telephone: leg A where a call gives none" },
  },
  async run(typed, gateway, print) {
    const body = given({ agent: typed.text('agent'), channel: typed.text('channel'), line: typed.text('line'), number: typed.text('number') });
    const binding = Binding.parse(await gateway.ask({ method: 'PUT', path: `/bindings/${encodeURIComponent(typed.positional(0))}`, body, role: 'application' }));
    print(binding, () => bindingsText([binding]));
  },
};

export const bindingsDelete: Command = {
  name: 'bindings delete',
  summary: 'Deletes the binding of a user',
  positionals: [userPositional],
  options: {},
  async run(typed, gateway, print) {
    const user = typed.positional(0);
    await gateway.ask({ method: 'DELETE', path: `/bindings/${encodeURIComponent(user)}`, role: 'application' });
    print({ deleted: user }, () => `The binding of ${user} is deleted.`);
  },
};
