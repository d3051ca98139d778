import type { NotificationKind } from '@cc/contracts';
import type { Clock } from '@cc/kernel';
import type { PollAnswer, PollFollowUp, QueriedCall, QueryAnswer, RawNotification } from '../../vendor.port';
import type { HwClient } from './hw.client';
import type { HwSettings } from './hw.config';
import { HW_NO_RECORD, HW_OK } from './hw.errors';
import { requestName, type HwAsked, type HwOperation } from './hw.request-name';
import { HwRecords, HwState, type HwRecord } from './hw.schema';

const ENDED = '3';
/** Widens the time asked for, against clocks that differ and records that are stamped late. */
const MARGIN_MS = 60_000;
const DAY_MS = 86_400_000;
/** The longest time that one history query may ask for (cec_07_1305). */
const MAX_PERIOD_MS = 7 * DAY_MS;
const PAGE = 100;
/** A search that has not found its call by then begins anew. */
const MAX_PAGES = 10;
/** Searches whose place in the history is remembered; a forgotten one begins anew. */
const MAX_SEARCHES = 1000;

interface Sought {
  readonly asked: HwAsked;
  readonly by: string;
  readonly isIt: (record: HwRecord) => boolean;
}

/** By the vendor's number of the call where it is known, else by our attempt id. */
function soughtBy(attemptId: string, vendorCallId: string | undefined): Sought {
  if (vendorCallId === undefined) return { asked: { attemptId }, by: 'our attempt id', isIt: ({ callData }) => callData === attemptId };
  return { asked: { callSerialNo: vendorCallId }, by: 'this serial number', isIt: ({ callSerialNo }) => callSerialNo === vendorCallId };
}

/** Follows one call: its state, and once that is "ended" its history record. */
export class HwPolling implements PollFollowUp {
  readonly intervalMs: number;
  /** The next page to ask for, by the name of the search. */
  private readonly nextPage = new Map<string, number>();

  constructor(
    private readonly settings: HwSettings,
    private readonly client: HwClient,
    private readonly clock: Clock,
  ) {
    this.intervalMs = settings.pollIntervalMs;
  }

  async poll(callSerialNo: string): Promise<PollAnswer> {
    const asked = await this.askState(callSerialNo, 'poll');
    if (asked.kind === 'failed') return { notifications: [], state: 'failed', reason: asked.reason };
    const { state, notification } = asked;
    if (state.state !== ENDED) return { notifications: [notification], state: 'live' };
    const record = await this.askRecord(callSerialNo, state, 'poll');
    if (record.kind === 'found') return { notifications: [notification, record.notification], state: 'ended' };
    return { notifications: [notification], state: this.endedLongAgo(state) ? 'ended' : 'failed', reason: record.reason };
  }

  /**
   * The state of a call as a `query`; of one that has ended, or whose number is not known, its history record: the state of an ended call
   * has no times, and once its end is told nobody asks again.
   */
  async query(call: QueriedCall): Promise<QueryAnswer> {
    const { vendorCallId } = call;
    if (vendorCallId === undefined || call.overBy !== undefined) return this.queryHistory(call);
    const asked = await this.askState(vendorCallId, 'query');
    if (asked.kind === 'failed') return { kind: 'no-answer', reason: asked.reason };
    if (asked.state.state !== ENDED) return { kind: 'told', notification: asked.notification };
    const record = await this.askRecord(vendorCallId, asked.state, 'query');
    if (record.kind === 'found') return { kind: 'told', notification: record.notification };
    return this.endedLongAgo(asked.state) ? { kind: 'told', notification: asked.notification } : { kind: 'no-answer', reason: record.reason };
  }

  /** The history has no more to tell of it than it has now. */
  private endedLongAgo({ endTime }: HwState): boolean {
    return endTime === undefined || this.clock.nowMs() - endTime > this.settings.recordDelaySeconds * 1000;
  }

  /**
   * The history alone knows our attempt id (`callData`), and it has ended calls only: a call that is not in it may be running.
   * It is asked from shortly before the dial on, to shortly after the call's end where that is known, for the time that the vendor allows at
   * once. One query asks for one page, so that `queriesPerMinute` counts requests: where the history goes on, the next query asks for the page
   * after it.
   */
  private async queryHistory({ attemptId, vendorCallId, sentAt, caller, overBy }: QueriedCall): Promise<QueryAnswer> {
    const sought = soughtBy(attemptId, vendorCallId);
    const search = requestName('queryCallDetailRecord', sought.asked);
    const page = this.nextPage.get(search) ?? 0;
    this.nextPage.delete(search);
    const startTime = sentAt - MARGIN_MS;
    const until = Math.min(this.clock.nowMs(), startTime + MAX_PERIOD_MS, overBy === undefined ? Number.POSITIVE_INFINITY : overBy + MARGIN_MS);
    const period = { startTime: String(startTime), endTime: String(until), taskType: this.settings.taskType, ...this.callerFilter(caller) };
    const reply = await this.client.ask('queryCallDetailRecord', { ...period, offset: String(page * PAGE), limit: String(PAGE) });
    if (reply.kind === 'failed') return { kind: 'no-answer', reason: `queryCallDetailRecord: ${reply.reason}` };
    if (reply.retCode !== HW_OK && reply.retCode !== HW_NO_RECORD) return { kind: 'no-answer', reason: `queryCallDetailRecord: retCode ${reply.retCode}: ${reply.retMsg}` };
    const records = HwRecords.safeParse(reply.result).data?.callInfo ?? [];
    if (records.some(sought.isIt)) return { kind: 'told', notification: this.notification('query', 'queryCallDetailRecord', sought.asked, reply.body) };
    if (records.length < PAGE) return { kind: 'no-answer', reason: `the history has no ended call with ${sought.by}; a running one is not in it` };
    this.goOnAt(search, page + 1);
    return { kind: 'no-answer', reason: `page ${page + 1} of the history has no call with ${sought.by}; the next query asks for the page after it` };
  }

  private goOnAt(search: string, page: number): void {
    if (page >= MAX_PAGES) return;
    const [oldest] = this.nextPage.size < MAX_SEARCHES ? [] : this.nextPage.keys();
    if (oldest !== undefined) this.nextPage.delete(oldest);
    this.nextPage.set(search, page);
  }

  private callerFilter(caller: string | undefined): { readonly caller?: string } {
    const written = caller === undefined ? undefined : this.client.written(caller);
    return written === undefined ? {} : { caller: written };
  }

  private async askState(
    callSerialNo: string,
    kind: NotificationKind,
  ): Promise<{ kind: 'state'; state: HwState; notification: RawNotification } | { kind: 'failed'; reason: string }> {
    const reply = await this.client.ask('queryCallState', { callSerialNo });
    if (reply.kind === 'failed') return reply;
    if (reply.retCode !== HW_OK) return { kind: 'failed', reason: `queryCallState: retCode ${reply.retCode}: ${reply.retMsg}` };
    const state = HwState.safeParse(reply.result);
    if (state.data?.state === undefined) return { kind: 'failed', reason: 'queryCallState: the answer has no state' };
    return { kind: 'state', state: state.data, notification: this.notification(kind, 'queryCallState', { callSerialNo }, reply.body) };
  }

  /** The vendor finds records by time and caller only, so that the call is looked for in a list. */
  private async askRecord(
    callSerialNo: string,
    state: HwState,
    kind: NotificationKind,
  ): Promise<{ kind: 'found'; notification: RawNotification } | { kind: 'not-found'; reason: string }> {
    const nowMs = this.clock.nowMs();
    const reply = await this.client.ask('queryCallDetailRecord', {
      startTime: String((state.startTime ?? nowMs - DAY_MS) - MARGIN_MS),
      endTime: String((state.endTime ?? nowMs) + MARGIN_MS),
      offset: '0',
      limit: '100',
      taskType: this.settings.taskType,
      ...(state.caller === undefined ? {} : { caller: state.caller }),
    });
    if (reply.kind === 'failed') return { kind: 'not-found', reason: `queryCallDetailRecord: ${reply.reason}` };
    if (reply.retCode === HW_NO_RECORD) return { kind: 'not-found', reason: 'the history record is not there yet' };
    if (reply.retCode !== HW_OK) return { kind: 'not-found', reason: `queryCallDetailRecord: retCode ${reply.retCode}: ${reply.retMsg}` };
    const records = HwRecords.safeParse(reply.result).data?.callInfo ?? [];
    if (!records.some((record) => record.callSerialNo === callSerialNo)) return { kind: 'not-found', reason: 'the history does not have the call yet' };
    return { kind: 'found', notification: this.notification(kind, 'queryCallDetailRecord', { callSerialNo }, reply.body) };
  }

  private notification(kind: NotificationKind, operation: HwOperation, asked: HwAsked, body: Buffer): RawNotification {
    return { kind, headers: {}, body, receivedAt: this.clock.nowMs(), request: requestName(operation, asked) };
  }
}
