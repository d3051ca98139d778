import type { RecordingAccess, RecordingLocation } from '../../vendor.port';
import type { HwClient } from './hw.client';
import type { HwSettings } from './hw.config';
import { HW_OK, isNeverRecorded } from './hw.errors';
import { HwRecordingAddress } from './hw.schema';

/** The vendor hands out an address that is good for 5 minutes, each time it is asked (cec_07_1307). */
export function hwRecording(settings: HwSettings, client: HwClient): RecordingAccess {
  return {
    firstTryAfterMs: settings.recordingReadyAfterSeconds * 1000,
    giveUpAfterMs: settings.recordingGiveUpAfterSeconds * 1000,
    locate: ({ vendorCallId }) => locate(client, vendorCallId),
  };
}

async function locate(client: HwClient, callSerialNo: string): Promise<RecordingLocation> {
  const reply = await client.ask('getRecordingAddress', { callSerialNo });
  if (reply.kind === 'failed') return { kind: 'not-yet', reason: reply.reason };
  if (reply.retCode !== HW_OK) {
    return { kind: isNeverRecorded(reply.retCode) ? 'never' : 'not-yet', reason: `retCode ${reply.retCode}: ${reply.retMsg}` };
  }
  const url = HwRecordingAddress.safeParse(reply.result).data?.url;
  if (url === undefined || !URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) return { kind: 'not-yet', reason: 'the vendor answered without a usable address' };
  const publicUrl = new URL(url);
  publicUrl.search = '';
  publicUrl.hash = '';
  publicUrl.username = '';
  publicUrl.password = '';
  return { kind: 'found', url, headers: {}, publicUrl: publicUrl.href };
}
