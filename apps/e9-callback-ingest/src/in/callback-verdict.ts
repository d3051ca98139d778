import type { CallbackVerdict } from '@cc/contracts';
import type { OpenChannel, RawNotification } from '@cc/vendors';

/**
 * What the checks of a stored callback say: where it came from, where the channel names its sources, and what the vendor
 * proves, where it proves anything. `trusted`: there was a check, and each passed. Never throws.
 */
export function verdictOn(open: OpenChannel | undefined, raw: RawNotification, sourceAddress: string): CallbackVerdict {
  const sources = open?.channel.callbackSources;
  if (sources !== undefined && !sources.includes(sourceAddress)) return { kind: 'forged', failedCheck: 'source', reason: "its source is none of the channel's callbackSources" };
  const proof = proofOf(open, raw);
  return proof.kind === 'unverifiable' && sources !== undefined ? { kind: 'trusted' } : proof;
}

function proofOf(open: OpenChannel | undefined, raw: RawNotification): CallbackVerdict {
  try {
    const verdict = open?.adapter.callbacks?.verify(raw) ?? { kind: 'unverifiable' };
    return verdict.kind === 'forged' ? { ...verdict, failedCheck: 'signature' } : verdict;
  } catch {
    return { kind: 'forged', failedCheck: 'signature', reason: 'its signature could not be checked' };
  }
}
