import { createHash } from 'node:crypto';
import { beijingTimestamp } from '../vendor-time';

export interface E9Credentials {
  readonly accountSid: string;
  readonly authToken: string;
}

/** What a request carries: `sig` in the query, `authorization` as header, both of one Beijing timestamp (RESTInterface). */
export function signRequest({ accountSid, authToken }: E9Credentials, nowMs: number): { sig: string; authorization: string } {
  const timestamp = beijingTimestamp(nowMs);
  return {
    sig: upperMd5(accountSid + authToken + timestamp),
    authorization: Buffer.from(`${accountSid}:${timestamp}`).toString('base64'),
  };
}

/** The `auth` of a recording's address; it does not change with time (recordDownLoad). */
export function recordingAuth({ accountSid, authToken }: E9Credentials): string {
  return upperMd5(`${accountSid}:${authToken}`);
}

function upperMd5(text: string): string {
  return createHash('md5').update(text).digest('hex').toUpperCase();
}
