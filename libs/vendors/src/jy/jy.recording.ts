import type { RecordingAccess, RecordingLocation } from '../vendor.port';
import type { JySettings } from './jy.config';
import type { Contract } from './jy.contract';
import { credentialOf } from './jy.signature';

type Recording = NonNullable<Contract['recording']>;

/** The recording lies at the address that a message gave, opened by a credential. */
export function jyRecording(settings: JySettings, recording: Recording): RecordingAccess {
  return {
    firstTryAfterMs: recording.readyAfterSeconds * 1000,
    giveUpAfterMs: recording.giveUpAfterSeconds * 1000,
    locate: ({ vendorUrl }) => Promise.resolve(locate(settings, recording, vendorUrl)),
  };
}

function locate(settings: JySettings, recording: Recording, vendorUrl: string | undefined): RecordingLocation {
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
  return { kind: 'found', ...opened(url, settings, recording), publicUrl };
}

function opened(url: URL, settings: JySettings, { access }: Recording): { readonly url: string; readonly headers: Readonly<Record<string, string>> } {
  switch (access.kind) {
    case 'none':
      return { url: url.href, headers: {} };
    case 'header':
      return { url: url.href, headers: { [access.header]: access.prefix + credentialOf(settings, access.credential) } };
    case 'query':
      url.searchParams.set(access.parameter, credentialOf(settings, access.credential));
      return { url: url.href, headers: {} };
  }
}
