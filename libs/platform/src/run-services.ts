import { describeError, withDeadline, type Log } from '@cc/kernel';
import { PinoLog } from './pino-log';
import { processEnvironment } from './platform.config';
import type { ServiceDefinition } from './service-definition';
import { loadAllSettings } from './service-settings';
import type { Environment } from './settings';
import { startService, type RunningService } from './start-service';

/**
 * What every `main.ts` calls: checks all settings, starts the services in order, and ends the process: 0 after SIGTERM or SIGINT
 * once all have drained (in reverse order), 1 with the reason when a start fails or a service can no longer work.
 */
export async function runServices(...services: ServiceDefinition[]): Promise<void> {
  const env = processEnvironment();
  const log = PinoLog.create('info');
  const group = new ServiceGroup(services, env, log, (reason) => end(1, reason));
  let ending: Promise<void> | undefined;
  const end = (code: number, reason?: string): void => {
    if (reason !== undefined) log.error('ending', { reason });
    ending ??= group.stop().finally(() => process.exit(code));
  };
  process.once('SIGTERM', () => end(0)).once('SIGINT', () => end(0));
  await group.start().catch((error: unknown) => {
    process.stderr.write(`${describeError(error)}\n`);
    end(1);
  });
}

/** Several services in one process, each its own Nest application. */
export class ServiceGroup {
  private readonly running: RunningService[] = [];
  private stopping: Promise<void> | undefined;

  constructor(
    private readonly services: readonly ServiceDefinition[],
    private readonly env: Environment,
    private readonly log: Log,
    /** Called when a running service cannot go on: the process should end. */
    private readonly onFatal: (reason: string) => void,
    private readonly onReady: (service: RunningService) => void = () => undefined,
  ) {}

  /** Checks every service's settings before the first one starts. Rejects with the first failure; {@link stop} then ends what runs. */
  async start(): Promise<void> {
    for (const { service, settings } of loadAllSettings(this.services, this.env)) {
      if (this.stopping !== undefined) return;
      const started = await startService(service, settings, this.log.child({ service: service.name }, settings.platform.logLevel), this.onFatal);
      this.running.push(started);
      this.onReady(started);
    }
  }

  /** Drains in reverse order; a service that does not end within its limit is left to the end of the process. */
  stop(): Promise<void> {
    this.stopping ??= this.stopAll();
    return this.stopping;
  }

  private async stopAll(): Promise<void> {
    for (const service of [...this.running].reverse()) {
      await withDeadline(service.stop(), service.shutdownMs, `the end of ${service.name}`).catch((error: unknown) => {
        this.log.error('service did not end cleanly', { service: service.name, error });
      });
    }
  }
}
