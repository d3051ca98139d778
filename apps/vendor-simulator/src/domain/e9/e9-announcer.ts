import { CallAnnouncer, type AnnouncerTools } from '../call-announcer';
import { resultOf, type CallbackSender } from '../callback-sender';
import type { Exchange } from '../exchange';
import { notificationXml, notificationsOf, type E9Notification } from './e9-notification';

/** Sends e9's callbacks of every call, each once, whether it is taken or not. */
export class E9Announcer extends CallAnnouncer<E9Notification> {
  constructor(tools: AnnouncerTools, exchange: Exchange, sender: CallbackSender, appId: string) {
    super(tools, exchange, {
      announces: ({ vendor }) => vendor === 'e9',
      of: notificationsOf,
      nameOf: ({ action, userFlag }) => `${action}${userFlag ?? ''}`,
      deliver: async (notification, call) => {
        const outcome = await sender.send(notificationXml(notification, call, appId));
        const result = resultOf(outcome);
        tools.tally.add(`e9.callback.${result}`);
        if (result !== 'acknowledged') tools.log.warn('callback was not taken and is not repeated', { callId: call.id, action: notification.action, outcome });
      },
    });
  }
}
