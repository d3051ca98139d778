import { CloseType, EndedBy } from '@cc/contracts';
import { z } from 'zod';
import { FixedZone } from '../vendor-time';
import { bodyOf } from './jy.body';
import { BodyForm } from './jy.document';
import { DottedPath, parsePath } from './jy.paths';
import { templateOf } from './jy.template';

const ofEveryRequest = ['timestamp', 'nonce', 'signature'];
const ofDial = ['attemptId', 'caller', 'called', 'displayToCaller', 'displayToCalled', 'agent', 'record', 'maxDurationSeconds', 'callbackUrl'];
const ofCall = ['vendorCallId', 'attemptId'];
const ofSignature = ['method', 'path', 'body', 'timestamp', 'nonce', ...ofDial, 'vendorCallId'];

const CredentialName = z.string().regex(/^[A-Za-z][A-Za-z0-9]{0,30}$/, { error: 'expected the name of one of the credentials of the settings' });
const HeaderName = z.string().regex(/^[A-Za-z0-9-]{1,64}$/, { error: 'expected the name of a header' });
const Code = z.string().min(1).max(64);
const Prefix = z.string().max(32).regex(/^[\x20-\x7e]*$/, { error: 'expected printable ASCII' }).default('');
const Digest = { encoding: z.enum(['hex', 'HEX', 'base64']).default('hex') };
const Algorithm = z.enum(['hmac-sha256', 'md5']);

/** How every request is signed. `{timestamp}`, `{nonce}` and, for a digest, `{signature}` are values of all its templates. */
const Signing = z.strictObject({
  timestamp: z.enum(['epochMs', 'epochSeconds', 'yyyyMMddHHmmss']).default('epochMs'),
  /** Of a wall-clock timestamp. */
  timeZone: FixedZone.prefault('Asia/Shanghai'),
  /** Sent with every request. */
  headers: z.record(HeaderName, templateOf({ names: ofEveryRequest })).default({}),
  query: z.record(z.string().min(1).max(64), templateOf({ names: ofEveryRequest })).default({}),
  method: z
    .discriminatedUnion('kind', [
      z.strictObject({ kind: z.literal('none') }),
      /** A static secret in a header. */
      z.strictObject({ kind: z.literal('header'), header: HeaderName, credential: CredentialName, prefix: Prefix }),
      /** `Authorization: Basic`. */
      z.strictObject({ kind: z.literal('basic'), user: CredentialName, password: CredentialName }),
      /** A digest of a text; where it goes, `headers`, `query` or the request's own templates say by `{signature}`. `key`: of the HMAC. */
      z.strictObject({ kind: z.literal('digest'), algorithm: Algorithm, key: CredentialName.optional(), ...Digest, over: templateOf({ names: ofSignature }) }),
    ])
    .refine((method) => method.kind !== 'digest' || (method.algorithm === 'md5') === (method.key === undefined), { path: ['key'], error: 'needed for hmac-sha256 and for nothing else; with md5 the secret is part of `over`' }),
});

const requestOf = (names: readonly string[]) => {
  const known = { names: [...names, ...ofEveryRequest] };
  return z
    .strictObject({
      method: z.enum(['GET', 'POST', 'PUT', 'DELETE']).default('POST'),
      /** Below the endpoint; values are encoded. */
      path: z.string().regex(/^\/[^?#]*$/, { error: 'expected a path that begins with / and has neither ? nor #' }).pipe(templateOf(known)),
      query: z.record(z.string().min(1).max(64), templateOf(known)).default({}),
      headers: z.record(HeaderName, templateOf(known)).default({}),
      body: bodyOf(known).optional(),
    })
    .refine(({ method, body }) => body === undefined || method === 'POST' || method === 'PUT', { path: ['body'], error: 'only POST and PUT have a body' });
};

/** How any answer is read. What is in none of the lists is no answer: the request stays in doubt. */
const Answer = {
  form: BodyForm.default('json'),
  /** HTTP statuses whose body is the vendor's word. */
  statuses: z.array(z.number().int().min(100).max(599)).min(1).default([200]),
  code: DottedPath,
  message: DottedPath.optional(),
  accepted: z.array(Code).min(1),
};

const DialAnswer = z.strictObject({
  ...Answer,
  vendorCallId: DottedPath,
  /** Codes that prove that nobody is rung, and whether another call would be refused as well. */
  notPlaced: z.record(Code, z.enum(['call', 'channel'])).default({}),
});

const Times = z.strictObject({
  path: DottedPath,
  format: z.enum(['epochMs', 'epochSeconds', 'wallClock']).default('epochMs'),
  timeZone: FixedZone.prefault('Asia/Shanghai'),
});

export const JyEvent = z.enum(['a-ringing', 'a-answered', 'b-ringing', 'connected', 'ended', 'recording-available', 'ignored']);
export type JyEvent = z.output<typeof JyEvent>;

/** How one message about a call is read. */
const Message = {
  attemptId: DottedPath.optional(),
  vendorCallId: DottedPath.optional(),
  event: DottedPath,
  events: z.record(Code, JyEvent),
  /** When it happened; absent: when it reached us. */
  time: Times.optional(),
  /** Of an `ended`: when A answered and when both talked, from which lost messages are rebuilt. */
  answeredAt: Times.optional(),
  connectedAt: Times.optional(),
  cause: DottedPath.optional(),
  /** The cause by value → our close type; a value that is not here becomes 255 and is counted. */
  causes: z.record(Code, CloseType).default({}),
  durationSeconds: DottedPath.optional(),
  recordingUrl: DottedPath.optional(),
  endedBy: DottedPath.optional(),
  endedByValues: z.record(Code, EndedBy).default({}),
};
const Reading = z.strictObject(Message).refine(namesTheCall, { path: ['vendorCallId'], error: 'needed, or attemptId: a message must name its call' });
export type Reading = z.output<typeof Reading>;

function namesTheCall(reading: { readonly attemptId?: unknown; readonly vendorCallId?: unknown }): boolean {
  return reading.attemptId !== undefined || reading.vendorCallId !== undefined;
}

const FIELD = 'field.';
const ofVerification = templateOf({ names: ['body'], families: ['header.', FIELD] }).refine(
  ({ names }) => names.every((name) => !name.startsWith(FIELD) || parsePath(name.slice(FIELD.length)) !== undefined),
  { error: `expected a path such as data.sign behind ${FIELD}` },
);
const Verification = z
  .discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('none') }),
    z.strictObject({ kind: z.literal('header'), header: HeaderName, credential: CredentialName, prefix: Prefix }),
    /** `signature`: where the vendor's digest is, e.g. `{header.x-signature}` or `{field.sign}`. */
    z.strictObject({ kind: z.literal('digest'), algorithm: Algorithm, key: CredentialName.optional(), ...Digest, over: ofVerification, signature: ofVerification, prefix: Prefix }),
  ])
  .refine((method) => method.kind !== 'digest' || (method.algorithm === 'md5') === (method.key === undefined), { path: ['key'], error: 'needed for hmac-sha256 and for nothing else; with md5 the secret is part of `over`' });
export type Verification = z.output<typeof Verification>;

const Callbacks = z.strictObject({
  form: BodyForm.default('json'),
  /** Where the messages lie when one callback carries several; the paths of `message` begin at each. */
  list: DottedPath.optional(),
  message: Reading,
  acknowledgement: z.strictObject({
    status: z.number().int().min(200).max(299).default(200),
    contentType: z.string().regex(/^[\w.+-]+\/[\w.+-]+(?:; ?charset=[\w-]+)?$/, { error: 'expected a content type, e.g. application/json' }),
    body: z.string().max(1000),
  }),
  verification: Verification.default({ kind: 'none' }),
});

const Query = z
  .strictObject({
    /** Absent: the vendor cannot be asked so. */
    byVendorCallId: requestOf(ofCall).optional(),
    byAttemptId: requestOf(ofCall).optional(),
    answer: z.strictObject({
      ...Answer,
      /** Codes with which the vendor says that there is no such call, and that it would know it, running ones included. */
      notFound: z.array(Code).default([]),
    }),
    /** How the call is read from an accepted answer. */
    message: z.strictObject(Message),
  })
  .refine(({ byVendorCallId, byAttemptId }) => byVendorCallId !== undefined || byAttemptId !== undefined, { path: ['byVendorCallId'], error: 'needed, or byAttemptId' });

const Recording = z.strictObject({
  access: z
    .discriminatedUnion('kind', [
      z.strictObject({ kind: z.literal('none') }),
      z.strictObject({ kind: z.literal('header'), header: HeaderName, credential: CredentialName, prefix: Prefix }),
      z.strictObject({ kind: z.literal('query'), parameter: z.string().min(1).max(64), credential: CredentialName }),
    ])
    .default({ kind: 'none' }),
  readyAfterSeconds: z.number().int().nonnegative().default(0),
  giveUpAfterSeconds: z.number().int().positive().default(86_400),
});

/** What a vendor and the operator agreed on, as data: how to ask, how to read the answers, how to read what the vendor posts. */
export const Contract = z.strictObject({
  /** The form of telephone numbers: `national` (13912345678, 01062345678), `e164` (+86…), `digits` (86…). Chinese numbers only in the first. */
  numberFormat: z.enum(['national', 'e164', 'digits']).default('national'),
  /** What `{record}` is when a call is to be recorded, and when not. */
  record: z.strictObject({ yes: z.union([z.string(), z.number(), z.boolean()]), no: z.union([z.string(), z.number(), z.boolean()]) }).default({ yes: true, no: false }),
  signing: Signing,
  dial: z.strictObject({ request: requestOf(ofDial), answer: DialAnswer }),
  cancel: z.strictObject({ request: requestOf(['vendorCallId']), answer: z.strictObject(Answer) }).optional(),
  query: Query.optional(),
  probe: z.strictObject({ request: requestOf([]), answer: z.strictObject(Answer) }).optional(),
  callbacks: Callbacks,
  recording: Recording.optional(),
});
export type Contract = z.output<typeof Contract>;
export type Signing = Contract['signing'];
export type ContractRequest = Contract['dial']['request'];
export type ContractAnswer = Pick<Contract['dial']['answer'], 'form' | 'statuses' | 'code' | 'message' | 'accepted'>;
export type Times = z.output<typeof Times>;
