/** What e9 tells of one answered call, in order. */
export const callbackKinds = ['a-called', 'b-called', 'established', 'hung-up'] as const;
export type CallbackKind = (typeof callbackKinds)[number];

export interface VendorCall {
  readonly vendorCallId: string;
  readonly attemptId: string;
  /** Epoch ms at which A was called. */
  readonly startedAt: number;
}

/** After the start of the call, in seconds. */
const SECONDS: Readonly<Record<CallbackKind, number>> = { 'a-called': 0, 'b-called': 6, established: 12, 'hung-up': 42 };

/** When the vendor says that it happened, epoch ms. */
export const callbackAt = (call: VendorCall, kind: CallbackKind): number => call.startedAt + SECONDS[kind] * 1000;

/** A callback as e9 posts it, with its times in Beijing's. */
export function callbackXml(call: VendorCall, kind: CallbackKind): string {
  const time = (of: CallbackKind): string => beijing(callbackAt(call, of));
  const elements: Record<string, string> = {
    action: kind === 'hung-up' ? 'Hangup' : kind === 'established' ? 'CallEstablish' : 'CallInvite',
    type: '1', appId: 'e9benchapp0000000000000000000001', caller: '13912345678', called: '13812345678', subType: '0', callId: call.vendorCallId, dateCreated: time(kind), userData: call.attemptId,
    ...(kind === 'a-called' ? { userFlag: '0' } : kind === 'b-called' ? { userFlag: '1' } : {}),
    ...(kind === 'hung-up' ? { startTimeA: time('b-called'), startTimeB: time('established'), endTime: time('hung-up'), duration: '30', recordUrl: `http://127.0.0.1:9/rec/${call.vendorCallId}.mp3`, byeType: '0' } : {}),
  };
  return `<?xml version='1.0'?><req>${Object.entries(elements).map(([name, text]) => `<${name}>${text}</${name}>`).join('')}</req>`;
}

const beijing = (epochMs: number): string => new Date(epochMs + 8 * 60 * 60 * 1000).toISOString().replaceAll(/\D/g, '').slice(0, 14);

/** A channel file with one e9 channel, `e9-main`. */
export function e9ChannelFile(endpoint: string, callbackSecret: string): string {
  const settings = { endpoint, accountSid: 'e9benchaccount000000000000000001', authToken: { value: 'e9benchtoken00000000000000000001' }, appId: 'e9benchapp0000000000000000000001' };
  // JSON is YAML as well.
  return JSON.stringify({ channels: [{ id: 'e9-main', vendor: 'e9', protocol: 'callback', weight: 10, callbackSecrets: [{ value: callbackSecret }], settings }] });
}
