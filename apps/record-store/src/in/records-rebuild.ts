import { encodeCallRecord, topics, type CallRecord, type RebuildRecords, type RecordsRebuild as Rebuilt } from '@cc/contracts';
import { EventLog } from '@cc/event-log';
import { defined, Log, maskNumbersIn } from '@cc/kernel';
import { OperatorDesk } from '@cc/platform';
import type { Tx } from '@cc/postgres';
import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { foldCallEvents } from '../domain/fold-call-events';
import { columnDifferences, PgRecordRebuild, type ReadHistory, type StoredRows } from '../out/pg-record-rebuild';

/** Calls of one command: few enough that their rows are held for a moment only, and that the answer fits. */
const CALLS_AT_ONCE = 50;
const LONGEST_SHOWN = 120;

type Differing = Rebuilt['differing'][number];

interface Comparison {
  /** Absent where the stored record is the one that its events give. */
  readonly differing?: Differing;
  /** What is to be stored instead. */
  readonly record?: CallRecord;
}

/** An operator's order to recompute records from their events, while the service works on: a page of calls for each command. */
@Injectable()
export class RecordsRebuild implements OnApplicationBootstrap {
  constructor(
    private readonly desk: OperatorDesk,
    private readonly records: PgRecordRebuild,
    private readonly eventLog: EventLog,
    private readonly log: Log,
  ) {}

  onApplicationBootstrap(): void {
    this.desk.add('cc.operator.rebuild-records.v1', (command, tx) => this.rebuild(command, tx));
  }

  private async rebuild({ callId, from, to, after, dryRun }: RebuildRecords, tx: Tx): Promise<Rebuilt> {
    const callIds = await this.records.page(defined({ callId, from, to, after }), CALLS_AT_ONCE);
    if (!dryRun) await this.records.prepare([...(await this.records.histories(callIds)).values()].flatMap((history) => recordOf(history) ?? []));
    const compared = await this.compare(callIds, tx);
    const differing = compared.flatMap((one) => one.differing ?? []);
    const stored = dryRun ? [] : await this.records.store(tx, compared.flatMap(({ record }) => record ?? []));
    if (stored.length > 0) await this.eventLog.appendInTransaction(tx, topics.callRecords.name, stored.map(encodeCallRecord));
    for (const one of differing) this.log.error('a stored record was not the one that its events give', { callId: one.callId, columns: one.columns.map(({ column }) => column).join(), dryRun });
    return { checked: callIds.length, differing, rebuilt: stored.length, ...defined({ next: callId === undefined && callIds.length === CALLS_AT_ONCE ? callIds.at(-1) : undefined }) };
  }

  /** The rows first: what is read after them is not older than they are. */
  private async compare(callIds: readonly string[], tx: Tx): Promise<Comparison[]> {
    const stored = await this.records.hold(tx, callIds);
    const histories = await this.records.histories(callIds, tx);
    return callIds.map((callId) => compareCall(callId, stored.get(callId) ?? [], histories.get(callId) ?? { events: [] }));
  }
}

function recordOf(history: ReadHistory): CallRecord | undefined {
  return 'events' in history ? foldCallEvents(history.events) : undefined;
}

function compareCall(callId: string, rows: StoredRows, history: ReadHistory): Comparison {
  const there = rows.length === 0 ? 'no record' : rows.length === 1 ? 'a record' : `${rows.length} records`;
  const whole = (recomputed: string): Differing => ({ callId, columns: [{ column: '(record)', stored: there, recomputed: recomputed.slice(0, LONGEST_SHOWN) }] });
  if ('fault' in history) return { differing: whole(maskNumbersIn(`its events cannot be read: ${history.fault}`)) };
  const record = recordOf(history);
  const [row] = rows;
  if (record === undefined) return row === undefined ? {} : { differing: whole('no record: nobody has told who requested the call') };
  if (row === undefined || rows.length > 1) return { record, differing: whole('one record') };
  const columns = columnDifferences(row, record);
  return columns.length === 0 ? {} : { record, differing: { callId, columns: columns.map(({ column, stored, recomputed }) => ({ column, stored: shown(column, stored), recomputed: shown(column, recomputed) })) } };
}

/** For an operator's eyes: numbers masked, sealed ones not at all. */
function shown(column: string, value: unknown): string | number | null {
  if (value === null || typeof value === 'number') return value;
  if (column.endsWith('_sealed')) return '(sealed)';
  return maskNumbersIn(typeof value === 'string' ? value : JSON.stringify(value)).slice(0, LONGEST_SHOWN);
}
