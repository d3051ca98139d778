import { defineVendor } from '../define-vendor';
import { e9FollowUp } from './e9.callbacks';
import { E9Client } from './e9.client';
import { E9Settings } from './e9.config';
import { e9Recording } from './e9.recording';
import { normalise, subjectOf } from './e9.transform';

/** 玖云 33e9cloud, 专线语音: the vendor rings both legs and tells what happens by HTTP callbacks. */
export const e9 = defineVendor({
  code: 'e9',
  protocol: 'callback',
  capabilities: { cancel: true, query: true, recording: true, displayNumbers: true, maxDuration: true, ivrText: false, probe: false, followUp: 'callbacks' },
  callbacks: 'always',
  line: 'caller',
  // Fewer than 10 a minute and account (calledRecordCheckRest).
  queriesPerMinute: 9,
  // Of the last 48 hours only (the same page).
  queryWindowSeconds: 172_800,
  account: ({ endpoint, accountSid }) => [endpoint, accountSid],
  settings: E9Settings,
  open(settings, ports) {
    const client = new E9Client(settings, ports);
    return {
      dial: (request) => client.dial(request),
      cancel: (call) => client.cancel(call),
      query: (call) => client.query(call),
      queryTells: ['duration', 'recording'],
      callbacks: e9FollowUp,
      subjectOf,
      normalise: (raw, context) => normalise(raw, context, settings.timeZone),
      recording: e9Recording(settings),
    };
  },
});
