import type { NotificationSubject, RawNotification, VendorChannel } from '@cc/vendors';

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
    return { messages: messages.map((message) => ({ message, subject: adapter?.subjectOf(message) ?? {} })) };
  } catch (error) {
    return { messages: [{ message: raw, subject: {} }], error };
  }
}
