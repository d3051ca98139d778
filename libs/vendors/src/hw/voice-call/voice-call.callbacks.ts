import { Secret } from '../../secret';
import type { CallbackFollowUp, RawNotification, Verdict } from '../../vendor.port';
import type { VoiceCallSettings } from './voice-call.config';
import { parseSignature, pushDigest } from './voice-call.digest';
import { splitFees } from './voice-call.push';

/**
 * Status and fees come to one address, signed over that address; the answer's body is not specified (rtc_05_0007, rtc_05_0008).
 * The signature does not cover the body: it proves who knows the secret, not what was said.
 */
export function voiceCallFollowUp(settings: VoiceCallSettings): CallbackFollowUp {
  return {
    verify: (raw) => verify(raw, settings),
    split: splitFees,
    acknowledgement: { status: 200, contentType: 'application/json;charset=UTF-8', body: '{}' },
  };
}

function verify(raw: RawNotification, { appSecret, callbackUrl, previousCallbackUrl, requireSignature }: VoiceCallSettings): Verdict {
  const header = raw.headers['x-aksk'];
  if (header === undefined) return requireSignature ? { kind: 'forged', reason: 'the push is not signed' } : { kind: 'unverifiable' };
  const signature = parseSignature(header);
  if (signature === undefined) return { kind: 'forged', reason: 'the signature of the push has another form than documented' };
  const { digest, nonce, created } = signature;
  const known = [callbackUrl, ...(previousCallbackUrl === undefined ? [] : [previousCallbackUrl])];
  const right = known.some((url) => new Secret(pushDigest(appSecret.reveal(), url.reveal(), nonce, created)).equals(digest));
  return right ? { kind: 'trusted' } : { kind: 'forged', reason: 'the signature of the push is wrong' };
}
