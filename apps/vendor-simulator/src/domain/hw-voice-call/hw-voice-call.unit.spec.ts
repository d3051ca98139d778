import { SilentLog } from '@cc/kernel';
import { z } from 'zod';
import { HandTime } from '../../../test/hand-time';
import { CallbackSender, type CallbackOutcome, type CallbackTarget } from '../callback-sender';
import { Exchange } from '../exchange';
import { HwPlatform } from '../hw/hw-platform';
import { Pace } from '../pace';
import type { ScenarioParts } from '../scenario';
import type { SimulatedCall } from '../simulated-call';
import { Tally } from '../tally';
import { createdText, fromCreatedText, utcText } from './utc-time';
import { KeptPushTerms } from './push-terms';
import { VoiceCallAnnouncer } from './voice-call-announcer';
import { credentialFault, pushHeaders, type VoiceCallCredentials } from './voice-call-authentication';
import type { VoiceCallFields } from './voice-call-codes';
import { checkVoiceCallDial } from './voice-call-dial-request';
import { VoiceCallPlatform } from './voice-call-platform';

const application = { appKey: 'key', appSecret: 'short-secret', displayNumbers: ['+864001234567', '+861088889999'] };
const NOW = Date.parse('2016-12-28T10:27:50Z');
const NONCE = '1f2e3d4c5b6a79880123456789abcdef';
const STATUS_URL = 'http://application/status';
const FEE_URL = 'http://application/fees';
const base64 = (text: string): string => Buffer.from(text).toString('base64');

const Status = z.object({ eventType: z.string(), statusInfo: z.record(z.string(), z.unknown()) });
const Fees = z.object({ eventType: z.literal('fee'), feeLst: z.array(z.record(z.string(), z.unknown())).length(1) });

class NotedPushes extends CallbackSender {
  readonly sent: { readonly at: number; readonly body: unknown; readonly target: CallbackTarget | undefined }[] = [];
  outcome: CallbackOutcome = { kind: 'answered', status: 200 };
  constructor(private readonly time: HandTime) {
    super();
  }
  send(body: string, target?: CallbackTarget): Promise<CallbackOutcome> {
    this.sent.push({ at: this.time.at, body: JSON.parse(body), target });
    return Promise.resolve(this.outcome);
  }
  /** `answer B`, `disconnect 0 callee`, `fee`. */
  get names(): string[] {
    return this.sent.map(({ body }) => {
      const status = Status.safeParse(body).data;
      if (status === undefined) return 'fee';
      const { eventType, statusInfo } = status;
      return eventType === 'disconnect' ? `disconnect ${String(statusInfo['stateCode'])} ${String(statusInfo['partyType'])}` : `${eventType} ${statusInfo['called'] === '+8613912345678' ? 'A' : 'B'}`;
    });
  }
  get fees(): Record<string, unknown>[] {
    return this.sent.flatMap(({ body }) => Fees.safeParse(body).data?.feeLst ?? []);
  }
}

function simulate() {
  const time = new HandTime(NOW);
  const sender = new NotedPushes(time);
  const [pace, tally] = [new Pace(1), new Tally()];
  const exchange = new Exchange(time.clock, pace, 1);
  const terms = new KeptPushTerms();
  new VoiceCallAnnouncer({ clock: time.clock, timers: time, pace, tally, log: new SilentLog() }, exchange, sender, { application, termsOf: (id) => terms.of(id) });
  const platform = new VoiceCallPlatform({ application, clock: time.clock, pace, tally }, exchange, terms);
  const dial = (calleeNbr: string, more: VoiceCallFields = {}): SimulatedCall => {
    const { answer } = platform.click2Call({ ...right, calleeNbr, ...more }, 'http://sim');
    const call = exchange.find('hw', answer.sessionId ?? '', 'voiceCall');
    if (call === undefined) throw new Error(`not placed: ${JSON.stringify(answer)}`);
    return call;
  };
  return { time, sender, tally, exchange, platform, dial };
}

const right = {
  callerNbr: '+8613912345678', calleeNbr: '+8613812345680', displayNbr: '+864001234567', displayCalleeNbr: '+861088889999', statusUrl: base64(STATUS_URL), feeUrl: base64(FEE_URL),
  recordFlag: 'true', partyTypeRequiredInDisconnect: 'true', userData: 'attempt-1',
};

test('times are UTC, and only the written form of a real moment is one', () => {
  expect([utcText(NOW), createdText(NOW), fromCreatedText('2016-12-28T10:27:50Z')]).toEqual(['2016-12-28 10:27:50', '2016-12-28T10:27:50Z', NOW]);
  expect(['2016-02-30T10:27:50Z', '2016-12-28T10:27:50+00:00', '2016-12-28T10:27:50.000Z', '2016-12-28 10:27:50', 'x'].map(fromCreatedText)).toEqual(Array(5).fill(undefined));
});

describe('credentials', () => {
  // Both digests come from openssl.
  const token = (digest: string, created = '2016-12-28T10:27:50Z', username = 'key'): string => `UsernameToken Username="${username}", PasswordDigest="${digest}", Nonce="${NONCE}", Created="${created}"`;
  const AKSK = 'AKSK realm="SDP",profile="UsernameToken",type="Appkey"';
  const WSSE = AKSK.replace('AKSK', 'WSSE');
  const hmac = 'PPXmoeyqVSH7pbOxXE9hWGFdeuQBWjdlPFJiRCQnHVs=';
  const sha = 'psOOefrswigAZstRnxSKlB21wIXX0XdKx+HRIbj4MG8=';
  const rows: [what: string, code: string | undefined, given: VoiceCallCredentials, nowMs?: number][] = [
    ['HMAC', undefined, { authorization: AKSK, aksk: token(hmac), wsse: undefined }],
    ['the older digest', undefined, { authorization: WSSE, aksk: undefined, wsse: token(sha) }],
    ['an hour late', undefined, { authorization: AKSK, aksk: token(hmac), wsse: undefined }, NOW + 3_600_000],
    ['more than an hour late', '1023004', { authorization: AKSK, aksk: token(hmac), wsse: undefined }, NOW + 3_600_001],
    ['more than an hour ahead', '1023004', { authorization: AKSK, aksk: token(hmac), wsse: undefined }, NOW - 3_600_001],
    ['local time', '1023004', { authorization: AKSK, aksk: token(hmac, '2016-12-28T10:27:50+08:00'), wsse: undefined }],
    ['the digest of the other form', '1023003', { authorization: AKSK, aksk: token(sha), wsse: undefined }],
    ['the digest of another second', '1023003', { authorization: AKSK, aksk: token(hmac, '2016-12-28T10:27:51Z'), wsse: undefined }],
    ['another application', '1023002', { authorization: AKSK, aksk: token(hmac, undefined, 'other'), wsse: undefined }],
    ['the header of the other form', '1023001', { authorization: AKSK, aksk: undefined, wsse: token(sha) }],
    ['no Authorization', '1023001', { authorization: undefined, aksk: token(hmac), wsse: undefined }],
    ['a part that is missing', '1023001', { authorization: AKSK, aksk: token(hmac).replace(/, Nonce="\w+"/, ''), wsse: undefined }],
  ];
  test.each(rows)('%s: %s', (_what, code, given, nowMs = NOW) => {
    expect(credentialFault(given, application, nowMs)).toBe(code);
  });

  test('of a push are those of the address that it goes to', () => {
    expect(pushHeaders(application, 'https://cc.example/callbacks/hw-voice/callback-secret-0123456789', NONCE, NOW)).toMatchObject({ 'x-aksk': token('jrlbzzJK/AysQkNBQXSIGjT0yDccs44Mpi6+CVdwOCQ='), 'content-type': 'application/json;charset=UTF-8' });
  });
});

describe('a click2Call request', () => {
  test.each<[string, object]>([
    ['callerNbr', { callerNbr: '13912345678' }], ['calleeNbr', { calleeNbr: '+86075512345678' }], ['calleeNbr', { calleeNbr: undefined }], ['calleeNbr', { calleeNbr: '+4915112345678' }], ['displayNbr', { displayNbr: '4001234567' }],
    ['displayNbr', { displayNbr: '+8675512345678' }], ['displayCalleeNbr', { displayCalleeNbr: '+8675512345678' }], ['maxDuration', { maxDuration: 1441 }], ['maxDuration', { maxDuration: -1 }], ['maxDuration', { maxDuration: 1.5 }],
    ['maxDuration', { maxDuration: 'long' }], ['recordFlag', { recordFlag: true }], ['partyTypeRequiredInDisconnect', { partyTypeRequiredInDisconnect: 1 }], ['statusUrl', { statusUrl: STATUS_URL }], ['feeUrl', { feeUrl: base64('ftp://x') }],
    ['userData', { userData: 'x'.repeat(257) }], ['userData', { userData: 7 }],
  ])('is refused for its %s: %j', (detail, fields) => {
    expect(checkVoiceCallDial({ ...right, ...fields }, application.displayNumbers)).toEqual({ kind: 'fault', detail });
  });

  test('is accepted with everything, and with what it must have', () => {
    const { callerNbr, calleeNbr, displayNbr, displayCalleeNbr } = right;
    const dialled = { caller: callerNbr, callee: calleeNbr, shownToA: displayNbr, shownToB: displayCalleeNbr };
    expect(checkVoiceCallDial({ ...right, maxDuration: '1440' }, application.displayNumbers)).toEqual({ kind: 'dial', dial: { ...dialled, recorded: true, partyType: true, statusUrl: STATUS_URL, feeUrl: FEE_URL, userData: 'attempt-1', maxTalkSeconds: 86_400 } });
    expect(checkVoiceCallDial({ callerNbr, calleeNbr: '+8695588', displayNbr, displayCalleeNbr, maxDuration: 0 }, application.displayNumbers)).toEqual({
      kind: 'dial', dial: { ...dialled, callee: '+8695588', recorded: false, partyType: false, statusUrl: undefined, feeUrl: undefined, userData: undefined, maxTalkSeconds: undefined },
    });
  });

  test('gets a session in the vendor’s form, or a refusal that places nothing', () => {
    const { platform, exchange, dial } = simulate();
    expect(dial('+8613812345680').id).toMatch(/^1202_\d{1,6}_\d{1,6}_20161228102750@callenabler\.home1\.com$/);
    const placed = exchange.all().length;
    expect([undefined, { ...right, callerNbr: 'x' }, { ...right, calleeNbr: '+8613812345685' }, { ...right, calleeNbr: '+8613812345694' }].map((fields) => platform.click2Call(fields, 'http://sim'))).toMatchObject([
      { status: 400, answer: { resultcode: '1010002' }, manner: { manner: 'refused' } }, { status: 400, answer: { resultcode: '1010003' } }, { status: 200, answer: { resultcode: '1013003' } }, { manner: { manner: 'failed' } },
    ]);
    expect(exchange.all()).toHaveLength(placed);
    expect(platform.click2Call({ ...right, calleeNbr: '+8613812345693' }, 'http://sim').manner.manner).toBe('answer-lost');
    expect(exchange.all()).toHaveLength(placed + 1);
  });

  test('is turned away, or answered with a code that says nothing, as a script wants it', () => {
    const { platform, exchange } = simulate();
    const wanted: ScenarioParts[] = [{ dial: 'unavailable' }, { dial: 'error-inside' }, { dial: 'error-inside', placed: false }];
    const outcomes = wanted.map((scenario) => {
      exchange.scripts.add({ vendor: 'hw', calls: 1, scenario });
      const { answer } = platform.click2Call(right, 'http://sim');
      return [answer.resultcode, answer.sessionId, exchange.all().length];
    });
    expect(outcomes).toEqual([['1020165', undefined, 0], ['9999999', undefined, 1], ['9999999', undefined, 1]]);
  });

  test('is played by hand like any other, and its pushes tell what happened', async () => {
    const { time, sender, exchange, dial } = simulate();
    const call = dial('+8613812345699');
    await time.moveTo(NOW + 20_000);
    expect(exchange.play('hw', call.id, 'A', 'answer').kind).toBe('done');
    await time.moveTo(NOW + 30_000);
    expect(exchange.play('hw', call.id, 'B', 'decline').kind).toBe('done');
    await time.moveTo(NOW + 60_000);
    expect(sender.names).toEqual(['callout A', 'alerting A', 'answer A', 'callout B', 'alerting B', 'disconnect 8102 callee', 'fee']);
  });

  test('is no call of the vendor’s other product', () => {
    const { time, exchange, dial } = simulate();
    const call = dial('+8613812345680');
    expect([exchange.find('hw', call.id), exchange.hangUp('hw', call.id)]).toEqual([undefined, undefined]);
    time.at = call.times.endedAt;
    const createCall = new HwPlatform({ clock: time.clock, pace: new Pace(1), tally: new Tally() }, exchange);
    expect(createCall.queryCallDetailRecord({ startTime: NOW, endTime: time.at })).toMatchObject({ retCode: '1' });
  });
});

describe('the pushes', () => {
  const legs = ['callout A', 'alerting A', 'answer A', 'callout B', 'alerting B', 'answer B'];
  test.each<[string, string[]]>([
    ['80', [...legs, 'disconnect 0 callee', 'fee']],
    ['81', ['callout A', 'alerting A', 'disconnect 8107 platform', 'fee']],
    ['82', [...legs.slice(0, 5), 'disconnect 8101 platform', 'fee']],
    ['83', ['callout A', 'disconnect 8108 caller', 'fee']],
    ['84', [...legs.slice(0, 4), 'disconnect 8102 callee', 'fee']],
    ['86', [...legs, 'disconnect 0 caller', 'fee']],
    ['88', [...legs, 'disconnect 8010 platform', 'fee']],
    ['89', []],
    ['90', ['callout A', 'alerting A', 'callout A', 'alerting A', 'answer A', 'answer A', 'callout B', 'alerting B', 'callout B', 'alerting B', 'answer B', 'answer B', 'disconnect 0 callee', 'disconnect 0 callee', 'fee', 'fee']],
    ['91', ['alerting A', 'callout A', 'callout B', 'answer A', 'answer B', 'alerting B', 'fee', 'disconnect 0 callee']],
    ['92', [...legs, 'disconnect 0 callee', 'fee']],
  ])('of scenario %s are %j', async (digits, names) => {
    const { time, sender, dial } = simulate();
    dial(`+86138123456${digits}`);
    await time.moveTo(NOW + 200_000);
    expect(sender.names).toEqual(names);
  });

  test('tell status and fees at their addresses, each signed over it', async () => {
    const { time, sender, dial } = simulate();
    const call = dial('+8613812345680');
    const { aRingAt, aAnsweredAt = 0, bRingAt = 0, connectedAt = 0, endedAt } = call.times;
    await time.moveTo(NOW + 200_000);
    expect(sender.sent.map(({ target }) => target?.url)).toEqual([...Array<string>(7).fill(STATUS_URL), FEE_URL]);
    const nonces = sender.sent.map(({ target }) => /Nonce="(\w+)"/.exec(target?.headers['x-aksk'] ?? '')?.[1] ?? '');
    expect(new Set(nonces).size).toBe(8);
    expect(sender.sent.map(({ target }) => target?.headers)).toEqual(sender.sent.map(({ at, target }, index) => pushHeaders(application, target?.url ?? '', nonces[index] ?? '', at)));
    const common = { userData: 'attempt-1', sessionId: call.id };
    expect(sender.sent[0]?.body).toEqual({ eventType: 'callout', statusInfo: { timestamp: utcText(aRingAt), ...common, caller: '+864001234567', called: '+8613912345678' } });
    expect(sender.sent[5]?.body).toEqual({ eventType: 'answer', statusInfo: { timestamp: utcText(connectedAt), ...common, caller: '+861088889999', called: '+8613812345680' } });
    expect(sender.sent[6]?.body).toEqual({ eventType: 'disconnect', statusInfo: { timestamp: utcText(endedAt), ...common, caller: '+864001234567', called: '+8613912345678', partyType: 'callee', stateCode: 0, stateDesc: 'hung up' } });
    expect(sender.fees).toEqual([{
      icid: expect.any(String), sessionId: call.id, bindNum: '+864001234567', callerNum: '+864001234567', calleeNum: '+8613912345678', fwdDisplayNum: '+861088889999', fwdDstNum: '+8613812345680',
      callOutStartTime: utcText(aRingAt), callOutAlertingTime: utcText(aRingAt), callOutAnswerTime: utcText(aAnsweredAt), callOutUnaswRsn: 0,
      fwdStartTime: utcText(bRingAt), fwdAlertingTime: utcText(bRingAt), fwdAnswerTime: utcText(connectedAt), fwdUnaswRsn: 0, callEndTime: utcText(endedAt), failTime: '', ulFailReason: 0, sipStatusCode: 0,
      recordFlag: 1, recordStartTime: utcText(connectedAt), recordDomain: 'ostor.sim', recordBucketName: 'records', recordObjectName: `${call.id}.wav`, recordFileDownloadUrl: '', serviceType: '002', userData: 'attempt-1',
    }]);
    expect(sender.sent.at(-1)?.at).toBe(endedAt + 2000);
  });

  test.each([['81', { callOutUnaswRsn: 19, fwdUnaswRsn: 0, callOutAnswerTime: '', fwdStartTime: '' }], ['82', { callOutUnaswRsn: 0, fwdUnaswRsn: 19, fwdAnswerTime: '' }], ['83', { callOutUnaswRsn: 17, callOutAlertingTime: '' }], ['84', { callOutUnaswRsn: 0, fwdUnaswRsn: 17, fwdAlertingTime: '' }]])('of scenario %s say why a leg was not answered', async (digits, fee) => {
    const { time, sender, dial } = simulate();
    const call = dial(`+86138123456${digits}`);
    await time.moveTo(NOW + 200_000);
    expect(sender.fees).toMatchObject([{ ...fee, failTime: utcText(call.times.endedAt), recordFlag: 0 }]);
    expect(sender.fees[0]).not.toHaveProperty('recordObjectName');
  });

  test('go only where they are wanted, and tell who hung up only when asked', async () => {
    const { time, sender, dial } = simulate();
    dial('+8613812345680', { statusUrl: undefined });
    dial('+8613812345681', { feeUrl: undefined, partyTypeRequiredInDisconnect: 'false', userData: undefined });
    await time.moveTo(NOW + 200_000);
    expect(sender.names.sort()).toEqual(['alerting A', 'callout A', 'disconnect 8107 undefined', 'fee']);
    expect(JSON.stringify(sender.sent.filter(({ body }) => Status.safeParse(body).success))).not.toMatch(/userData|partyType/);
  });

  test('that are not taken: status never again, fees six times more, an hour apart', async () => {
    const { time, sender, dial, tally } = simulate();
    sender.outcome = { kind: 'answered', status: 503 };
    const { times } = dial('+8613812345681');
    await time.moveTo(NOW + 24 * 3_600_000);
    expect(sender.names).toEqual(['callout A', 'alerting A', 'disconnect 8107 platform', ...Array<string>(7).fill('fee')]);
    expect(sender.sent.filter((_, index) => index >= 3).map(({ at }) => at - times.endedAt - 2000)).toEqual([0, 1, 2, 3, 4, 5, 6].map((hours) => hours * 3_600_000));
    expect(tally.all()).toMatchObject({ 'hw.voice.fee.refused': 7, 'hw.voice.status.refused': 3 });
  });

  test('of fees end once they are taken', async () => {
    const { time, sender, dial } = simulate();
    sender.outcome = { kind: 'failed', reason: 'ECONNREFUSED' };
    const { times } = dial('+8613812345681');
    await time.moveTo(times.endedAt + 3_600_000);
    sender.outcome = { kind: 'answered', status: 200 };
    await time.moveTo(NOW + 24 * 3_600_000);
    expect(sender.names.filter((name) => name === 'fee')).toHaveLength(2);
  });

  test('of fees are lost while the vendor is silent, repetitions too, and go on when it speaks again', async () => {
    const { time, sender, dial, tally, exchange } = simulate();
    sender.outcome = { kind: 'answered', status: 503 };
    const { times } = dial('+8613812345681');
    await time.moveTo(times.endedAt + 3000);
    exchange.outages.begin('hw', { callbacks: 'none' });
    await time.moveTo(times.endedAt + 2.5 * 3_600_000);
    expect(sender.names.filter((name) => name === 'fee')).toHaveLength(1);
    exchange.outages.end('hw');
    await time.moveTo(NOW + 24 * 3_600_000);
    expect(sender.names.filter((name) => name === 'fee')).toHaveLength(5);
    expect(tally.all()).toMatchObject({ 'hw.callback.silenced': 2 });
  });

  test('of a stopped call end with it', async () => {
    const { time, sender, platform, dial } = simulate();
    const call = dial('+8613812345680');
    await time.moveTo((call.times.bRingAt ?? 0) + 1);
    const stop = (fields: VoiceCallFields | undefined) => platform.callStop(fields);
    expect(stop({ sessionid: call.id, signal: 'call_stop' })).toEqual({ status: 200, answer: { resultcode: '0', resultdesc: 'Success' }, manner: { manner: 'accepted', afterSeconds: 0 } });
    await time.moveTo(NOW + 200_000);
    expect(sender.names).toEqual(['callout A', 'alerting A', 'answer A', 'callout B', 'alerting B', 'disconnect 8017 platform', 'fee']);
    expect(sender.fees).toMatchObject([{ callOutUnaswRsn: 0, fwdUnaswRsn: 16, fwdAnswerTime: '' }]);
    expect([stop({ sessionid: call.id, signal: 'call_stop' }), stop({ sessionid: 7, signal: 'call_stop' }), stop({ sessionid: call.id }), stop(undefined)].map(({ answer }) => answer.resultcode)).toEqual(['1010003', '1010003', '1010003', '1010002']);
  });
});

describe('a recording', () => {
  test.each([['80', 2], ['96', 60], ['97', undefined]])('of scenario %s has an address %s s after the end, for five minutes', (digits, delaySeconds) => {
    const { time, platform, dial } = simulate();
    const call = dial(`+86138123456${digits}`);
    const { connectedAt = 0, endedAt } = call.times;
    const address = (at: number): URL | undefined => {
      time.at = at;
      const url = platform.recordAddress(`${call.id}.wav`, 'ostor.sim', 'http://sim');
      return url === undefined ? undefined : new URL(url);
    };
    if (delaySeconds === undefined) return expect(address(endedAt + 86_400_000)).toBeUndefined();
    expect(address(endedAt + delaySeconds * 1000 - 1)).toBeUndefined();
    const url = address(endedAt + delaySeconds * 1000);
    expect(decodeURIComponent(url?.pathname ?? '')).toBe(`/hw/voice-recordings/${call.id}.wav`);
    const [expires, signature] = [url?.searchParams.get('expires') ?? '', url?.searchParams.get('signature') ?? ''];
    expect(Number(expires)).toBe(time.at + 300_000);
    const found = platform.recording(call.id, expires, signature);
    expect(found.kind === 'audio' ? found.audio.readUInt32LE(54) / 8 : 0).toBeCloseTo(endedAt - connectedAt, 0);
    expect([platform.recording(call.id, expires, 'x'), platform.recording(call.id, String(Number(expires) + 1), signature), platform.recording('other', expires, signature)]).toEqual(Array(3).fill({ kind: 'forbidden' }));
    time.at = Number(expires);
    return expect(platform.recording(call.id, expires, signature)).toEqual({ kind: 'forbidden' });
  });

  test('exists only where it was asked for, and they talked for three seconds', async () => {
    const { time, sender, platform, dial } = simulate();
    const [unwanted, unanswered, short] = [dial('+8613812345680', { recordFlag: 'false' }), dial('+8613812345682'), dial('+8613812345688')];
    await time.moveTo((short.times.connectedAt ?? 0) + 2999);
    platform.callStop({ sessionid: short.id, signal: 'call_stop' });
    await time.moveTo(NOW + 86_400_000);
    expect([unwanted, unanswered, short].map(({ id }) => platform.recordAddress(`${id}.wav`, 'ostor.sim', 'http://sim'))).toEqual(Array(3).fill(undefined));
    expect(sender.fees).toMatchObject(Array(3).fill({ recordFlag: 0 }));
    const talked = dial('+8613812345680');
    time.at += 86_400_000;
    expect([['other.wav', 'ostor.sim'], [`${talked.id}.wav`, 'elsewhere'], [talked.id, 'ostor.sim'], [undefined, undefined]].map(([name, domain]) => platform.recordAddress(name, domain, 'http://sim'))).toEqual(Array(4).fill(undefined));
    expect(platform.recordAddress(`${talked.id}.wav`, 'ostor.sim', 'http://sim')).toBeDefined();
  });
});
