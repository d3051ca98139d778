import type { RecordingAccess, RecordingLocation } from '../../vendor.port';
import type { VoiceCallClient } from './voice-call.client';
import type { VoiceCallSettings } from './voice-call.config';
import { recordNameIn, recordUrl } from './voice-call.record-url';

/** A signed question, which the vendor answers with 301 and the address of the moment (rtc_05_0011). */
export function voiceCallRecording(settings: VoiceCallSettings, client: VoiceCallClient): RecordingAccess {
  return {
    firstTryAfterMs: settings.recordingReadyAfterSeconds * 1000,
    giveUpAfterMs: settings.recordingGiveUpAfterSeconds * 1000,
    locate: ({ vendorUrl }) => locate(settings, client, vendorUrl),
  };
}

/** The question goes to the endpoint of the settings, whatever the push's address names: our signature is for the vendor alone. */
async function locate({ endpoint }: VoiceCallSettings, client: VoiceCallClient, vendorUrl: string | undefined): Promise<RecordingLocation> {
  if (vendorUrl === undefined) return { kind: 'never', reason: 'the vendor named no recording; of calls shorter than 3 s it may have none' };
  const name = recordNameIn(vendorUrl);
  if (name === undefined) return { kind: 'never', reason: "the address is not one of this vendor's recordings" };
  const publicUrl = recordUrl(endpoint, name);
  const outcome = await client.get(publicUrl);
  if (outcome.kind !== 'answer') return { kind: 'not-yet', reason: outcome.reason };
  if (outcome.status !== 301) return { kind: 'not-yet', reason: `HTTP status ${outcome.status} instead of the 301 that names the file` };
  const location = outcome.headers['location'];
  if (location === undefined || !URL.canParse(location) || !/^https?:$/.test(new URL(location).protocol)) return { kind: 'not-yet', reason: 'the vendor answered without a usable address' };
  return { kind: 'found', url: location, headers: {}, publicUrl };
}
