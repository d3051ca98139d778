import { execFileSync } from 'node:child_process';
import { describeError } from '@cc/kernel';
import { serviceNames, type Service } from '../e2e/system';
import { CannotHappenHere, type ChaosFault } from './chaos-fault';
import type { ChaosSystem } from './chaos-system';
import type { FaultTarget } from './fault-plan';

const services: readonly FaultTarget[] = serviceNames.map((name) => ({ name, occupies: [name] }));

export function serviceOf({ services: all }: ChaosSystem, target: string): ChaosSystem['services'][Service] {
  const name = serviceNames.find((one) => one === target);
  if (name === undefined) throw new Error(`There is no service ${target}`);
  return all[name];
}

const killed: ChaosFault = {
  name: 'service killed (kill -9)', targets: services, lasts: [0, 15], comesRound: 6,
  begin: async (system, target) => {
    const service = serviceOf(system, target);
    await service.kill();
    return async () => service.start();
  },
};

const stopped: ChaosFault = {
  // Up to longer than a Kafka session and a lease.
  name: 'service stopped (SIGSTOP)', targets: services, lasts: [1, 40], comesRound: 6,
  begin: async (system, target) => {
    const service = serviceOf(system, target);
    service.pause();
    return async () => service.resume();
  },
};

/** What a clock is off by. What a service has written of the future holds it up that long when its clock is right again. */
const SKEWS = ['+50s', '-50s'] as const;

const skewed: ChaosFault = {
  name: 'clock skewed (faketime)', lasts: [10, 40], comesRound: 6,
  targets: serviceNames.flatMap((name) => SKEWS.map((skew) => ({ name: `${name} ${skew}`, occupies: [name] }))),
  begin: async (system, target) => {
    const [name = '', skew = ''] = target.split(' ');
    const environment = fakeTime(skew);
    const service = serviceOf(system, name);
    await service.kill();
    service.start(environment);
    return async () => {
      await service.kill();
      service.start();
    };
  },
};

/** The variables with which a process has another time of day; its intervals stay as they are. */
function fakeTime(skew: string): Record<string, string> {
  try {
    const library = /^LD_PRELOAD=(.+)$/m.exec(execFileSync('faketime', ['-m', '-f', skew, 'env'], { encoding: 'utf8', timeout: 10_000 }))?.[1];
    if (library === undefined) throw new Error('faketime names no library');
    return { LD_PRELOAD: library, FAKETIME: skew, FAKETIME_DONT_FAKE_MONOTONIC: '1', DONT_FAKE_MONOTONIC: '1' };
  } catch (error) {
    throw new CannotHappenHere(`faketime does not work here: ${describeError(error)}`);
  }
}

export const serviceFaults: readonly ChaosFault[] = [killed, stopped, skewed];
