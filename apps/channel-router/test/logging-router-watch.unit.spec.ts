import { SilentLog } from '@cc/kernel';
import { PromMetrics } from '@cc/platform';
import type { AttemptRecord } from '../src/domain/attempt-record';
import { LoggingRouterWatch } from '../src/in/logging-router-watch';

describe('the figures of a router', () => {
  const figuresAfter = async (tell: (watch: LoggingRouterWatch) => void): Promise<string[]> => {
    const metrics = new PromMetrics('channel-router');
    tell(new LoggingRouterWatch(new SilentLog(), metrics));
    return (await metrics.expose()).split('\n').filter((line) => line.startsWith('cc_')).map((line) => line.replace(',service="channel-router"', ''));
  };

  it('say which state each channel is in, and none of one that has left the file', async () => {
    expect(await figuresAfter((watch) => {
      watch.standing([{ channel: 'a', state: 'down' }, { channel: 'b', state: 'up' }]);
      watch.standing([{ channel: 'b', state: 'draining' }]);
    })).toEqual([
      'cc_channel_state{channel="a",state="up"} 0', 'cc_channel_state{channel="a",state="degraded"} 0', 'cc_channel_state{channel="a",state="down"} 0', 'cc_channel_state{channel="a",state="draining"} 0',
      'cc_channel_state{channel="b",state="up"} 0', 'cc_channel_state{channel="b",state="degraded"} 0', 'cc_channel_state{channel="b",state="down"} 0', 'cc_channel_state{channel="b",state="draining"} 1',
    ]);
  });

  it('count attempts in doubt, down to none', async () => {
    expect(await figuresAfter((watch) => {
      watch.inDoubt(new Map([['a', 2], ['b', 1]]));
      watch.inDoubt(new Map([['b', 3]]));
    })).toEqual(['cc_attempts_in_doubt{channel="a"} 0', 'cc_attempts_in_doubt{channel="b"} 3']);
  });

  const attempt: AttemptRecord = {
    attemptId: 'call-1-1', callId: 'call-1', tenant: 'acme', number: 1, channel: 'a', vendor: 'e9', state: 'accepted', vendorCallId: 'v', sentAt: 1, giveUpAt: 1, holdUntil: 1, askUntil: 1, answered: false, hangUpTries: 0,
    notFoundSince: undefined, heard: true, endHeardAt: undefined, callOpen: true, command: undefined,
  };

  it('count questions to vendors by what they led to', async () => {
    expect(await figuresAfter((watch) => {
      for (const answer of [{ kind: 'told' }, { kind: 'told', nothing: true }, { kind: 'not-found' }, { kind: 'no-answer', reason: 'x' }, { kind: 'told' }] as const) watch.asked(attempt, 'live', answer);
      watch.asked(attempt, 'repair', { kind: 'told' });
    })).toEqual([
      'cc_vendor_questions_total{channel="a",kind="live",outcome="found"} 2', 'cc_vendor_questions_total{channel="a",kind="live",outcome="nothing"} 1', 'cc_vendor_questions_total{channel="a",kind="live",outcome="not-found"} 1',
      'cc_vendor_questions_total{channel="a",kind="live",outcome="no-answer"} 1', 'cc_vendor_questions_total{channel="a",kind="repair",outcome="found"} 1',
    ]);
  });

  it('tell what waits for a question, down to nothing', async () => {
    expect((await figuresAfter((watch) => {
      watch.waiting([{ account: 'a', kind: 'live', count: 3, oldestSeconds: 90 }, { account: 'a', kind: 'repair', count: 7, oldestSeconds: 900 }]);
      watch.waiting([{ account: 'a', kind: 'repair', count: 6, oldestSeconds: 910 }]);
    })).sort()).toEqual(['doubt', 'live', 'repair'].flatMap((kind) => [
      `cc_vendor_questions_oldest_seconds{account="a",kind="${kind}"} ${kind === 'repair' ? 910 : 0}`, `cc_vendor_questions_waiting{account="a",kind="${kind}"} ${kind === 'repair' ? 6 : 0}`,
    ]).sort());
  });

  it('count comparisons, what is incomplete after them, and what stays so', async () => {
    const account = { name: 'a', channels: [{ channel: 'a', finds: 'named' as const }] };
    expect(await figuresAfter((watch) => {
      watch.reconciled(account, { incomplete: 9, queued: 4, expired: 2, expiredCalls: ['call-1', 'call-2'] });
      watch.reconciled(account, { incomplete: 7, queued: 0, expired: 0, expiredCalls: [] });
    })).toEqual(['cc_reconciliations_total{account="a"} 2', 'cc_calls_incomplete{account="a"} 7', 'cc_calls_expired_total{account="a"} 2']);
  });
});
