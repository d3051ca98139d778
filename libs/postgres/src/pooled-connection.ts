import { Client, DatabaseError } from 'pg';
import type { DataSource, QueryRunner } from 'typeorm';
import type { SqlValue } from './database';

/** One connection, lent from TypeORM's pool. Whoever took it gives it back exactly once. */
export class PooledConnection {
  private doubt = false;

  private constructor(
    private readonly runner: QueryRunner,
    private readonly client: Client,
  ) {}

  /** Waits for a free connection, at most the pool's connect timeout. */
  static async take(source: DataSource): Promise<PooledConnection> {
    const runner = source.createQueryRunner();
    const client: unknown = await runner.connect();
    if (client instanceof Client) return new PooledConnection(runner, client);
    await runner.release();
    throw new TypeError('The pool of TypeORM did not hand out a connection of node-postgres');
  }

  async rows<Row extends object>(sql: string, values?: readonly SqlValue[]): Promise<Row[]> {
    return (await this.run<Row>(sql, values)).rows;
  }

  /** Runs COMMIT or ROLLBACK and returns what the server did: it answers ROLLBACK to the COMMIT of a failed transaction. */
  async end(command: 'COMMIT' | 'ROLLBACK'): Promise<string> {
    return (await this.run(command)).command;
  }

  /** True after a failure that was not the server's own answer: what this connection is doing is unknown. */
  get uncertain(): boolean {
    return this.doubt;
  }

  /** For the caller who knows better than the last answer. */
  doubtful(): void {
    this.doubt = true;
  }

  /** Back to the pool; an uncertain connection is closed instead, so that nobody inherits its transaction. */
  async giveBack(): Promise<void> {
    // The pool drops a client that is ending; its socket's last words have the pool's error listener.
    if (this.doubt) void this.client.end();
    await this.runner.release();
  }

  private async run<Row extends object>(sql: string, values?: readonly SqlValue[]) {
    try {
      return await this.client.query<Row>(sql, values === undefined ? undefined : [...values]);
    } catch (error) {
      if (!(error instanceof DatabaseError)) this.doubt = true;
      throw error;
    }
  }
}
