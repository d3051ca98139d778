import { Database, type Tx } from '@cc/postgres';
import { Injectable } from '@nestjs/common';

const NEWS = 'cc_gateway_router';

/** Tells every replica, at the commit, that the router has said something that a request may wait for. */
@Injectable()
export class RouterNews {
  constructor(private readonly database: Database) {}

  async spread(tx: Tx): Promise<void> {
    await tx.query(`SELECT pg_notify('${NEWS}', '')`);
  }

  /** Also calls back after a reconnection, when some may have been missed. */
  onNews(heard: () => void): Promise<() => Promise<void>> {
    return this.database.listen(NEWS, heard);
  }
}
