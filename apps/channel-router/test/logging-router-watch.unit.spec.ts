import { SilentLog } from '@cc/kernel';
import { PromMetrics } from '@cc/platform';
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
});
