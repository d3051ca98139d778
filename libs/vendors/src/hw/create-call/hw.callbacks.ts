import type { CallbackFollowUp, SettingFault, VendorEntry } from '../../vendor.port';
import { parseWire } from '../../wire-json';
import type { HwSettings } from './hw.config';
import { HwCallback, serialsAsText } from './hw.schema';

/** The vendor signs nothing; this is the answer that its pages want (cec_07_1318, cec_07_1319). */
export const hwFollowUp: CallbackFollowUp = {
  verify: () => ({ kind: 'unverifiable' }),
  acknowledgement: { status: 200, contentType: 'application/json;charset=UTF-8', body: '{"retCode":"0","retMsg":"success"}' },
};

/** The vendor learns the address from the dial, and we know callbacks by the secret in it: one is of no use without the other. */
export function hwFaults({ callbackUrl }: HwSettings, { callsBack }: VendorEntry): readonly SettingFault[] {
  if (callsBack === (callbackUrl !== undefined)) return [];
  return callsBack
    ? [{ path: ['settings', 'callbackUrl'], message: 'needed, since the channel has callbackSecrets: the vendor is told in each dial where to post' }]
    : [{ path: ['callbackSecrets'], message: 'needed, since settings.callbackUrl asks the vendor to call back' }];
}

/** A connect or release callback: JSON, or the form of the page's sample, `{ callSerialNo=119…, serviceNo=, … }`. `undefined` for what is neither. */
export function parseHwCallback(body: Buffer): HwCallback | undefined {
  const text = body.toString('utf8').trim();
  const parsed = parseWire(serialsAsText(text), HwCallback) ?? HwCallback.safeParse(assignmentsIn(text)).data;
  return parsed?.callSerialNo === undefined && parsed?.callData === undefined ? undefined : parsed;
}

function assignmentsIn(text: string): Readonly<Record<string, string>> | undefined {
  if (!text.startsWith('{') || !text.endsWith('}')) return undefined;
  const pairs = text.slice(1, -1).split(',').flatMap((part): [string, string][] => {
    const at = part.indexOf('=');
    return at < 0 ? [] : [[part.slice(0, at).trim(), part.slice(at + 1).trim()]];
  });
  return Object.fromEntries(pairs);
}
