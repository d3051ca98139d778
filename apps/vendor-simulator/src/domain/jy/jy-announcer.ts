import { randomUUID } from 'node:crypto';
import { CallAnnouncer, type AnnouncerTools } from '../call-announcer';
import { resultOf, type CallbackSender } from '../callback-sender';
import type { Exchange } from '../exchange';
import { callbackHeaders, type JyAccount } from './jy-authentication';
import { fieldsOf, messagesOf, type JyMessage } from './jy-messages';

/** Sends the callbacks of every jy call, each once, whether it is taken or not. */
export class JyAnnouncer extends CallAnnouncer<JyMessage> {
  constructor(tools: AnnouncerTools, exchange: Exchange, sender: CallbackSender, account: JyAccount) {
    super(tools, exchange, {
      announces: ({ vendor }) => vendor === 'jy',
      of: messagesOf,
      nameOf: ({ event }) => event,
      deliver: async (message, call) => {
        const body = JSON.stringify(fieldsOf(message, call));
        const headers = callbackHeaders(account, body, randomUUID().replaceAll('-', ''), tools.clock.nowMs());
        const outcome = await sender.send(body, { url: call.callbackUrl ?? account.callbackUrl, headers });
        const result = resultOf(outcome);
        tools.tally.add(`jy.callback.${result}`);
        if (result !== 'acknowledged') tools.log.warn('callback was not taken and is not repeated', { callId: call.id, event: message.event, outcome });
      },
    });
  }
}
