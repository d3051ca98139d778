import type { NotificationSubject, RawNotification, VendorChannel } from '@cc/vendors';

/** Apart from it, a callback may become much more than it was: each part has all headers, and bytes that are no UTF-8 take three each. */
const MOST_MESSAGES = 200;
/** A part that is larger would not fit into a record of the log once it is sealed. */
const LARGEST_MESSAGE_BYTES = 600_000;

/** A message of a callback, and whom it is about. */
export interface AddressedMessage {
  readonly message: RawNotification;
  readonly subject: NotificationSubject;
}

/**
 * One for each call that the callback is about. What its adapter cannot take apart stays one message about nobody: it is
 * put aside further on, where operators see it, and holds up no other. `error` says why.
 */
export function messagesOf(adapter: Pick<VendorChannel, 'callbacks' | 'subjectOf'> | undefined, raw: RawNotification): { readonly messages: readonly AddressedMessage[]; readonly error?: unknown } {
  try {
    const messages = adapter?.callbacks?.split?.(raw) ?? [raw];
    if (messages.length > MOST_MESSAGES || messages.some(({ body }) => body.length > LARGEST_MESSAGE_BYTES)) throw new Error(`taken apart it is more than ${MOST_MESSAGES} messages, or one of more than ${LARGEST_MESSAGE_BYTES} bytes`);
    return { messages: messages.map((message) => ({ message, subject: adapter?.subjectOf(message) ?? {} })) };
  } catch (error) {
    return { messages: [{ message: raw, subject: {} }], error };
  }
}
