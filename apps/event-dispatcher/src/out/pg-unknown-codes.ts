import { Database, type Tx } from '@cc/postgres';
import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import { OTHER_CODES, type UnknownCode } from '../domain/unknown-code';
import { storableJson, storableText } from './storable';

const SAMPLES_PER_CODE = 3;
/** A vendor that makes up ever new codes does not fill the table. */
const CODES_PER_CHANNEL = 500;

const Row = z.object({ channel: z.string(), code: z.string(), seen: z.number(), first_seen: z.number(), last_seen: z.number(), samples: z.array(z.string()) });

/** A code as it is listed: with the notification ids of its samples. */
export type ListedCode = Omit<UnknownCode, 'samples'> & { readonly samples: readonly string[] };

/** The vendors' unknown codes, how often each was seen, and a few sealed messages that had it. */
@Injectable()
export class PgUnknownCodes {
  constructor(private readonly database: Database) {}

  async add(codes: readonly UnknownCode[]): Promise<void> {
    if (codes.length === 0) return;
    // In one order: processes that add the same codes wait for each other, and never for ever.
    const ordered = [...codes].sort((a, b) => (`${a.channel} ${a.code}` < `${b.channel} ${b.code}` ? -1 : 1));
    await this.database.transaction(async (tx) => {
      for (const code of ordered) {
        if (await this.count(tx, code)) await this.addSamples(tx, code);
        else await this.count(tx, { ...code, code: OTHER_CODES });
      }
    });
  }

  /** The codes that were seen last come first. */
  async list(): Promise<ListedCode[]> {
    const rows = await this.database.query(
      `SELECT c.channel, c.code, seen, first_seen, last_seen, array_remove(array_agg(s.notification_id::text ORDER BY s.received), NULL) AS samples
       FROM dispatcher_unknown_code c LEFT JOIN dispatcher_unknown_code_sample s USING (channel, code) GROUP BY c.channel, c.code ORDER BY last_seen DESC`);
    return rows.map((row) => {
      const { first_seen, last_seen, ...rest } = Row.parse(row);
      return { ...rest, firstSeen: first_seen, lastSeen: last_seen };
    });
  }

  /** The messages are a vendor's, and kept no longer than others that were put aside. */
  async forgetSamples(receivedBeforeMs: number): Promise<void> {
    await this.database.query(`DELETE FROM dispatcher_unknown_code_sample WHERE received < $1`, [receivedBeforeMs]);
  }

  /** Resolves to whether there was room for it. */
  private async count(tx: Tx, { channel, code, seen, firstSeen, lastSeen }: UnknownCode): Promise<boolean> {
    const rows = await tx.query(
      `INSERT INTO dispatcher_unknown_code AS c (channel, code, seen, first_seen, last_seen)
       SELECT $1::text, $2::text, $3::bigint, $4::bigint, $5::bigint
       WHERE $2 = '${OTHER_CODES}' OR (SELECT count(*) FROM dispatcher_unknown_code WHERE channel = $1) < ${CODES_PER_CHANNEL} OR EXISTS (SELECT FROM dispatcher_unknown_code WHERE channel = $1 AND code = $2)
       ON CONFLICT (channel, code) DO UPDATE SET seen = c.seen + excluded.seen, first_seen = least(c.first_seen, excluded.first_seen), last_seen = greatest(c.last_seen, excluded.last_seen)
       RETURNING channel`, [channel, storableText(code), seen, firstSeen, lastSeen]);
    return rows.length > 0;
  }

  private async addSamples(tx: Tx, { channel, code, samples }: UnknownCode): Promise<void> {
    for (const { sealed, ...header } of samples) {
      await tx.query(
        `INSERT INTO dispatcher_unknown_code_sample (channel, code, notification_id, header, sealed, received)
         SELECT $1::text, $2::text, $3::text, $4::jsonb, $5::bytea, $6::bigint WHERE (SELECT count(*) FROM dispatcher_unknown_code_sample WHERE channel = $1 AND code = $2) < ${SAMPLES_PER_CODE}
         ON CONFLICT DO NOTHING`, [channel, storableText(code), header.id, storableJson(header), sealed, header.receivedAt]);
    }
  }
}
