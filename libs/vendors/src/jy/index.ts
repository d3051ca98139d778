import { defineVendor } from '../define-vendor';
import { jyFollowUp } from './jy.callbacks';
import { JyClient } from './jy.client';
import { JySettings } from './jy.config';
import { jyFaults } from './jy.faults';
import { jyRecording } from './jy.recording';
import { normalise, subjectOf } from './jy.transform';

/** 吉亚 by the configurable connector: what is asked and how it is read, the contract in the channel's settings says. */
export const jy = defineVendor({
  code: 'jy',
  protocol: 'connector',
  capabilities: { cancel: true, query: true, recording: true, displayNumbers: true, maxDuration: true, ivrText: false, probe: true, followUp: 'callbacks' },
  callbacks: 'always',
  line: 'caller',
  // Which credentials name the account, only the operator knows: all of them count, and the channel's `account` where they differ.
  account: ({ endpoint, credentials }) => [endpoint, ...Object.entries(credentials).sort(([one], [other]) => (one < other ? -1 : 1)).flatMap(([name, secret]) => [name, secret.reveal()])],
  settings: JySettings,
  faults: jyFaults,
  open(settings, ports) {
    const { cancel, query, probe, recording } = settings.contract;
    const { contract } = settings;
    const client = new JyClient(settings, ports);
    return {
      dial: (request) => client.dial(request),
      ...(cancel === undefined ? {} : { cancel: ({ vendorCallId }) => client.cancel(cancel, vendorCallId) }),
      ...(query === undefined ? {} : { query: (call) => client.query(query, call) }),
      ...(query?.byAttemptId === undefined ? {} : { findsByAttempt: true }),
      ...(probe === undefined ? {} : { probe: () => client.probe(probe) }),
      callbacks: jyFollowUp(settings),
      subjectOf: (raw) => subjectOf(raw, contract),
      normalise: (raw, context) => normalise(raw, context, contract),
      ...(recording === undefined ? {} : { recording: jyRecording(settings, recording) }),
    };
  },
});
