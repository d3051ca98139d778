import { Database, type Tx } from '@cc/postgres';
import { Injectable } from '@nestjs/common';
import { KeptBinding } from '../domain/binding';
import { idToken, pageOf, type Page, type PageQuery } from './page';

/** How the users of each tenant make calls. */
@Injectable()
export class BindingCatalogue {
  constructor(private readonly database: Database) {}

  async find(tenant: string, user: string): Promise<KeptBinding | undefined> {
    const [row] = await this.database.query<{ binding: unknown }>(`SELECT binding FROM gateway_binding WHERE tenant = $1 AND user_id = $2`, [tenant, user]);
    return row === undefined ? undefined : KeptBinding.parse(row.binding);
  }

  /** Together with whatever `announce` appends: the row's lock keeps two changes of a binding in one order, here and in the log. */
  save(tenant: string, user: string, binding: KeptBinding, announce: (tx: Tx) => Promise<void>): Promise<void> {
    return this.database.transaction(async (tx) => {
      await tx.query(`INSERT INTO gateway_binding (tenant, user_id, binding) VALUES ($1, $2, $3) ON CONFLICT (tenant, user_id) DO UPDATE SET binding = excluded.binding`, [tenant, user, JSON.stringify(binding)]);
      await announce(tx);
    });
  }

  /** @returns false, with nothing announced, when there is none. */
  remove(tenant: string, user: string, announce: (tx: Tx) => Promise<void>): Promise<boolean> {
    return this.database.transaction(async (tx) => {
      const removed = await tx.query(`DELETE FROM gateway_binding WHERE tenant = $1 AND user_id = $2 RETURNING user_id`, [tenant, user]);
      if (removed.length === 0) return false;
      await announce(tx);
      return true;
    });
  }

  /** By user. */
  async page(tenant: string, { pageSize, after }: PageQuery): Promise<Page<{ readonly user: string; readonly binding: KeptBinding }>> {
    const rows = await this.database.query<{ user_id: string; binding: unknown }>(
      `SELECT user_id, binding FROM gateway_binding WHERE tenant = $1 AND ($2::text IS NULL OR user_id > $2) ORDER BY user_id LIMIT $3`,
      [tenant, after ?? null, pageSize + 1],
    );
    return pageOf(rows.map(({ user_id: user, binding }) => ({ user, binding: KeptBinding.parse(binding) })), pageSize, ({ user }) => idToken('user', user));
  }
}
