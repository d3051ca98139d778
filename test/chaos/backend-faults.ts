import type { ChaosFault } from './chaos-fault';
import type { FaultTarget } from './fault-plan';
import { linkNames } from './links';
import { linkModes, type LinkMode } from './tcp-proxy';

const broker: readonly FaultTarget[] = [{ name: 'Kafka', occupies: ['Kafka', ...linkNames.filter((name) => name.endsWith('/kafka'))] }];
const postgres: FaultTarget = { name: 'PostgreSQL', occupies: ['PostgreSQL', ...linkNames.filter((name) => name.endsWith('/postgres'))] };

const brokerKilled: ChaosFault = {
  name: 'Kafka killed (kill -9)', targets: broker, lasts: [0, 15], comesRound: 20,
  begin: async (system) => {
    await system.broker.kill();
    return () => system.broker.restart();
  },
};

const brokerPaused: ChaosFault = {
  name: 'Kafka paused (SIGSTOP)', targets: broker, lasts: [1, 20], comesRound: 20,
  begin: async (system) => {
    system.broker.pause();
    return async () => system.broker.resume();
  },
};

/** Its keeper starts it again at once; to the services it is away for as long as the fault lasts. */
const postgresEnded = (name: string, signal: 'SIGKILL' | 'SIGQUIT'): ChaosFault => ({
  name, targets: [postgres], lasts: [0, 12], comesRound: 15,
  begin: async ({ postgres: server, links }) => {
    await server.end(signal);
    await links.turnAll('postgres', 'refuse');
    return () => links.turnAll('postgres', 'pass');
  },
});

const cutNames: Readonly<Record<Exclude<LinkMode, 'pass'>, string>> = {
  refuse: 'link refused', reset: 'link resets', blackhole: 'link silent, whole afterwards', deaf: 'link loses the answers', slow: 'link slow',
};

const linkCuts: readonly ChaosFault[] = linkModes.flatMap((mode) => (mode === 'pass' ? [] : [{
  name: cutNames[mode], targets: linkNames.map((name) => ({ name, occupies: [name] })), lasts: [1, 30] as const, comesRound: 6,
  begin: async ({ links }, target) => {
    await links.turn(target, mode);
    return () => links.turn(target, 'pass');
  },
} satisfies ChaosFault]));

export const backendFaults: readonly ChaosFault[] = [brokerKilled, brokerPaused, postgresEnded('PostgreSQL killed (kill -9)', 'SIGKILL'), postgresEnded('PostgreSQL restarted (immediate)', 'SIGQUIT'), ...linkCuts];
