import { CallAnnouncer, type AnnouncerTools } from '../call-announcer';
import { resultOf, type CallbackSender } from '../callback-sender';
import type { Exchange } from '../exchange';
import { hwRelease } from './hw-call-info';

/** Posts the release callback of each 双呼 call whose dial asked for it, once. The connect callback is set up in the vendor's console and not sent. */
export class HwAnnouncer extends CallAnnouncer<{ readonly occurredAt: number; readonly url: string }> {
  constructor(tools: AnnouncerTools, exchange: Exchange, sender: CallbackSender) {
    super(tools, exchange, {
      announces: ({ vendor, protocol }) => vendor === 'hw' && protocol === undefined,
      of: ({ callbackUrl: url, times }) => (url === undefined ? [] : [{ occurredAt: times.endedAt, url }]),
      nameOf: () => 'release',
      deliver: async ({ url }, call) => {
        const outcome = await sender.send(JSON.stringify(hwRelease(call)), { url, headers: { 'content-type': 'application/json;charset=UTF-8' } });
        const result = resultOf(outcome);
        tools.tally.add(`hw.callback.${result}`);
        if (result !== 'acknowledged') tools.log.warn('release callback was not taken and is not repeated', { callSerialNo: call.id, outcome });
      },
    });
  }
}
