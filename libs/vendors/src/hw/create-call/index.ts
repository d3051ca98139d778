import { defineVendor } from '../../define-vendor';
import { hwFaults, hwFollowUp } from './hw.callbacks';
import { HwClient } from './hw.client';
import { HwSettings } from './hw.config';
import { HwPolling } from './hw.polling';
import { hwRecording } from './hw.recording';
import { normalise, subjectOf } from './hw.transform';

/** 华为 CEC 双呼 (createCall): the vendor rings both legs and answers when it is asked. No request cancels a call. */
export const createCall = defineVendor({
  code: 'hw',
  protocol: 'createCall',
  capabilities: { cancel: false, query: true, recording: true, displayNumbers: true, maxDuration: false, ivrText: false, probe: true, followUp: 'polling' },
  callbacks: 'optional',
  line: 'agent',
  account: ({ endpoint, appKey }) => [endpoint, appKey],
  settings: HwSettings,
  faults: hwFaults,
  open(settings, ports, { callsBack }) {
    const client = new HwClient(settings, ports);
    const polling = new HwPolling(settings, client, ports.clock);
    return {
      dial: (request) => client.dial(request),
      query: (call) => polling.query(call),
      findsByAttempt: true,
      queryTells: ['duration', 'recording'],
      ...(callsBack ? { callbacks: hwFollowUp } : {}),
      polling,
      probe: () => client.probe(),
      subjectOf,
      normalise: (raw, context) => normalise(raw, context, settings.connectCallback),
      recording: hwRecording(settings, client),
    };
  },
});
