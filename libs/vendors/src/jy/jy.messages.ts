import { z } from 'zod';
import { ATTEMPT_ID } from '../attempt-id';
import type { NotificationSubject, RawNotification } from '../vendor.port';
import type { Contract, Reading } from './jy.contract';
import { parseDocument, plainText, type BodyForm } from './jy.document';
import { VENDOR_CALL_ID } from './jy.ids';
import { textAt, valueAt, type Path } from './jy.paths';
import { SPLIT } from './jy.request-name';

const MAX_MESSAGES = 200;
const List = z.array(z.unknown()).min(1).max(MAX_MESSAGES);

/** The messages that a callback carries, each with the contract's paths beginning at it; `undefined` when it has none, or more than 200. */
export function messagesIn(raw: RawNotification, { callbacks: { form, list } }: Contract): readonly unknown[] | undefined {
  if (raw.request === SPLIT) return List.safeParse(parseDocument(raw.body, 'json')).data;
  const document = parseDocument(raw.body, form);
  if (list === undefined) return document === undefined ? undefined : [document];
  const found = valueAt(document, list);
  // A list of one is in XML no list.
  return List.safeParse(form === 'xml' && found !== undefined && !Array.isArray(found) ? [found] : found).data;
}

/** A reader of one message's fields. */
export function fieldsOf(message: unknown, form: BodyForm): (path: Path | undefined) => string | undefined {
  return (path) => {
    const text = textAt(message, path);
    return text === undefined ? undefined : plainText(text, form);
  };
}

export function subjectOfMessage(message: unknown, reading: Pick<Reading, 'vendorCallId' | 'attemptId'>, form: BodyForm): NotificationSubject {
  const field = fieldsOf(message, form);
  const [vendorCallId, attemptId] = [field(reading.vendorCallId), field(reading.attemptId)];
  return {
    ...(vendorCallId !== undefined && VENDOR_CALL_ID.test(vendorCallId) ? { vendorCallId } : {}),
    ...(attemptId !== undefined && ATTEMPT_ID.test(attemptId) ? { attemptId } : {}),
  };
}
