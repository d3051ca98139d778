import { z } from 'zod';
import type { Command, Print } from '../command';
import type { Gateway } from '../gateway';
import { fields, localTime, table } from '../text-table';
import { callBody, callOptions } from './call-body';
import { routesText } from './route-commands';

const WAIT_SECONDS = 25;
const callPositional = { name: 'CALL', help: 'the id of the call' };

const Call = z.looseObject({ callId: z.string(), version: z.number(), state: z.string(), stage: z.string(), recording: z.looseObject({ status: z.string() }) });
type Call = z.infer<typeof Call>;
const Attempt = z.object({
  attemptId: z.string(), number: z.number().optional(), channel: z.string().optional(), vendor: z.string().optional(), state: z.string(), startedAt: z.number().optional(), vendorCallId: z.string().optional(),
  refusal: z.object({ class: z.string(), code: z.string().optional(), reason: z.string() }).optional(), doubt: z.string().optional(), resolution: z.object({ resolution: z.string(), reason: z.string() }).optional(),
});
const Event = z.looseObject({ id: z.string(), type: z.string(), source: z.string(), recordedAt: z.number(), channel: z.string().optional(), reason: z.string().optional(), gives: z.array(z.string()).optional(), contradicts: z.array(z.string()).optional(), late: z.boolean().optional() });
type Event = z.infer<typeof Event>;
const Events = z.object({ items: z.array(Event) });

const pathOf = (callId: string, part = ''): string => `/calls/${encodeURIComponent(callId)}${part}`;

/** Every field as the API names it; what ends with At is a time. */
function callText(call: Call): string {
  return fields(Object.entries(call).map(([name, value]): [string, unknown] => [name, name.endsWith('At') && typeof value === 'number' ? localTime(value) : value]));
}

function attemptsText(attempts: readonly z.infer<typeof Attempt>[]): string {
  const noteOf = ({ refusal, doubt, resolution }: z.infer<typeof Attempt>): string => [refusal && `${refusal.class}${refusal.code === undefined ? '' : ` ${refusal.code}`}: ${refusal.reason}`, doubt, resolution && `${resolution.resolution}: ${resolution.reason}`].filter((part) => part !== undefined).join('; ');
  return table(['number', 'attempt', 'channel', 'vendor', 'state', 'started', "vendor's id", ''], attempts.map((one) => [one.number, one.attemptId, one.channel, one.vendor, one.state, localTime(one.startedAt), one.vendorCallId, noteOf(one)]), 'no attempt yet');
}

const eventRow = ({ recordedAt, type, source, channel, reason }: Event): unknown[] => [localTime(recordedAt), type.replace(/^cc\.call\.|\.v\d+$/g, '').padEnd(19), source.padEnd(8), channel, reason];
/** With what the record took from the event, and what of it the record does not follow. */
const timelineRow = (event: Event): unknown[] => {
  const notes = [event.reason, event.late === true ? 'late' : undefined, event.contradicts === undefined ? undefined : `contradicts ${event.contradicts.join(' ')}`];
  return [...eventRow(event).slice(0, -1), event.gives?.join(' ') ?? '', notes.filter((note) => note !== undefined).join('; ')];
};

export const callPlace: Command = {
  name: 'call place',
  summary: 'Places a call',
  positionals: [],
  options: { ...callOptions, 'idempotency-key': { type: 'string', value: 'KEY', help: 'the same key again places no second call' }, watch: { type: 'boolean', help: 'follow it until it has ended' } },
  async run(typed, gateway, print) {
    const key = typed.text('idempotency-key');
    const call = Call.parse(await gateway.ask({ method: 'POST', path: '/calls', body: callBody(typed), role: 'application', ...(key === undefined ? {} : { headers: { 'idempotency-key': key } }) }));
    print(call, () => callText(call));
    if (typed.flag('watch')) await watch(gateway, call.callId, print);
  },
};

export const callShow: Command = {
  name: 'call show',
  summary: 'Shows a call, its attempts, its routes and its timeline',
  positionals: [callPositional],
  options: {},
  async run(typed, gateway, print) {
    const callId = typed.positional(0);
    const read = (part: string) => gateway.ask({ method: 'GET', path: pathOf(callId, part), role: 'application' });
    const call = Call.parse(await read(''));
    // In this order, since what happens meanwhile is then missing from the timeline, and not from what it leads to.
    const { items: events } = Events.parse(await read('/events'));
    const { items: attempts } = z.object({ items: z.array(Attempt) }).parse(await read('/attempts'));
    const routes = events.some((event) => 'route' in event) ? await read('/route') : { items: [] };
    print({ call, attempts, routes, events }, () => [callText(call), attemptsText(attempts), routesText(routes), table(['time', 'event', 'source', 'channel', 'gives', ''], events.map(timelineRow), 'no event yet')].join('\n\n'));
  },
};

export const callWatch: Command = {
  name: 'call watch',
  summary: 'Prints each event of a call as it comes, until the call has ended',
  positionals: [callPositional],
  options: {},
  run: (typed, gateway, print) => watch(gateway, typed.positional(0), print),
};

export const callCancel: Command = {
  name: 'call cancel',
  summary: 'Asks for the end of a call',
  positionals: [callPositional],
  options: {},
  async run(typed, gateway, print) {
    const call = Call.parse(await gateway.ask({ method: 'POST', path: pathOf(typed.positional(0), '/cancel'), body: {}, role: 'application' }));
    print(call, () => callText(call));
  },
};

/** Each event once, in the order in which CC learnt of it. */
async function watch(gateway: Gateway, callId: string, print: Print): Promise<void> {
  const seen = new Set<string>();
  for (let afterVersion = 0; ; ) {
    const call = Call.parse(await gateway.ask({ method: 'GET', path: pathOf(callId), query: { waitSeconds: WAIT_SECONDS, afterVersion }, role: 'application' }));
    const { items } = Events.parse(await gateway.ask({ method: 'GET', path: pathOf(callId, '/events'), role: 'application' }));
    for (const event of items.filter(({ id }) => !seen.has(id))) {
      seen.add(event.id);
      print(event, () => table([], [eventRow(event)], '').trim());
    }
    if (call.state === 'close') return print(call, () => fields([['ended', call['closeReason']], ['close type', call['closeType']], ['talked, s', call['durationSeconds']], ['recording', call.recording.status]]));
    afterVersion = call.version;
  }
}
