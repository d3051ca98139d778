import { Clock, Log, Metrics } from '@cc/kernel';
import { Injectable } from '@nestjs/common';
import { PollerSettings } from '../poller.config';

/** What those who poll, calls or seats, read of their surroundings. */
@Injectable()
export class PollAmbience {
  constructor(
    readonly settings: PollerSettings,
    readonly clock: Clock,
    readonly metrics: Metrics,
    readonly log: Log,
  ) {}
}
