import { Secret } from '@cc/vendors';
import type { Reaction, SeenRequest } from './vendor-server';

/** What the conformance suite must know of a vendor to play its part. */
export interface VendorKit {
  /** Below libs/vendors/src. */
  readonly folder: string;
  /** The channel file's `lines`, for a vendor whose agents sign in; `20011` is the one that dials. */
  readonly lines?: readonly unknown[];
  settings(endpoint: string): Readonly<Record<string, unknown>>;
  /** What must never be told, beside the credentials that a request carries. */
  readonly secrets: readonly string[];
  /** The end of the dial's path. */
  readonly dialPath: string;
  /** Requests that come before a dial, e.g. for a token. */
  prelude(request: SeenRequest): Reaction | undefined;
  readonly accepted: { readonly body: string; readonly vendorCallId: string };
  refused(words: string): { readonly body: string; readonly vendorCode: string };
  /** Answers with status 200 that do not prove that nothing was placed. */
  readonly inDoubt: readonly string[];
}

const CALL_ID = 'a1b2c3d4e5f60718293a4b5c6d7e8f90';
const e9Answer = (resp: Readonly<Record<string, unknown>>): string => JSON.stringify({ resp });

const e9: VendorKit = {
  folder: 'e9',
  settings: (endpoint) => ({
    endpoint,
    accountSid: 'ACCOUNT0ACCOUNT0ACCOUNT0ACCOUNT0',
    authToken: new Secret('TOKEN000TOKEN000TOKEN000TOKEN000'),
    appId: 'APP00000APP00000APP00000APP00000',
    dialTimeoutMs: 1000,
    requestTimeoutMs: 1000,
  }),
  secrets: ['TOKEN000TOKEN000TOKEN000TOKEN000'],
  dialPath: '/Calls/callBack',
  prelude: () => undefined,
  accepted: { body: e9Answer({ statusCode: '000000', callId: CALL_ID, dateCreated: '2016/03/24 18:00:10', subStatusCode: '' }), vendorCallId: CALL_ID },
  refused: (represent) => ({ body: e9Answer({ statusCode: '900201', represent, dateCreated: '2016/03/24 18:00:10' }), vendorCode: '900201' }),
  inDoubt: [
    e9Answer({ statusCode: '900000', represent: '未知错误' }),
    e9Answer({ statusCode: '900050', represent: '内部错误' }),
    e9Answer({ statusCode: '123456', represent: 'in no list' }),
    e9Answer({ statusCode: '900201', callId: CALL_ID, represent: 'refused, yet with a call' }),
    e9Answer({ statusCode: '000000', callId: 'not a call id' }),
    e9Answer({ statusCode: '000000', callId: null }),
    e9Answer({ statusCode: null, callId: CALL_ID }),
  ],
};

const SERIAL = '1037058396471308289';
const hwAnswer = (answer: Readonly<Record<string, unknown>>): string => JSON.stringify(answer);

const createCall: VendorKit = {
  folder: 'hw/create-call',
  settings: (endpoint) => ({ endpoint, appKey: 'APPKEY00APPKEY00', appSecret: new Secret('short-secret'), dialTimeoutMs: 1000, requestTimeoutMs: 1000 }),
  secrets: ['short-secret', 'ACCESS-TOKEN'],
  dialPath: '/mobileAgent/createCall',
  prelude: ({ path }) => (path.endsWith('/tokenByAkSk') ? { body: hwAnswer({ AccessToken: 'ACCESS-TOKEN', Expires: '3600' }) } : undefined),
  accepted: { body: `{"retCode":"0","retMsg":"success","result":{"callSerialNo":${SERIAL}}}`, vendorCallId: SERIAL },
  refused: (retMsg) => ({ body: hwAnswer({ retCode: '5', retMsg }), vendorCode: '5' }),
  inDoubt: [
    hwAnswer({ retCode: '1', retMsg: '外呼数据库中可能已存在相同外呼任务' }),
    hwAnswer({ retCode: '3', retMsg: 'no serial' }),
    hwAnswer({ retCode: '90104008', retMsg: 'Service Process Failure' }),
    hwAnswer({ retCode: '77', retMsg: 'in no list' }),
    hwAnswer({ retCode: '5', retMsg: 'refused, yet with a call', result: { callSerialNo: SERIAL } }),
    hwAnswer({ retCode: '0', retMsg: 'success' }),
    hwAnswer({ retCode: '0', result: { callSerialNo: '' } }),
    hwAnswer({ result: { callSerialNo: SERIAL } }),
  ],
};

const SESSION = '1202_566_0_20161228102743@callenabler.home1.com';
const voiceAnswer = (answer: Readonly<Record<string, unknown>>): string => JSON.stringify(answer);

const voiceCall: VendorKit = {
  folder: 'hw/voice-call',
  settings: (endpoint) => ({
    endpoint,
    appKey: 'APPKEY00APPKEY00',
    appSecret: new Secret('short-secret'),
    displayNbr: '+8675512345678',
    displayCalleeNbr: '+8675587654321',
    callbackUrl: new Secret('https://cc.example/callbacks/hw-voice/callback-secret-0123456789'),
    partyTypes: { a: ['caller'], b: ['callee'], vendor: ['platform'] },
    dialTimeoutMs: 1000,
    requestTimeoutMs: 1000,
  }),
  secrets: ['short-secret', 'APPKEY00APPKEY00', 'callback-secret-0123456789'],
  dialPath: '/click2Call/v2.0',
  prelude: () => undefined,
  accepted: { body: voiceAnswer({ resultcode: '0', resultdesc: 'Success', sessionId: SESSION }), vendorCallId: SESSION },
  refused: (resultdesc) => ({ body: voiceAnswer({ resultcode: '1010003', resultdesc }), vendorCode: '1010003' }),
  inDoubt: [
    voiceAnswer({ resultcode: '1010001', resultdesc: 'in no list' }),
    voiceAnswer({ resultcode: '1020176', resultdesc: 'in no list' }),
    voiceAnswer({ resultcode: '10230100', resultdesc: 'no code of authentication' }),
    voiceAnswer({ resultcode: '1010003', resultdesc: 'refused, yet with a call', sessionId: SESSION }),
    voiceAnswer({ resultcode: '0', resultdesc: 'Success' }),
    voiceAnswer({ resultcode: '0', sessionId: '' }),
    voiceAnswer({ resultcode: '0', sessionId: 'no session id' }),
    voiceAnswer({ resultcode: '0', sessionId: `${SESSION}${'x'.repeat(20)}` }),
    voiceAnswer({ sessionId: SESSION }),
  ],
};

const jy: VendorKit = {
  folder: 'jy',
  settings: (endpoint) => ({ endpoint, credentials: { apiKey: new Secret('jy-key'), apiSecret: new Secret('jy-secret') }, dialTimeoutMs: 1000, requestTimeoutMs: 1000 }),
  secrets: ['jy-key', 'jy-secret'],
  dialPath: '/v1/calls',
  prelude: () => undefined,
  accepted: { body: '{"code":"0","message":"accepted","result":{"callId":"20161228102743.1"}}', vendorCallId: '20161228102743.1' },
  refused: (message) => ({ body: JSON.stringify({ code: 'bad-number', message }), vendorCode: 'bad-number' }),
  inDoubt: [
    '{"code":"internal","message":"in no list"}',
    '{"code":"bad-number","result":{"callId":"c-1"}}',
    '{"code":"0"}',
    '{"code":"0","result":{"callId":"not a call id"}}',
    '{"code":null,"result":{"callId":"c-1"}}',
    '{"code":"constructor","message":"no code of anybody"}',
    '{"code":{"code":"bad-number"}}',
    '{"result":{"callId":"c-1"}}',
  ],
};

const CALL = '1455885056-1095';
const agentGateway: VendorKit = {
  folder: 'hw/agent-gateway',
  lines: [{ id: '20011', agentId: 20_011, password: new Secret('short-pass'), phone: '40038', skillId: 25 }],
  settings: (endpoint) => ({ endpoint, dialTimeoutMs: 1000, requestTimeoutMs: 1000 }),
  secrets: ['short-pass', 'SESSION-OF-THE-SEAT'],
  dialPath: '/callout',
  prelude: () => undefined,
  accepted: { body: hwAnswer({ message: '', retcode: '0', result: CALL }), vendorCallId: CALL },
  refused: (message) => ({ body: hwAnswer({ message, retcode: '000-002' }), vendorCode: '000-002' }),
  inDoubt: [
    hwAnswer({ message: '', retcode: '0' }),
    hwAnswer({ message: '', retcode: '0', result: '' }),
    hwAnswer({ message: '', retcode: '0', result: { callid: CALL } }),
    hwAnswer({ message: '', retcode: '0', result: 'not a call id' }),
    hwAnswer({ message: 'repeated', retcode: '000-007' }),
    hwAnswer({ message: 'switching', retcode: '000-004' }),
    hwAnswer({ message: 'exception', retcode: '100-007' }),
    hwAnswer({ message: 'state', retcode: '100-009' }),
    hwAnswer({ message: 'voice', retcode: '200-025' }),
    hwAnswer({ message: 'refused, yet with a call', retcode: '000-002', result: CALL }),
    hwAnswer({ result: CALL }),
  ],
};

/** By `code/protocol`: the conformance suite fails for a registered vendor that is not in here. */
export const vendorKits: Readonly<Record<string, VendorKit>> = { 'e9/callback': e9, 'hw/agentGateway': agentGateway, 'hw/createCall': createCall, 'hw/voiceCall': voiceCall, 'jy/connector': jy };
