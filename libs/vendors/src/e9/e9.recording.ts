import type { RecordingAccess, RecordingLocation } from '../vendor.port';
import type { E9Settings } from './e9.config';
import { recordingAuth } from './e9.signature';

/** The recording lies at the address of the Hangup callback, opened by a credential in the query (recordDownLoad). */
export function e9Recording(settings: E9Settings): RecordingAccess {
  return {
    firstTryAfterMs: settings.recordingReadyAfterSeconds * 1000,
    giveUpAfterMs: settings.recordingGiveUpAfterSeconds * 1000,
    locate: ({ vendorUrl }) => Promise.resolve(locate(settings, vendorUrl)),
  };
}

function locate(settings: E9Settings, vendorUrl: string | undefined): RecordingLocation {
  if (vendorUrl === undefined) return { kind: 'never', reason: 'the vendor gave no address of a recording' };
  if (!URL.canParse(vendorUrl)) return { kind: 'never', reason: "the vendor's address of the recording is no URL" };
  const url = new URL(vendorUrl);
  const hosts = settings.recordingHosts ?? [new URL(settings.endpoint).host];
  if (!/^https?:$/.test(url.protocol) || !hosts.includes(url.host)) {
    // Not `never`: an operator who adds a missing host still gets the recordings of the last days.
    return { kind: 'not-yet', reason: `the recording's host ${url.host.slice(0, 100)} is not among recordingHosts` };
  }
  url.username = '';
  url.password = '';
  const publicUrl = url.href;
  url.searchParams.set('auth', recordingAuth({ accountSid: settings.accountSid, authToken: settings.authToken.reveal() }));
  return { kind: 'found', url: url.href, headers: {}, publicUrl };
}
