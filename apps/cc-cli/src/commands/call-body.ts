import { given, type Given, type Option } from '../command';

/** The options that describe a call, for placing one and for asking about one. */
export const callOptions: Readonly<Record<string, Option>> = {
  from: { type: 'string', value: 'NUMBER', help: "leg A, rung first; the number of the user's binding unless given" },
  to: { type: 'string', value: 'NUMBER', help: 'leg B', required: true },
  user: { type: 'string', value: 'USER', help: 'whose call it is: its binding is used' },
  agent: { type: 'string', value: 'AGENT', help: 'the agent that the call belongs to' },
  business: { type: 'string', value: 'BUSINESS', help: 'the business that the call belongs to' },
  channel: { type: 'string', value: 'CHANNEL', help: 'the channel to take; else the best one is' },
  'biz-data': { type: 'string', value: 'DATA', help: 'comes back unchanged: a JSON object, or any text' },
  record: { type: 'boolean', help: 'record the call' },
  'max-duration': { type: 'string', value: 'SECONDS', help: 'end it after this long' },
  'not-after': { type: 'string', value: 'SECONDS', help: 'close it when it is not dialled by then' },
  'when-busy': { type: 'string', value: 'reject|wait', help: 'what to do while the line has another call' },
  'ivr-text': { type: 'string', value: 'TEXT', help: 'what the vendor shall say, where it can' },
  'ivr-url': { type: 'string', value: 'URL', help: 'what the vendor shall play, where it can' },
};

/** The body of a call from what was typed. */
export function callBody(typed: Given): Record<string, unknown> {
  const ivr = given({ text: typed.text('ivr-text'), url: typed.text('ivr-url') });
  return given({
    from: typed.text('from'),
    to: typed.text('to'),
    user: typed.text('user'),
    agent: typed.text('agent'),
    business: typed.text('business'),
    channel: typed.text('channel'),
    bizData: bizDataOf(typed.text('biz-data')),
    record: typed.flag('record') ? true : undefined,
    maxDurationSeconds: typed.number('max-duration'),
    notAfterSeconds: typed.number('not-after'),
    whenBusy: typed.text('when-busy'),
    ivr: Object.keys(ivr).length === 0 ? undefined : ivr,
  });
}

/** An object where it is one, else the text as it was typed. */
function bizDataOf(text: string | undefined): unknown {
  if (text?.trimStart().startsWith('{') !== true) return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
