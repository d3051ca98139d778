import type { z } from 'zod';
import type { Contract } from './jy.contract';

const answer = { code: 'code', message: 'message', accepted: ['0'] };
const message = {
  attemptId: 'attemptId',
  vendorCallId: 'callId',
  event: 'event',
  events: { 'a-ringing': 'a-ringing', 'a-answered': 'a-answered', 'b-ringing': 'b-ringing', connected: 'connected', ended: 'ended', queued: 'ignored' },
  time: { path: 'occurredAt' },
  answeredAt: { path: 'aAnsweredAt' },
  connectedAt: { path: 'connectedAt' },
  cause: 'cause',
  causes: { normal: 0, 'a-unreachable': 1, 'b-unreachable': 2, 'a-busy': 3, 'b-busy': 4, 'max-duration': 5, 'server-error': 6, 'network-error': 7 },
  durationSeconds: 'durationSeconds',
  recordingUrl: 'recordingUrl',
  endedBy: 'endedBy',
  endedByValues: { a: 'a', b: 'b', vendor: 'vendor', application: 'application' },
} as const;

/**
 * CC's own contract, and not that of any vendor: nothing is known of 吉亚's. It stands where a channel file states none, and the
 * simulator speaks it. A real account replaces it by the vendor's own.
 */
export const defaultContract: z.input<typeof Contract> = {
  numberFormat: 'national',
  signing: {
    timestamp: 'epochMs',
    headers: { 'X-Cc-Key': '{secret.apiKey}', 'X-Cc-Timestamp': '{timestamp}', 'X-Cc-Nonce': '{nonce}', 'X-Cc-Signature': '{signature}' },
    method: { kind: 'digest', algorithm: 'hmac-sha256', key: 'apiSecret', over: '{timestamp}\n{nonce}\n{method}\n{path}\n{body}' },
  },
  dial: {
    request: {
      path: '/v1/calls',
      body: {
        form: 'json',
        fields: {
          attemptId: '{attemptId}', caller: '{caller}', called: '{called}', displayToCaller: '{displayToCaller}', displayToCalled: '{displayToCalled}',
          record: '{record}', maxDurationSeconds: '{maxDurationSeconds}', callbackUrl: '{callbackUrl}',
        },
      },
    },
    answer: { ...answer, vendorCallId: 'result.callId', notPlaced: { 'bad-number': 'call', 'number-refused': 'call', 'bad-request': 'channel', 'not-authorised': 'channel', 'limit-exceeded': 'channel' } },
  },
  cancel: { request: { method: 'DELETE', path: '/v1/calls/{vendorCallId}' }, answer },
  query: {
    byVendorCallId: { method: 'GET', path: '/v1/calls/{vendorCallId}' },
    byAttemptId: { method: 'GET', path: '/v1/attempts/{attemptId}' },
    answer: { ...answer, notFound: ['not-found'] },
    message: {
      ...message, attemptId: 'result.attemptId', vendorCallId: 'result.callId', event: 'result.event', time: { path: 'result.occurredAt' }, answeredAt: { path: 'result.aAnsweredAt' },
      connectedAt: { path: 'result.connectedAt' }, cause: 'result.cause', durationSeconds: 'result.durationSeconds', recordingUrl: 'result.recordingUrl', endedBy: 'result.endedBy',
    },
  },
  probe: { request: { method: 'GET', path: '/v1/health' }, answer },
  callbacks: {
    message,
    acknowledgement: { contentType: 'application/json', body: '{"code":"0"}' },
    verification: { kind: 'digest', algorithm: 'hmac-sha256', key: 'apiSecret', over: '{header.x-cc-timestamp}\n{header.x-cc-nonce}\n{body}', signature: '{header.x-cc-signature}' },
  },
  recording: { access: { kind: 'header', header: 'X-Cc-Key', credential: 'apiKey' }, readyAfterSeconds: 5 },
};
