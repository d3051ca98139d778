import { SilentLog } from '@cc/kernel';
import { HandTime } from '../../../test/hand-time';
import { CallbackSender, type CallbackOutcome } from '../callback-sender';
import { arrangeDeliveries } from '../deliveries';
import { Exchange } from '../exchange';
import { Pace } from '../pace';
import { scenarioFor } from '../scenario';
import type { SimulatedCall } from '../simulated-call';
import { Tally } from '../tally';
import { beijingDateTime, beijingDigits, fromBeijingDigits } from './beijing-time';
import { E9Announcer } from './e9-announcer';
import { credentialFault, e9Signature, recordingAuth, type E9Account, type E9Credentials } from './e9-authentication';
import type { E9Fields } from './e9-codes';
import { checkDial } from './e9-dial-request';
import { notificationXml, notificationsOf } from './e9-notification';
import { E9Platform } from './e9-platform';

const account: E9Account = {
  accountSid: 'e9devaccount00000000000000000001', authToken: 'e9devtoken0000000000000000000001', appId: 'e9devapp000000000000000000000001',
  displayNumbers: ['4001234567', '01088889999'], queriesPerMinute: 9,
};
const NOW = Date.parse('2016-03-24T18:00:10+08:00');

class NotedCallbacks extends CallbackSender {
  readonly sent: string[] = [];
  outcome: CallbackOutcome = { kind: 'answered', status: 200 };
  /** Resolves what was sent, once somebody wants it resolved. */
  answer: Promise<void> = Promise.resolve();
  async send(xml: string): Promise<CallbackOutcome> {
    this.sent.push(/<action>(\w+)<.*?(?:<userFlag>(\d)<|$)/.exec(xml)?.slice(1).join('') ?? xml);
    await this.answer;
    return this.outcome;
  }
}

function simulate() {
  const time = new HandTime(NOW);
  const sender = new NotedCallbacks();
  const [pace, tally] = [new Pace(1), new Tally()];
  const exchange = new Exchange(time.clock, pace, 1);
  new E9Announcer({ clock: time.clock, timers: time, pace, tally, log: new SilentLog() }, exchange, sender, account.appId);
  const platform = new E9Platform({ account, clock: time.clock, pace, tally }, exchange);
  const dial = (to: string, more: E9Fields = {}): SimulatedCall => {
    const { answer } = platform.dial({ appId: account.appId, from: '13912345678', to, ...more }, 'http://sim');
    const { callId } = answer;
    const call = typeof callId === 'string' ? exchange.find('e9', callId) : undefined;
    if (call === undefined) throw new Error(`not placed: ${JSON.stringify(answer)}`);
    return call;
  };
  return { time, sender, tally, exchange, platform, dial };
}

describe('Beijing time', () => {
  test('is eight hours ahead, both ways, and only real moments parse', () => {
    expect([beijingDigits(NOW), beijingDateTime(NOW), fromBeijingDigits('20160324180010')]).toEqual(['20160324180010', '2016/03/24 18:00:10', NOW]);
    expect(['20160230120000', '20161301000000', '20160324250000', '2016032418001', 'x'].map(fromBeijingDigits)).toEqual(Array(5).fill(undefined));
  });
});

describe('credentials', () => {
  // Both digests come from md5sum.
  test('have the digests of the vendor’s page', () => {
    expect(e9Signature(account, '20160324180016')).toBe('71A47109A5C55B73F5F62CEBA53069DE');
    expect(recordingAuth(account)).toBe('48002F8A51F30B25AD14D6E9CFCF09EA');
  });

  const sign = (timestamp: string): Pick<E9Credentials, 'sig' | 'authorization'> => ({
    sig: e9Signature(account, timestamp), authorization: Buffer.from(`${account.accountSid}:${timestamp}`).toString('base64'),
  });
  const right: E9Credentials = { version: '2016-01-01', accountSid: account.accountSid, ...sign('20160324180010') };
  const base64 = (text: string): string => Buffer.from(text).toString('base64');
  const rows: [what: string, code: string | undefined, given: Partial<E9Credentials>][] = [
    ['right', undefined, {}],
    ['twelve hours behind', undefined, sign('20160324060010')],
    ['twelve hours ahead', undefined, sign('20160325060010')],
    ['more than twelve hours behind', '900109', sign('20160324060009')],
    ['more than twelve hours ahead', '900109', sign('20160325060011')],
    ['UTC instead of Beijing would still pass', undefined, sign('20160324100010')],
    ['another version', '900099', { version: '2013-12-26' }],
    ['no sig', '900100', { sig: undefined }],
    ['no Authorization', '900101', { authorization: undefined }],
    ['Authorization that is no Base64', '900101', { authorization: `${account.accountSid}:20160324180010` }],
    ['Authorization without a colon', '900102', { authorization: base64(account.accountSid) }],
    ['a short SID', '900104', { accountSid: 'short' }],
    ['a SID with a hyphen', '900105', { accountSid: `${'a'.repeat(31)}-` }],
    ['no timestamp', '900106', { authorization: base64(`${account.accountSid}:`) }],
    ['a timestamp in epoch ms', '900107', { authorization: base64(`${account.accountSid}:${NOW}`) }],
    ['14 digits that are no moment', '900108', sign('20160230180010')],
    ['another SID in the path', '900110', { accountSid: 'a'.repeat(32) }],
    ['another SID in the header', '900110', { authorization: base64(`${'a'.repeat(32)}:20160324180010`) }],
    ['a sig in small letters', '900111', { sig: e9Signature(account, '20160324180010').toLowerCase() }],
    ['a sig of another second', '900111', { sig: e9Signature(account, '20160324180011') }],
  ];
  test.each(rows)('%s: %s', (_what, code, given) => {
    expect(credentialFault({ ...right, ...given }, account, NOW)).toBe(code);
  });
});

describe('a dial request', () => {
  const right = { appId: account.appId, from: '13912345678', to: '13812345678' };
  const rows: [code: string, fields: object][] = [
    ['900112', { appId: '' }], ['900113', { appId: 'd'.repeat(32) }],
    ['900200', { from: undefined }], ['900201', { from: '+8613912345678' }], ['900201', { from: '4001234567' }], ['900201', { from: '1391234567' }],
    ['900202', { to: null }], ['900203', { to: '8613812345678' }], ['900203', { to: '9551' }], ['900203', { to: '955881234567' }],
    ['900209', { maxCallTime: 28_801 }], ['900209', { maxCallTime: '-1' }], ['900209', { maxCallTime: 'long' }], ['900209', { maxCallTime: 1.5 }],
    ['900210', { needRecord: 2 }], ['900210', { needRecord: 'true' }], ['900210', { needRecord: true }],
    ['900211', { countDownTime: 10, maxCallTime: 60 }], ['900212', { countDownTime: 30 }], ['900212', { countDownTime: 50, maxCallTime: 40 }],
    ['900216', { userData: '汉'.repeat(43) }], ['900216', { userData: 'x'.repeat(129) }], ['900216', { userData: 7 }],
    ['900098', { fromSerNum: ['1', '2', '3', '4'].map((last) => `400123456${last}`) }], ['900098', { toSerNum: '4001234567' }], ['900098', { toSerNum: [4001234567] }],
    ['900205', { fromSerNum: ['13912345678'] }], ['900207', { toSerNum: ['13812345678'] }],
  ];
  test.each(rows)('is refused with %s: %j', (code, fields) => {
    expect(checkDial({ ...right, ...fields }, account)).toEqual({ kind: 'fault', code });
  });

  const accepted: [fields: object, dial: object][] = [
    [{}, { from: '13912345678', to: '13812345678', needRecord: false, userData: undefined, maxCallSeconds: undefined, shownToA: undefined, shownToB: undefined, displayFault: undefined }],
    [{ from: '075512345678', to: '95588' }, { from: '075512345678', to: '95588' }],
    [{ to: '4001234567' }, { to: '4001234567' }],
    [{ needRecord: '1', maxCallTime: '28800', countDownTime: 30, userData: 'x'.repeat(128) }, { needRecord: true, maxCallSeconds: 28_800, userData: 'x'.repeat(128) }],
    [{ fromSerNum: ['01000000000', '4001234567'], toSerNum: ['13912345678'] }, { shownToA: '4001234567', shownToB: '13912345678', displayFault: undefined }],
    [{ fromSerNum: '[4001234567, 01088889999]', toSerNum: '[]' }, { shownToA: '4001234567', shownToB: undefined, displayFault: undefined }],
    [{ fromSerNum: ['01000000000'] }, { shownToA: undefined, displayFault: '900206' }],
    [{ toSerNum: ['13700000000'] }, { shownToB: undefined, displayFault: '900208' }],
    [{ fromSerNum: ['01000000000'], toSerNum: ['13700000000'] }, { displayFault: '900204' }],
  ];
  test.each(accepted)('is accepted: %j', (fields, dial) => {
    expect(checkDial({ ...right, ...fields }, account)).toMatchObject({ kind: 'dial', dial });
  });
});

describe('callbacks', () => {
  const at = (time: string): number => Date.parse(`2016-03-24T${time}+08:00`);
  const call: SimulatedCall = {
    vendor: 'e9', id: 'f'.repeat(32), a: '13912345678', b: '13812345678', echo: '{"test":"test"}', shownToA: undefined, shownToB: undefined, recorded: false, baseUrl: 'http://sim',
    scenario: scenarioFor('80'), dialledAt: at('18:00:10'),
    times: { aRingAt: at('18:00:12'), aAnsweredAt: at('18:00:16'), bRingAt: at('18:00:17'), connectedAt: at('18:00:22'), endedAt: at('18:00:31'), end: 'b-hung-up' },
  };
  const xmlOf = (one: SimulatedCall): string[] => notificationsOf(one).map((notification) => notificationXml(notification, one, account.appId));

  test('have the elements of the vendor’s sample', () => {
    const head = `<type>1</type><appId>${account.appId}</appId><caller>13912345678</caller><called>13812345678</called><subType>0</subType><callId>${call.id}</callId>`;
    const end = '<startTimeA>20160324180016</startTimeA><startTimeB>20160324180022</startTimeB><endTime>20160324180031</endTime><duration>9</duration><recordUrl></recordUrl><byeType>0</byeType>';
    expect(xmlOf(call)).toEqual([
      `<?xml version='1.0'?><req><action>CallInvite</action>${head}<dateCreated>20160324180012</dateCreated><userFlag>0</userFlag><userData>{"test":"test"}</userData></req>`,
      `<?xml version='1.0'?><req><action>CallInvite</action>${head}<dateCreated>20160324180017</dateCreated><userFlag>1</userFlag><userData>{"test":"test"}</userData></req>`,
      `<?xml version='1.0'?><req><action>CallEstablish</action>${head}<dateCreated>20160324180022</dateCreated><userData>{"test":"test"}</userData></req>`,
      `<?xml version='1.0'?><req><action>Hangup</action>${head}<dateCreated>20160324180031</dateCreated><userData>{"test":"test"}</userData>${end}</req>`,
    ]);
  });

  test('say null where nothing was set, escape nothing, and name the recording only of bridged legs', () => {
    const silent = { ...call, echo: undefined, recorded: true, times: { ...call.times, aAnsweredAt: undefined, bRingAt: undefined, connectedAt: undefined, end: 'a-no-answer' } as const };
    expect(xmlOf(silent).at(-1)).toContain('<userData>null</userData><startTimeA>null</startTimeA><startTimeB>null</startTimeB><endTime>20160324180031</endTime><duration>0</duration><recordUrl></recordUrl><byeType>1</byeType>');
    expect(xmlOf({ ...call, echo: 'a<b&c' })[0]).toContain('<userData>a<b&c</userData>');
    expect(xmlOf({ ...call, recorded: true }).at(-1)).toContain(`<recordUrl>http://sim/e9/recordings/20160324/${call.id}.mp3</recordUrl>`);
  });

  test('tell who saw a number', () => {
    const subTypes = (one: SimulatedCall): (string | undefined)[] => xmlOf(one).map((xml) => /<subType>(\d)</.exec(xml)?.[1]);
    expect(subTypes({ ...call, shownToA: '4001234567' })).toEqual(['1', '0', '0', '1']);
    expect(subTypes({ ...call, shownToA: '4001234567', shownToB: '13912345678' })).toEqual(['1', '1', '1', '2']);
  });

  test.each([
    ['in-order', ['0+0', '1+0', '2+0', '3+0']],
    ['none', []],
    ['twice', ['0+0', '0+50', '1+0', '1+50', '2+0', '2+50', '3+0', '3+50']],
    ['late', ['0+30000', '1+30000', '2+30000', '3+30000']],
    ['swapped', ['1+0', '0+5050', '3+0', '2+9050']],
  ] as const)('%s are sent so', (manner, sent) => {
    const notifications = notificationsOf(call);
    const deliveries = arrangeDeliveries(notifications, manner, new Pace(1));
    expect(deliveries.map(({ notification, sendAt }) => `${notifications.indexOf(notification)}+${sendAt - notification.occurredAt}`)).toEqual(sent);
  });

  test.each([
    ['80', ['CallInvite0', 'CallInvite1', 'CallEstablish', 'Hangup']],
    ['81', ['CallInvite0', 'Hangup']],
    ['82', ['CallInvite0', 'CallInvite1', 'Hangup']],
    ['83', ['CallInvite0', 'Hangup']],
    ['84', ['CallInvite0', 'CallInvite1', 'Hangup']],
    ['89', []],
    ['90', ['CallInvite0', 'CallInvite0', 'CallInvite1', 'CallInvite1', 'CallEstablish', 'CallEstablish', 'Hangup', 'Hangup']],
    ['91', ['CallInvite1', 'CallInvite0', 'Hangup', 'CallEstablish']],
    ['92', ['CallInvite0', 'CallInvite1', 'CallEstablish', 'Hangup']],
  ])('of scenario %s arrive as %j', async (digits, actions) => {
    const { time, sender, dial } = simulate();
    dial(`138123456${digits}`);
    await time.moveTo(NOW + 120_000);
    expect(sender.sent).toEqual(actions);
  });

  test('of one call wait for each other, those of another call do not', async () => {
    const { time, sender, dial } = simulate();
    let answer = (): void => undefined;
    sender.answer = new Promise((resolve) => (answer = resolve));
    dial('13812345681');
    await time.moveTo(NOW + 60_000);
    expect(sender.sent).toEqual(['CallInvite0']);
    dial('13812345681');
    await time.moveTo(NOW + 120_000);
    expect(sender.sent).toEqual(['CallInvite0', 'CallInvite0']);
    answer();
    await time.moveTo(NOW + 121_000);
    await new Promise((resolve) => setImmediate(resolve));
    expect(sender.sent).toEqual(['CallInvite0', 'CallInvite0', 'Hangup', 'Hangup']);
  });

  test('of a cancelled call stop with its end, each is tried once, and a failure is counted', async () => {
    const { time, sender, platform, dial, tally } = simulate();
    const early = dial('13812345680');
    await time.moveTo((early.times.bRingAt ?? 0) + 1);
    sender.outcome = { kind: 'answered', status: 500 };
    expect(platform.cancel({ appId: account.appId, callId: early.id })).toEqual({ statusCode: '000000', dateCreated: beijingDateTime(time.at), callId: early.id });
    expect(platform.cancel({ appId: account.appId, callId: early.id })).toMatchObject({ statusCode: '900217' });
    await time.moveTo(NOW + 120_000);
    expect(sender.sent).toEqual(['CallInvite0', 'CallInvite1', 'Hangup']);
    expect(tally.all()).toMatchObject({ 'e9.callback.acknowledged': 2, 'e9.callback.refused': 1 });
    expect([{ callId: 'x' }, { appId: account.appId }, { appId: 'x', callId: 'x' }].map((fields) => platform.cancel(fields)['statusCode'])).toEqual(['900112', '900213', '900113']);
  });
});

describe('the record query', () => {
  const type = 1;

  test('knows a call some seconds after its end, for 48 hours', () => {
    const { time, platform, dial } = simulate();
    const call = dial('13812345689', { userData: 'attempt-1' });
    const { endedAt } = call.times;
    const ask = (at: number) => {
      time.at = at;
      return platform.query({ callId: call.id, type });
    };
    expect([ask(endedAt - 1), ask(endedAt + 4999)].map(({ statusCode }) => statusCode)).toEqual(['900217', '900217']);
    expect(ask(endedAt + 5000)).toMatchObject({
      statusCode: '000000', type: 1,
      callNotify: { action: 'Hangup', type: 1, callId: call.id, caller: '13912345678', called: '13812345689', userData: 'attempt-1', byeType: '0', startTimeB: beijingDigits(call.times.connectedAt ?? 0), endTime: beijingDigits(endedAt) },
    });
    expect(ask(endedAt + 48 * 3_600_000)).toMatchObject({ statusCode: '000000' });
    expect(ask(endedAt + 48 * 3_600_000 + 1)).toMatchObject({ statusCode: '900219' });
  });

  test('allows nine queries in any minute', () => {
    const { time, platform } = simulate();
    const ask = () => platform.query({ callId: 'x', type })['statusCode'];
    expect(Array.from({ length: 11 }, ask)).toEqual([...Array(9).fill('900217'), '900224', '900224']);
    time.at += 59_999;
    expect(ask()).toBe('900224');
    time.at += 1;
    expect(ask()).toBe('900217');
    expect([{ type }, { callId: 'x' }, { callId: 'x', type: 3 }].map((fields) => platform.query(fields)['statusCode'])).toEqual(['900213', '900218', '900098']);
  });
});

describe('a recording', () => {
  const auth = recordingAuth(account);
  test.each([['80', 600], ['96', 1800], ['97', undefined]])('of scenario %s is there %s s after the end', (digits, delaySeconds) => {
    const { time, platform, dial } = simulate();
    const call = dial(`138123456${digits}`, { needRecord: 1 });
    const { aAnsweredAt = 0, endedAt } = call.times;
    const look = (at: number) => {
      time.at = at;
      return platform.recording(call.id, auth);
    };
    if (delaySeconds === undefined) return expect(look(endedAt + 86_400_000)).toEqual({ kind: 'missing' });
    expect(look(endedAt + delaySeconds * 1000 - 1)).toEqual({ kind: 'missing' });
    const found = look(endedAt + delaySeconds * 1000);
    // From A's answer to the end, to the next frame of 36 ms.
    expect(found.kind === 'audio' ? found.audio.length : 0).toBe(Math.ceil((endedAt - aAnsweredAt) / 36) * 36);
    return expect(platform.recording(call.id, auth.toLowerCase())).toEqual({ kind: 'forbidden' });
  });

  test('exists only where it was asked for and somebody talked', () => {
    const { time, platform, dial } = simulate();
    const calls = [dial('13812345680'), dial('13812345682', { needRecord: 1 })];
    time.at = NOW + 86_400_000;
    expect(calls.map(({ id }) => platform.recording(id, auth))).toEqual([{ kind: 'missing' }, { kind: 'missing' }]);
  });
});
