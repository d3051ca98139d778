import { stringify } from 'yaml';

/** Durations of the vendors, in seconds of their real time. */
const E9_RECORDING_READY_SECONDS = 600;
/** The vendor allows fewer than ten. */
const DOCUMENTED_QUERIES_PER_MINUTE = 9;
const HW_RECORDING_READY_SECONDS = 2;
const HW_POLL_MS = 2000;
const MIN_POLL_MS = 200;

/** A channel file for the simulator, whose credentials are those of its settings' defaults. */
export function simulatedChannels(simulatorUrl: string, callbackSecret: string, speed: number, queriesPerMinute = DOCUMENTED_QUERIES_PER_MINUTE): string {
  return stringify({
    channels: [
      {
        id: 'e9-main',
        vendor: 'e9',
        protocol: 'callback',
        weight: 10,
        limits: { queriesPerMinute },
        callbackSecrets: [{ value: callbackSecret }],
        settings: {
          endpoint: `${simulatorUrl}/e9`,
          accountSid: 'e9devaccount00000000000000000001',
          authToken: { value: 'e9devtoken0000000000000000000001' },
          appId: 'e9devapp000000000000000000000001',
          recordingReadyAfterSeconds: Math.ceil(E9_RECORDING_READY_SECONDS / speed),
        },
      },
      {
        id: 'hw-main',
        vendor: 'hw',
        protocol: 'createCall',
        weight: 5,
        settings: {
          endpoint: `${simulatorUrl}/hw`,
          appKey: 'hwdevappkey000000000000000000001',
          appSecret: { value: 'hwdevappsecret000000000000000001' },
          pollIntervalMs: Math.max(MIN_POLL_MS, Math.ceil(HW_POLL_MS / speed)),
          recordingReadyAfterSeconds: 1 + Math.ceil(HW_RECORDING_READY_SECONDS / speed),
        },
      },
    ],
  });
}
