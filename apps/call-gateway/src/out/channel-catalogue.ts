import { ChannelHealth, type Kept } from '@cc/contracts';
import { CcError } from '@cc/kernel';
import { Database, type Tx } from '@cc/postgres';
import { Injectable } from '@nestjs/common';
import { channelsFor } from '../domain/tenant-channels';

/** The channels as the router announced them. */
@Injectable()
export class ChannelCatalogue {
  constructor(private readonly database: Database) {}

  async all(): Promise<ChannelHealth[]> {
    const rows = await this.database.query<{ health: unknown }>(`SELECT health FROM gateway_channel ORDER BY channel`);
    return rows.map((row) => ChannelHealth.parse(row.health));
  }

  /** Those that the tenant may use. @throws CcError `no-channels-yet` while none at all is known: nothing can be said of any. */
  async of(tenant: string): Promise<ChannelHealth[]> {
    const known = await this.all();
    if (known.length === 0) throw new CcError('unavailable', 'no-channels-yet', 'The channels are not known yet; try again in a moment');
    return channelsFor(tenant, known);
  }

  async save(tx: Tx, news: readonly Kept<ChannelHealth>[]): Promise<void> {
    for (const channel of news) {
      if (channel.kind === 'forgotten') {
        await tx.query(`DELETE FROM gateway_channel WHERE channel = $1`, [channel.key]);
        continue;
      }
      const { value: health } = channel;
      await tx.query(`INSERT INTO gateway_channel (channel, health) VALUES ($1, $2) ON CONFLICT (channel) DO UPDATE SET health = excluded.health`, [health.channel, JSON.stringify(health)]);
    }
  }
}
