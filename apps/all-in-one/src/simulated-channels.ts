import { defined } from '@cc/kernel';
import { stringify } from 'yaml';

/** Durations of the vendors, in seconds of their real time. */
const E9_RECORDING_READY_SECONDS = 600;
const HW_RECORDING_READY_SECONDS = 2;
const HW_POLL_MS = 2000;
const MIN_POLL_MS = 200;
const SEATS = 5;
const FIRST_SEAT = 20_001;
const FIRST_SEAT_PHONE = 40_001;

/** The channel of the demo call. */
export const DEMO_CHANNEL = 'e9-main';

export interface SimulatedWorld {
  readonly simulatorUrl: string;
  /** Where the vendors post: e9-callback-ingest. */
  readonly ingestUrl: string;
  readonly callbackSecret: string;
  /** Divides every duration of the simulated calls. */
  readonly speed: number;
  /** Record queries of e9; absent: as many as the vendor allows. */
  readonly e9QueriesPerMinute?: number;
  /** Thresholds of all channels that differ from the defaults. */
  readonly health?: Readonly<Record<string, number>>;
}

/** A channel file for the simulator, whose credentials are those of its settings' defaults. */
export function simulatedChannels(world: SimulatedWorld): string {
  const health = defined({ health: world.health });
  return stringify({ channels: [e9(world), createCall(world), voiceCall(world), seats(world), connector(world)].map((channel) => ({ ...channel, ...health })) });
}

function e9({ simulatorUrl, callbackSecret, speed, e9QueriesPerMinute }: SimulatedWorld): object {
  return {
    id: DEMO_CHANNEL, vendor: 'e9', protocol: 'callback', weight: 10,
    ...(e9QueriesPerMinute === undefined ? {} : { limits: { queriesPerMinute: e9QueriesPerMinute } }),
    callbackSecrets: [{ value: callbackSecret }],
    settings: {
      endpoint: `${simulatorUrl}/e9`,
      accountSid: 'e9devaccount00000000000000000001',
      authToken: { value: 'e9devtoken0000000000000000000001' },
      appId: 'e9devapp000000000000000000000001',
      recordingReadyAfterSeconds: Math.ceil(E9_RECORDING_READY_SECONDS / speed),
    },
  };
}

function createCall({ simulatorUrl, speed }: SimulatedWorld): object {
  return {
    id: 'hw-main', vendor: 'hw', protocol: 'createCall', weight: 5,
    settings: {
      endpoint: `${simulatorUrl}/hw`,
      appKey: 'hwdevappkey000000000000000000001',
      appSecret: { value: 'hwdevappsecret000000000000000001' },
      pollIntervalMs: Math.max(MIN_POLL_MS, Math.ceil(HW_POLL_MS / speed)),
      recordingReadyAfterSeconds: 1 + Math.ceil(HW_RECORDING_READY_SECONDS / speed),
    },
  };
}

function voiceCall({ simulatorUrl, ingestUrl, callbackSecret }: SimulatedWorld): object {
  return {
    id: 'hw-voice', vendor: 'hw', protocol: 'voiceCall', weight: 1,
    callbackSecrets: [{ value: callbackSecret }],
    settings: {
      endpoint: `${simulatorUrl}/hw`,
      appKey: 'hwvoicedevkey0000000000000000001',
      appSecret: { value: 'hwvoicedevsecret0000000000000001' },
      displayNbr: '+864001234567',
      displayCalleeNbr: '+861088889999',
      callbackUrl: { value: `${ingestUrl}/callbacks/hw-voice/${callbackSecret}` },
      // The simulator's own words: no page of the vendor lists any.
      partyTypes: { a: ['caller'], b: ['callee'], vendor: ['platform'] },
    },
  };
}

function connector({ simulatorUrl, ingestUrl, callbackSecret }: SimulatedWorld): object {
  return {
    id: 'jy-main', vendor: 'jy', protocol: 'connector', weight: 1,
    callbackSecrets: [{ value: callbackSecret }],
    settings: {
      endpoint: `${simulatorUrl}/jy`,
      credentials: { apiKey: { value: 'jydevkey000000000000000000000001' }, apiSecret: { value: 'jydevsecret000000000000000000001' } },
      callbackUrl: { value: `${ingestUrl}/callbacks/jy-main/${callbackSecret}` },
    },
  };
}

/** Taken by name or binding only: a call needs an agent who has a seat. */
function seats({ simulatorUrl }: SimulatedWorld): object {
  return {
    id: 'hw-seats', vendor: 'hw', protocol: 'agentGateway', weight: 0,
    lines: Array.from({ length: SEATS }, (_, index) => ({ id: String(FIRST_SEAT + index), agentId: FIRST_SEAT + index, password: { value: 'hwdevseat0000001' }, phone: String(FIRST_SEAT_PHONE + index) })),
    settings: { endpoint: `${simulatorUrl}/hw` },
  };
}
