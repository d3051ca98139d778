import { z } from 'zod';
import type { Command } from '../command';
import { localTime, table } from '../text-table';
import { callBody, callOptions } from './call-body';

const Route = z.object({
  basis: z.string(),
  channel: z.string().optional(),
  lineBusy: z.boolean().optional(),
  trial: z.boolean().optional(),
  candidates: z.array(z.object({ channel: z.string(), state: z.string(), score: z.number(), weight: z.number(), liveCalls: z.number(), excluded: z.object({ code: z.string(), reason: z.string() }).optional() })),
});
type Route = z.infer<typeof Route>;
const Routes = z.object({ items: z.array(z.object({ attemptId: z.string().optional(), decidedAt: z.number(), route: Route })) });

function routeText({ basis, channel, lineBusy, trial, candidates }: Route): string {
  const notes = [lineBusy === true ? 'its line is busy' : '', trial === true ? 'a trial call' : ''].filter((note) => note !== '');
  const rows = candidates.map((one) => [one.channel === channel ? '*' : '', one.channel, one.state, one.score.toFixed(2), one.weight, one.liveCalls, one.excluded === undefined ? '' : `${one.excluded.code}: ${one.excluded.reason}`]);
  return `${channel ?? 'no channel'} (by ${basis}${notes.map((note) => `; ${note}`).join('')})\n${table(['', 'channel', 'state', 'score', 'weight', 'calls', 'excluded'], rows, 'no candidate')}`;
}

/** The answer of `GET /v1/calls/{callId}/route`. */
export function routesText(answer: unknown): string {
  const { items } = Routes.parse(answer);
  return items.length === 0 ? 'no route yet' : items.map(({ decidedAt, attemptId, route }) => `${localTime(decidedAt)}${attemptId === undefined ? '' : ` ${attemptId}`}: ${routeText(route)}`).join('\n\n');
}

export const routeSimulate: Command = {
  name: 'route simulate',
  summary: 'Tells which channel a call would take and why, and places nothing',
  positionals: [],
  options: callOptions,
  async run(typed, gateway, print) {
    const { route } = z.object({ route: Route }).parse(await gateway.ask({ method: 'POST', path: '/route-simulations', body: callBody(typed), role: 'application' }));
    print({ route }, () => routeText(route));
  },
};
