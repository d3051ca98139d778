import { Database } from '@cc/postgres';
import { Injectable } from '@nestjs/common';
import { Business } from '../domain/business';
import { idToken, pageOf, type Page, type PageQuery } from './page';

/** What tenants have set for their businesses. */
@Injectable()
export class BusinessCatalogue {
  constructor(private readonly database: Database) {}

  async find(tenant: string, business: string): Promise<Business | undefined> {
    const [row] = await this.database.query<{ settings: unknown }>(`SELECT settings FROM gateway_business WHERE tenant = $1 AND business = $2`, [tenant, business]);
    return row === undefined ? undefined : Business.parse(row.settings);
  }

  async save(tenant: string, business: string, settings: Business): Promise<void> {
    await this.database.query(`INSERT INTO gateway_business (tenant, business, settings) VALUES ($1, $2, $3) ON CONFLICT (tenant, business) DO UPDATE SET settings = excluded.settings`, [tenant, business, JSON.stringify(settings)]);
  }

  /** By id. */
  async page(tenant: string, { pageSize, after }: PageQuery): Promise<Page<{ readonly business: string; readonly settings: Business }>> {
    const rows = await this.database.query<{ business: string; settings: unknown }>(
      `SELECT business, settings FROM gateway_business WHERE tenant = $1 AND ($2::text IS NULL OR business > $2) ORDER BY business LIMIT $3`,
      [tenant, after ?? null, pageSize + 1],
    );
    return pageOf(rows.map(({ business, settings }) => ({ business, settings: Business.parse(settings) })), pageSize, ({ business }) => idToken('business', business));
  }
}
