import { viewOfCall } from './call-view';
import type { Exchange } from './exchange';
import type { Outage } from './outages';
import type { Script } from './scripts';
import { phaseAt, ringsOf, vendorNames, type Ring, type VendorName } from './simulated-call';

/** What the page shows. */
export interface LiveView {
  readonly nowMs: number;
  readonly speed: number;
  readonly liveCalls: number;
  /** The newest first: the live ones, then those that ended last. */
  readonly calls: readonly object[];
  /** The newest first. */
  readonly rings: readonly Ring[];
  readonly outages: readonly { readonly vendor: VendorName; readonly outage: Outage | null }[];
  readonly scripts: readonly Script[];
}

const LIVE_SHOWN = 100;
const ENDED_SHOWN = 12;
const RINGS_SHOWN = 40;

/** The newest of everything; at most 100 live calls, so that a load test does not choke the page. */
export function liveViewOf(exchange: Exchange, nowMs: number, speed: number): LiveView {
  const newestFirst = exchange.all().reverse();
  const live = newestFirst.filter((call) => phaseAt(call, nowMs) !== 'ended');
  const ended = newestFirst.filter((call) => phaseAt(call, nowMs) === 'ended').slice(0, ENDED_SHOWN);
  const shown = [...live.slice(0, LIVE_SHOWN), ...ended];
  return {
    nowMs, speed, liveCalls: live.length,
    calls: shown.map((call) => viewOfCall(call, nowMs)),
    rings: newestFirst.slice(0, LIVE_SHOWN).flatMap((call) => ringsOf(call, nowMs)).sort((a, b) => b.ringAt - a.ringAt).slice(0, RINGS_SHOWN),
    outages: vendorNames.map((vendor) => ({ vendor, outage: exchange.outages.of(vendor) ?? null })),
    scripts: exchange.scripts.all(),
  };
}
