import { defineVendor } from '../../define-vendor';
import { voiceCallFollowUp } from './voice-call.callbacks';
import { VoiceCallClient } from './voice-call.client';
import { VoiceCallSettings } from './voice-call.config';
import { voiceCallRecording } from './voice-call.recording';
import { normaliserOf, subjectOf } from './voice-call.transform';

/** 华为云 VoiceCall 语音回呼 (click2Call v2.0): the vendor rings both legs and pushes what happens; it answers no question about a call. */
export const voiceCall = defineVendor({
  code: 'hw',
  protocol: 'voiceCall',
  capabilities: { cancel: true, query: false, recording: true, displayNumbers: true, maxDuration: true, ivrText: false, probe: false, followUp: 'callbacks' },
  callbacks: 'always',
  line: 'caller',
  account: ({ endpoint, appKey }) => [endpoint, appKey],
  settings: VoiceCallSettings,
  open(settings, ports) {
    const client = new VoiceCallClient(settings, ports);
    return {
      dial: (request) => client.dial(request),
      cancel: (call) => client.cancel(call),
      callbacks: voiceCallFollowUp(settings),
      subjectOf,
      normalise: normaliserOf(settings),
      recording: voiceCallRecording(settings, client),
    };
  },
});
