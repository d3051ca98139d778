import { AxiosHttpExchange } from '@cc/http';
import { Clock, Log, Metrics } from '@cc/kernel';
import { Channels } from '@cc/vendors';
import { Injectable, type OnApplicationBootstrap, type OnModuleDestroy, type Provider, type Type } from '@nestjs/common';
import { WorkLoop } from './work-loop';

/** A mounted ConfigMap is swapped by links, which file watchers miss; reading a small file is cheap. */
const LOOK_EVERY_MS = 2000;

/** Reads the channel file again when it changes. A file with faults is reported and refused; the channels stay as they were. */
@Injectable()
export class ChannelFileWatch implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly loop: WorkLoop;

  constructor(
    private readonly channels: Channels,
    private readonly log: Log,
    private readonly metrics: Metrics,
  ) {
    this.loop = new WorkLoop({ name: 'channel file', idleMs: LOOK_EVERY_MS, log, step: () => this.look() });
  }

  onApplicationBootstrap(): void {
    this.loop.start();
  }

  async onModuleDestroy(): Promise<void> {
    await this.loop.stop();
  }

  private async look(): Promise<boolean> {
    const reload = this.channels.reload();
    if (reload.kind === 'faulty') this.log.error('the changed channel file is refused, the channels stay as they were', { faults: reload.message });
    if (reload.kind === 'changed') this.log.info('the channel file has changed', { added: reload.added, altered: reload.altered, removed: reload.removed });
    this.metrics.gauge('cc_channel_file_faulty', '1 while the channel file is refused for its faults').set(this.channels.isFaulty() ? 1 : 0);
    return false;
  }
}

/** {@link Channels} of the file that the service's settings name, kept current. */
export function channelsProviders(settings: Type<{ readonly values: { readonly channelsFile: string } }>): Provider[] {
  return [
    {
      provide: Channels,
      inject: [settings, Clock],
      useFactory: ({ values }: { readonly values: { readonly channelsFile: string } }, clock: Clock) => Channels.fromFile(values.channelsFile, { http: new AxiosHttpExchange(), clock }),
    },
    ChannelFileWatch,
  ];
}
