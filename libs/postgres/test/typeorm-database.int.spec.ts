import { constraintViolation, isTransient, runMigrations, TypeOrmDatabase } from '@cc/postgres';
import type { DatabaseOptions, Migration, Tx } from '@cc/postgres';
import { eventually, freshDatabase } from '@cc/testing';
import type { FreshDatabase } from '@cc/testing';
import { Column, Entity, PrimaryColumn } from 'typeorm';

@Entity('item')
class Item {
  @PrimaryColumn('bigint')
  id!: number;

  @Column('jsonb')
  data!: unknown;
}

// The server finds a deadlock after a second; a busy machine needs more.
jest.setTimeout(30_000);

let fresh: FreshDatabase;
const opened: TypeOrmDatabase[] = [];

async function open(options: Partial<DatabaseOptions> = {}): Promise<TypeOrmDatabase> {
  const db = await TypeOrmDatabase.connect({ url: fresh.url, poolSize: 4, applicationName: 'spec', ...options });
  opened.push(db);
  return db;
}

/** What a promise rejected with. */
async function rejection(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => undefined,
    (error: unknown) => error,
  );
}

async function backendPid(db: Tx): Promise<number> {
  const [row] = await db.query<{ pid: number }>('select pg_backend_pid() as pid');
  return row?.pid ?? 0;
}

beforeAll(async () => {
  fresh = await freshDatabase();
  const db = await open();
  await db.query('create table item (id bigint primary key, data jsonb)');
});
afterEach(async () => {
  await Promise.all(opened.splice(0).map((db) => db.close()));
});
afterAll(async () => fresh.drop());

describe('query', () => {
  it('gives bigint as numbers, json parsed, and the rows of an update', async () => {
    const db = await open();
    const [row] = await db.query(`select 9007199254740991 as big, array[1, null, 3]::bigint[] as bigs, '{}'::bigint[] as none, $1::jsonb as data`, ['{"a":[1]}']);
    expect(row).toEqual({ big: 9007199254740991, bigs: [1, null, 3], none: [], data: { a: [1] } });
    await db.query('insert into item values (100, null), (101, null)');
    expect(await db.query('update item set data = $1 where id >= 100 returning id, data', ['7'])).toEqual([{ id: 100, data: 7 }, { id: 101, data: 7 }]);
    expect(await db.query('delete from item where id >= 100 returning id')).toEqual([{ id: 100 }, { id: 101 }]);
  });

  it('writes arrays, buffers and dates as UNNEST and bytea take them', async () => {
    const db = await open();
    const rows = await db.query('select * from unnest($1::bigint[], $2::text[], $3::jsonb[]) as t(id, name, data)', [[1, 2], ['甲', null], ['{"k":1}', '[]']]);
    expect(rows).toEqual([{ id: 1, name: '甲', data: { k: 1 } }, { id: 2, name: null, data: [] }]);
    const at = new Date('2026-01-02T03:04:05.678Z');
    expect(await db.query('select $1::bytea as bytes, $2::timestamptz as at', [Buffer.from([0, 255]), at])).toEqual([{ bytes: Buffer.from([0, 255]), at }]);
  });

  it('fails on a bigint that a number cannot hold, instead of losing digits', async () => {
    const db = await open();
    await expect(db.query('select 9007199254740993 as big')).rejects.toThrow('bigint 9007199254740993 does not fit a number');
  });

  it('limits a statement at the server and says that another try may help', async () => {
    const db = await open({ statementTimeoutMs: 50 });
    const error = await rejection(db.query('select pg_sleep(30)'));
    expect(error).toMatchObject({ code: '57014' });
    expect(isTransient(error)).toBe(true);
  });

  it('reads the listed entities through the data source', async () => {
    const db = await open({ entities: [Item] });
    await db.query('insert into item values (7, $1) on conflict do nothing', ['{"a":1}']);
    expect(await db.dataSource.getRepository(Item).findOneBy({ id: 7 })).toEqual({ id: 7, data: { a: 1 } });
  });
});

describe('transaction', () => {
  it('commits what resolves and rolls back what rejects, with the first error', async () => {
    const db = await open({ poolSize: 1 });
    expect(await db.transaction(async (tx) => tx.query('insert into item values (10, null) returning id'))).toEqual([{ id: 10 }]);
    const error = await rejection(
      db.transaction(async (tx) => {
        await tx.query('insert into item values (11, null)');
        throw new Error('mine');
      }),
    );
    expect(error).toEqual(new Error('mine'));
    expect(await db.query('select id from item where id in (10, 11)')).toEqual([{ id: 10 }]);
  });

  it('runs at READ COMMITTED and sees what others commit meanwhile', async () => {
    const db = await open();
    await db.transaction(async (tx) => {
      expect(await tx.query('show transaction_isolation')).toEqual([{ transaction_isolation: 'read committed' }]);
      expect(await tx.query('select id from item where id = 12')).toEqual([]);
      await db.query('insert into item values (12, null)');
      expect(await tx.query('select id from item where id = 12')).toEqual([{ id: 12 }]);
    });
  });

  it('rejects when the work swallowed the failure of a statement: the server commits nothing then', async () => {
    const db = await open({ poolSize: 1 });
    const error = await rejection(
      db.transaction(async (tx) => {
        await tx.query('insert into item values (13, null)');
        await tx.query('select 1/0').catch(() => undefined);
      }),
    );
    expect(error).toMatchObject({ message: expect.stringContaining('rolled back'), cause: { code: '22012' } });
    expect(await db.query('select id from item where id = 13')).toEqual([]);
  });

  it('lets the work recover by a savepoint', async () => {
    const db = await open();
    await db.transaction(async (tx) => {
      await tx.query('savepoint before');
      await tx.query('select 1/0').catch(() => undefined);
      await tx.query('rollback to savepoint before');
      await tx.query('insert into item values (14, null)');
    });
    expect(await db.query('select id from item where id = 14')).toEqual([{ id: 14 }]);
  });

  it('refuses a query that comes after its end', async () => {
    const db = await open({ poolSize: 1 });
    let kept: Tx | undefined;
    await db.transaction(async (tx) => {
      kept = tx;
    });
    await expect(kept?.query('insert into item values (15, null)')).rejects.toThrow('This transaction is over');
    expect(await db.query('select id from item where id = 15')).toEqual([]);
  });

  it('closes a connection whose state is unknown, so that nobody inherits its transaction', async () => {
    const db = await open({ poolSize: 1 });
    const before = await backendPid(db);
    // Reading the answer fails on our side, after the server has done its part.
    const error = await rejection(
      db.transaction(async (tx) => {
        await tx.query('insert into item values (16, null)');
        await tx.query('select 9007199254740993 as big');
      }),
    );
    expect(error).toBeInstanceOf(RangeError);
    expect(await backendPid(db)).not.toBe(before);
    expect(await db.query('select id from item where id = 16')).toEqual([]);
  });

  it('survives the end of its backend, calls it transient, and works again', async () => {
    const db = await open({ poolSize: 1 });
    const other = await open();
    const error = await rejection(
      db.transaction(async (tx) => {
        await tx.query('insert into item values (17, null)');
        await other.query('select pg_terminate_backend($1)', [await backendPid(tx)]);
        await tx.query('select 1');
      }),
    );
    expect(isTransient(error)).toBe(true);
    expect(await eventually(() => db.query('select id from item where id = 17'))).toEqual([]);
  });

  it('survives the end of an idle backend', async () => {
    const db = await open({ poolSize: 1 });
    const other = await open();
    const pid = await backendPid(db);
    await other.query('select pg_terminate_backend($1)', [pid]);
    expect(await eventually(() => backendPid(db))).not.toBe(pid);
  });
});

describe('isTransient', () => {
  it('is true for a lock that was not had, a deadlock and a serialisation failure', async () => {
    const db = await open();
    const lockTimeout = await rejection(
      db.transaction(async (held) => {
        await held.query('lock table item in access exclusive mode');
        await db.transaction(async (tx) => {
          await tx.query(`set local lock_timeout = '20ms'`);
          await tx.query('select 1 from item');
        });
      }),
    );
    expect(lockTimeout).toMatchObject({ code: '55P03' });

    await db.query('insert into item values (20, null), (21, null)');
    const crossing = async (first: number, second: number, met: () => Promise<void>) =>
      db.transaction(async (tx) => {
        await tx.query('select 1 from item where id = $1 for update', [first]);
        await met();
        await tx.query('select 1 from item where id = $1 for update', [second]);
      });
    const met = meeting(2);
    const outcomes = await Promise.all([rejection(crossing(20, 21, met)), rejection(crossing(21, 20, met))]);
    const deadlock = outcomes.find((outcome) => outcome !== undefined);
    expect(deadlock).toMatchObject({ code: '40P01' });

    const serialisation = await rejection(
      db.transaction(async (tx) => {
        await tx.query('set transaction isolation level repeatable read');
        await tx.query('select 1 from item where id = 20');
        await db.query(`update item set data = '1' where id = 20`);
        await tx.query(`update item set data = '2' where id = 20`);
      }),
    );
    expect(serialisation).toMatchObject({ code: '40001' });
    expect([lockTimeout, deadlock, serialisation].map(isTransient)).toEqual([true, true, true]);
  });

  it('is true for a server that is away, and false for faults of the statement or of ours', async () => {
    const away = new URL(fresh.url);
    away.port = '1';
    const awayTwice = new URL(away);
    awayTwice.hostname = 'localhost';
    const db = await open();
    const errors = await Promise.all([
      rejection(open({ url: away.href })),
      rejection(open({ url: awayTwice.href })),
      rejection(db.query('selec 1')),
      rejection(db.query('insert into item values (1), (1)')),
      rejection(db.transaction(async () => Promise.reject(new TypeError('ours')))),
      rejection(db.dataSource.query('select pg_terminate_backend(pg_backend_pid())')),
    ]);
    expect(errors.map(isTransient)).toEqual([true, true, false, false, false, true]);
  });

  it('is true for a database that an operator has closed for now', async () => {
    const closed = await freshDatabase();
    const db = await open();
    await db.query(`alter database ${closed.name} allow_connections false`);
    const error = await rejection(open({ url: closed.url }));
    await db.query(`alter database ${closed.name} allow_connections true`);
    await closed.drop();
    expect(error).toMatchObject({ code: '55000' });
    expect(isTransient(error)).toBe(true);
    await db.query('create sequence unused');
    const misuse = await rejection(db.query(`select currval('unused')`));
    expect(misuse).toMatchObject({ code: '55000' });
    expect(isTransient(misuse)).toBe(false);
  });
});

describe('constraintViolation', () => {
  it('names the constraint and its kind', async () => {
    const db = await open();
    await db.query(`create table parent (id int constraint parent_key primary key)`);
    await db.query(`create table child (
      id int constraint child_key unique, parent int constraint child_parent references parent, age int constraint child_age check (age > 0))`);
    await db.query(`create table parted (at bigint not null) partition by range (at)`);
    await db.query('insert into child values (1, null, null)');
    const failed = async (sql: string) => constraintViolation(await rejection(db.query(sql)));
    expect(await failed('insert into child values (1, null, null)')).toEqual({ kind: 'unique', constraint: 'child_key' });
    expect(await failed('insert into child values (2, 9, null)')).toEqual({ kind: 'foreign-key', constraint: 'child_parent' });
    expect(await failed('insert into child values (3, null, 0)')).toEqual({ kind: 'check', constraint: 'child_age' });
    expect(await failed('insert into parted values (5)')).toEqual({ kind: 'partition', constraint: 'parted' });
    expect(await failed('select 1/0')).toBeUndefined();
    expect(constraintViolation(await rejection(db.dataSource.query('insert into child values (1, null, null)')))).toEqual({ kind: 'unique', constraint: 'child_key' });
  });
});

describe('listen', () => {
  it('hears each channel of its own, until it stops', async () => {
    const db = await open();
    const heard = { one: 0, two: 0, again: 0 };
    const stop = await db.listen('one', () => (heard.one += 1));
    await db.listen('two', () => (heard.two += 1));
    await db.listen('two', () => (heard.again += 1));
    await db.query(`select pg_notify('one', '')`);
    await eventually(() => heard.one === 1);
    await stop();
    // In order on the one connection: once the second is heard, the first would have been.
    await db.transaction(async (tx) => {
      await tx.query(`select pg_notify('one', ''), pg_notify('two', '')`);
    });
    await eventually(() => heard.two === 1 && heard.again === 1);
    expect(heard).toEqual({ one: 1, two: 1, again: 1 });
  });

  it('comes back after its backend was ended, and tells that something may have been missed', async () => {
    const db = await open({ applicationName: 'listener' });
    let [first, second] = [0, 0];
    await db.listen('first', () => (first += 1));
    await db.listen('second', () => (second += 1));
    for (let round = 1; round <= 3; round += 1) {
      const [before, beforeSecond] = [first, second];
      expect(await db.query(`select pg_terminate_backend(pid) as ended from pg_stat_activity where application_name = 'listener listen'`)).toEqual([{ ended: true }]);
      await eventually(() => first > before && second > beforeSecond);
      const told = first;
      await db.query(`select pg_notify('first', '')`);
      await eventually(() => first > told);
    }
  });
});

describe('close', () => {
  it('lets a running transaction finish, then refuses work', async () => {
    const db = await open();
    const entered = meeting(2);
    const running = db.transaction(async (tx) => {
      await entered();
      await tx.query('select pg_sleep(0.1)');
      await tx.query('insert into item values (30, null)');
    });
    await entered();
    await db.close();
    await running;
    await expect(db.query('select 1')).rejects.toThrow('The database was closed');
    await expect(db.listen('x', () => undefined)).rejects.toThrow('The database was closed');
    expect(await (await open()).query('select id from item where id = 30')).toEqual([{ id: 30 }]);
  });
});

describe('runMigrations', () => {
  const counted = (name: string): Migration => ({
    name,
    up: async (tx) => {
      await tx.query(`create table "${name}" (id int)`);
    },
  });
  const list = [counted('0001-first'), counted('0002-second'), counted('0003-third')];

  it('applies each once, in order, when several processes start at once', async () => {
    const databases = await Promise.all([open(), open(), open()]);
    const applied = await Promise.all(databases.map((db) => runMigrations(db, 'once', list)));
    expect(applied.flat().sort()).toEqual(['0001-first', '0002-second', '0003-third']);
    const recorded = await databases[0].query(`select name from schema_migration where service = 'once' order by applied_at`);
    expect(recorded).toEqual([{ name: '0001-first' }, { name: '0002-second' }, { name: '0003-third' }]);
    expect(await runMigrations(databases[0], 'once', list)).toEqual([]);
  });

  it('keeps what came before a migration that fails, and nothing of that one', async () => {
    const db = await open();
    const failing: Migration = {
      name: '0002-fails',
      up: async (tx) => {
        await tx.query('create table half_done (id int)');
        await tx.query('select 1/0');
      },
    };
    await expect(runMigrations(db, 'failing', [counted('0001-kept'), failing])).rejects.toMatchObject({ code: '22012' });
    expect(await db.query(`select to_regclass('half_done') as half, name from schema_migration where service = 'failing'`)).toEqual([{ half: null, name: '0001-kept' }]);
  });

  it('refuses a database that is newer than the program, and a list that names one twice', async () => {
    const db = await open();
    await runMigrations(db, 'newer', [counted('0001-known'), counted('0002-newer')]);
    await expect(runMigrations(db, 'newer', [counted('0001-known')])).rejects.toMatchObject({ code: 'migration-unknown', message: expect.stringContaining('0002-newer') });
    await expect(runMigrations(db, 'twice', [counted('0001-a'), counted('0001-a')])).rejects.toMatchObject({ code: 'migration-listed-twice' });
  });
});

/** Everybody who calls it waits until `size` have. */
function meeting(size: number): () => Promise<void> {
  let arrived = 0;
  let open: () => void = () => undefined;
  const all = new Promise<void>((resolve) => (open = resolve));
  return async () => {
    arrived += 1;
    if (arrived >= size) open();
    await all;
  };
}
