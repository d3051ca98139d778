import { z } from 'zod';
import { LooseText } from '../wire-json';

/** The fields of a callback that the adapter reads, and of `callNotify` in a record query's answer, which is the same (calledRecordCheckRest). */
export const E9Message = z.object({
  action: LooseText,
  callId: LooseText,
  userData: LooseText,
  userFlag: LooseText,
  dateCreated: LooseText,
  startTimeA: LooseText,
  startTimeB: LooseText,
  endTime: LooseText,
  duration: LooseText,
  recordUrl: LooseText,
  byeType: LooseText,
});
export type E9Message = z.output<typeof E9Message>;

export const e9MessageFields = E9Message.keyof().options;

/** The answer to every request: `{"resp": {...}}` (RESTInterface). */
export const E9Answer = z
  .object({
    resp: z.object({
      statusCode: LooseText,
      callId: LooseText,
      /** The refusal in words. */
      represent: LooseText,
      callNotify: E9Message.nullish().transform((message) => message ?? undefined),
    }),
  })
  .transform(({ resp }) => resp);
export type E9Answer = z.output<typeof E9Answer>;

/** 32 characters by the page; whatever fits the record's column and cannot do harm is taken. */
export const E9_CALL_ID = /^[A-Za-z0-9_-]{1,64}$/;
