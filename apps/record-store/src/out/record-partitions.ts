import { Database, type Tx } from '@cc/postgres';
import { Injectable } from '@nestjs/common';
import type { Month } from '../domain/months';

/** The monthly partitions of `call_record`; there is no default partition, so a missing one is an error and not a slow surprise. */
@Injectable()
export class RecordPartitions {
  private readonly present = new Set<string>();

  constructor(private readonly database: Database) {}

  async ensure(months: readonly Month[]): Promise<void> {
    const missing = months.filter((month) => !this.present.has(month.name));
    if (missing.length === 0) return;
    await this.database.transaction((tx) => create(tx, missing));
    for (const month of missing) this.present.add(month.name);
  }
}

async function create(tx: Tx, months: readonly Month[]): Promise<void> {
  await tx.query(`SELECT pg_advisory_xact_lock(hashtext('call_record partitions'))`);
  for (const { name, fromMs, toMs } of months) {
    await tx.query(`CREATE TABLE IF NOT EXISTS call_record_${name} PARTITION OF call_record FOR VALUES FROM (${fromMs}) TO (${toMs})`);
  }
}
