import { Clock } from '@cc/kernel';
import { Exchange } from '../exchange';
import { Pace } from '../pace';
import { Tally } from '../tally';
import { Timers } from '../timers';
import { HwSeatsPlatform, type HwSeatReply } from './hw-seats-platform';

class HandClock extends Clock {
  now = 1_700_000_000_000;
  nowMs(): number {
    return this.now;
  }
}

/** Time passes when the test says so. */
class HandTimers extends Timers {
  private readonly planned = new Map<object, { readonly at: number; readonly work: () => void }>();

  constructor(private readonly clock: HandClock) {
    super();
  }

  override after(delayMs: number, work: () => void): () => void {
    const key = {};
    this.planned.set(key, { at: this.clock.now + delayMs, work });
    return () => void this.planned.delete(key);
  }

  override pause(delayMs: number): Promise<void> {
    return new Promise((resolve) => void this.after(delayMs, resolve));
  }

  pass(ms: number): void {
    const end = this.clock.now + ms;
    for (;;) {
      const [next] = [...this.planned].filter(([, { at }]) => at <= end).sort(([, a], [, b]) => a.at - b.at);
      if (next === undefined) break;
      const [key, { at, work }] = next;
      this.planned.delete(key);
      this.clock.now = Math.max(this.clock.now, at);
      work();
    }
    this.clock.now = end;
  }
}

const AGENT = '20001';
const credentials = { password: 'pass', phonenum: '40038' };

function stage(authMode: 'static' | 'dynamic' = 'static') {
  const clock = new HandClock();
  const timers = new HandTimers(clock);
  const pace = new Pace(1);
  const exchange = new Exchange(clock, pace, 1);
  const platform = new HwSeatsPlatform({ count: 2, password: 'pass', authMode }, { clock, timers, pace, tally: new Tally() }, exchange);
  const guid = platform.signIn(AGENT, credentials, false).guid ?? '';
  const events = async (): Promise<string[]> => {
    const told: string[] = [];
    for (;;) {
      const waiting = platform.poll(AGENT, guid);
      timers.pass(10_000);
      const { event } = (await waiting).answer;
      if (event === undefined) return told;
      told.push(event.eventType);
    }
  };
  const call = (called: string): HwSeatReply => platform.callOut(AGENT, guid, { called, callappdata: 'att-1' }, 'http://x');
  return { clock, timers, exchange, platform, guid, events, call };
}

const codeOf = ({ answer }: HwSeatReply): string => answer.retcode;

it('lets one agent in at a time, by password, and another only by force', async () => {
  const { platform, guid } = stage();
  expect(codeOf(platform.signIn('20002', { ...credentials, password: 'x' }, true))).toBe('100-004');
  expect(codeOf(platform.signIn('20003', credentials, false))).toBe('100-004');
  expect(codeOf(platform.signIn('20002', { password: 'pass' }, false))).toBe('100-001');
  expect(codeOf(platform.signIn(AGENT, credentials, false))).toBe('100-002');
  const held = platform.poll(AGENT, guid);
  const forced = platform.signIn(AGENT, credentials, true);
  expect(codeOf(forced)).toBe('0');
  expect(codeOf(await held)).toBe('100-008');
  expect(codeOf(await platform.poll(AGENT, guid))).toBe('000-003');
  expect(codeOf(platform.signOut(AGENT, forced.guid))).toBe('0');
  expect(codeOf(await platform.poll(AGENT, forced.guid))).toBe('100-006');
});

it('signs out who was not polled for two minutes', async () => {
  const { platform, timers, guid } = stage();
  timers.pass(119_000);
  const held = platform.poll(AGENT, guid);
  timers.pass(10_000);
  expect(codeOf(await held)).toBe('0');
  timers.pass(120_001);
  expect(codeOf(await platform.poll(AGENT, guid))).toBe('100-006');
});

it('answers a poll with the event at once, and holds it where there is none', async () => {
  const { platform, timers, guid, call } = stage();
  let answered = false;
  const held = platform.poll(AGENT, guid).then((reply) => {
    answered = true;
    return reply;
  });
  expect(codeOf(call('13812345680'))).toBe('0');
  await Promise.resolve();
  expect(answered).toBe(false);
  timers.pass(800);
  expect((await held).answer.event).toMatchObject({ eventType: 'AgentOther_PhoneAlerting', workNo: AGENT });
});

it('gives another Guid with each poll in dynamic mode', async () => {
  const { platform, timers, guid } = stage('dynamic');
  const held = platform.poll(AGENT, guid);
  timers.pass(10_000);
  const next = (await held).guid;
  expect(next).not.toBe(guid);
  expect(codeOf(platform.resetSkill(AGENT, guid))).toBe('000-003');
  expect(codeOf(platform.resetSkill(AGENT, next))).toBe('0');
});

const begun = ['AgentOther_PhoneAlerting', 'AgentOther_PhoneOffhook', 'AgentState_Busy', 'AgentEvent_Customer_Alerting'];
it.each([
  ['80', [...begun, 'AgentEvent_Talking', 'AgentEvent_Customer_Release', 'AgentOther_PhoneRelease', 'AgentState_Ready']],
  ['81', ['AgentOther_PhoneAlerting', 'AgentEvent_Connect_Fail', 'AgentOther_PhoneRelease']],
  ['82', [...begun, 'AgentEvent_Call_Out_Fail', 'AgentEvent_Connect_Fail', 'AgentState_Ready']],
  ['83', ['AgentEvent_Connect_Fail', 'AgentOther_PhoneRelease']],
  ['84', [...begun, 'AgentEvent_Call_Out_Fail', 'AgentEvent_Connect_Fail', 'AgentState_Ready']],
  ['86', [...begun, 'AgentEvent_Talking', 'AgentEvent_Call_Release', 'AgentOther_PhoneRelease', 'AgentState_Ready']],
])('tells of a call to …%s step by step', async (digits, told) => {
  const { call, timers, events, exchange } = stage();
  const { answer } = call(`138123456${digits}`);
  timers.pass(70_000);
  expect(await events()).toEqual(told);
  expect(exchange.rings()[0]).toMatchObject({ vendor: 'hw', leg: 'A', number: '40038', vendorCallId: answer.result, callData: 'att-1' });
});

it('has one call per seat, ends it on release, and places none that it refuses', async () => {
  const { call, platform, timers, events, guid, exchange } = stage();
  expect(codeOf(call('+8613812345680'))).toBe('000-002');
  expect(call('13812345685')).toMatchObject({ manner: { manner: 'refused' } });
  expect(call('13812345694')).toMatchObject({ manner: { manner: 'failed' } });
  expect(codeOf(platform.release(AGENT, guid))).toBe('200-025');
  expect(exchange.all()).toHaveLength(0);
  const { answer } = call('13812345680');
  expect(codeOf(call('13812345680'))).toBe('100-009');
  timers.pass(1000);
  expect(codeOf(platform.release(AGENT, guid, 'another'))).toBe('200-025');
  expect(codeOf(platform.release(AGENT, guid, String(answer.result)))).toBe('0');
  expect(await events()).toEqual(['AgentOther_PhoneAlerting', 'AgentEvent_Call_Release', 'AgentOther_PhoneRelease', 'AgentState_Ready']);
  expect(codeOf(call('13812345693'))).toBe('0');
});

it('tells what a hand does to a call, and nothing twice', async () => {
  const { call, timers, events, exchange } = stage();
  const { answer } = call('13812345680');
  timers.pass(1000);
  expect(exchange.play('hw', String(answer.result), 'A', 'answer').kind).toBe('done');
  timers.pass(100);
  expect(exchange.play('hw', String(answer.result), 'A', 'hang-up').kind).toBe('done');
  timers.pass(70_000);
  expect((await events()).filter((event) => !event.startsWith('AgentState'))).toEqual(['AgentOther_PhoneAlerting', 'AgentOther_PhoneOffhook', 'AgentEvent_Call_Release', 'AgentOther_PhoneRelease']);
});

it('takes part in outages: every dial is turned away, or nothing is told of a call', async () => {
  const { call, timers, events, exchange } = stage();
  exchange.outages.begin('hw', { refuse: 1 });
  expect(codeOf(call('13812345680'))).toBe('000-003');
  exchange.outages.begin('hw', { callbacks: 'none' });
  expect(codeOf(call('13812345680'))).toBe('0');
  timers.pass(70_000);
  expect(await events()).toEqual([]);
});
