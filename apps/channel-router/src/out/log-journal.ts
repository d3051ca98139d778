import { encodeCallEvent, encodeChannelHealth, encodeRouteSimulation, removedChannel, topics, type CallEvent, type ChannelHealth, type RouteSimulation, type WireRecord } from '@cc/contracts';
import type { EventLog } from '@cc/event-log';
import type { Tx } from '@cc/postgres';
import type { Journal } from '../domain/ledger';

export const WAKE = 'cc_channel_router';
const SERVICE = 'channel-router';

/** {@link Journal} on the event log: what is appended is committed with the transaction. */
export class LogJournal implements Journal {
  constructor(
    private readonly tx: Tx,
    private readonly eventLog: EventLog,
  ) {}

  append(events: readonly CallEvent[]): Promise<void> {
    return this.appendTo(topics.callEvents.name, events.map((event) => encodeCallEvent(event, SERVICE)));
  }

  announce(healths: readonly ChannelHealth[], removed: readonly string[], nowMs: number): Promise<void> {
    return this.appendTo(topics.channelHealth.name, [...healths.map(encodeChannelHealth), ...removed.map((channel) => removedChannel(channel, nowMs))]);
  }

  answer(simulations: readonly RouteSimulation[]): Promise<void> {
    return this.appendTo(topics.routeSimulations.name, simulations.map(encodeRouteSimulation));
  }

  async wake(): Promise<void> {
    await this.tx.query(`SELECT pg_notify('${WAKE}', '')`);
  }

  private async appendTo(topic: string, records: readonly WireRecord[]): Promise<void> {
    if (records.length > 0) await this.eventLog.appendInTransaction(this.tx, topic, records);
  }
}
