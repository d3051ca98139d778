import type { NotificationKind } from '@cc/contracts';
import type { Clock } from '@cc/kernel';
import type { PollAnswer, PollFollowUp, QueriedCall, QueryAnswer, RawNotification } from '../../vendor.port';
import type { HwClient } from './hw.client';
import type { HwSettings } from './hw.config';
import { HW_NO_RECORD, HW_OK } from './hw.errors';
import { requestName, type HwOperation } from './hw.request-name';
import { HwRecords, HwState } from './hw.schema';

const ENDED = '3';
/** Widens the time asked for, against clocks that differ and records that are stamped late. */
const MARGIN_MS = 60_000;
const DAY_MS = 86_400_000;

/** Follows one call: its state, and once that is "ended" its history record. */
export class HwPolling implements PollFollowUp {
  readonly intervalMs: number;

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
    const record = await this.askRecord(callSerialNo, state);
    if (record.kind === 'found') return { notifications: [notification, record.notification], state: 'ended' };
    const endedLongAgo = state.endTime === undefined || this.clock.nowMs() - state.endTime > this.settings.recordDelaySeconds * 1000;
    return { notifications: [notification], state: endedLongAgo ? 'ended' : 'failed', reason: record.reason };
  }

  /** The state of a call as a `query`. */
  async query({ vendorCallId }: QueriedCall): Promise<QueryAnswer> {
    if (vendorCallId === undefined) return { kind: 'no-answer', reason: 'the vendor tells the state of a call by its serial number only' };
    const asked = await this.askState(vendorCallId, 'query');
    return asked.kind === 'state' ? { kind: 'told', notification: asked.notification } : { kind: 'no-answer', reason: asked.reason };
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
    return { kind: 'state', state: state.data, notification: this.notification(kind, 'queryCallState', callSerialNo, reply.body) };
  }

  /** The vendor finds records by time and caller only, so that the call is looked for in a list. */
  private async askRecord(
    callSerialNo: string,
    state: HwState,
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
    return { kind: 'found', notification: this.notification('poll', 'queryCallDetailRecord', callSerialNo, reply.body) };
  }

  private notification(kind: NotificationKind, operation: HwOperation, callSerialNo: string, body: Buffer): RawNotification {
    return { kind, headers: {}, body, receivedAt: this.clock.nowMs(), request: requestName(operation, callSerialNo) };
  }
}
