import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, lstatSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Log } from '@cc/kernel';
import type { LogFields } from '@cc/kernel';
import { removeEmbeddedPostgres, startEmbeddedPostgres, TypeOrmDatabase } from '@cc/postgres';
import type { EmbeddedPostgres, EmbeddedPostgresOptions } from '@cc/postgres';
import { eventually, spawnScript } from '@cc/testing';
import type { Script } from '@cc/testing';

class Lines extends Log {
  readonly written: [string, LogFields | undefined][] = [];
  debug(message: string, fields?: LogFields): void {
    this.written.push([message, fields]);
  }
  info(message: string, fields?: LogFields): void {
    this.written.push([message, fields]);
  }
  warn(message: string, fields?: LogFields): void {
    this.written.push([message, fields]);
  }
  error(message: string, fields?: LogFields): void {
    this.written.push([message, fields]);
  }
  child(): Log {
    return this;
  }
}

// Each makes a database cluster, or two; on a busy machine that takes its time.
jest.setTimeout(60_000);

const FAST = { fsync: 'off', full_page_writes: 'off' };
let parent: string;
let dataDir: string;
let log: Lines;
const running: EmbeddedPostgres[] = [];
const owners: Script[] = [];

beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'cc-embedded-'));
  chmodSync(parent, 0o755);
  dataDir = join(parent, 'postgres');
  log = new Lines();
});
afterEach(async () => {
  await Promise.all(owners.splice(0).map((owner) => owner.kill()));
  await Promise.all(running.splice(0).map((server) => server.stop()));
  await removeEmbeddedPostgres(dataDir);
  rmSync(parent, { recursive: true, force: true });
});

async function start(options: Partial<EmbeddedPostgresOptions> = {}): Promise<EmbeddedPostgres> {
  const server = await startEmbeddedPostgres({ dataDir, log, settings: FAST, ...options });
  running.push(server);
  return server;
}

async function owned(): Promise<{ owner: Script; url: string }> {
  const owner = spawnScript(join(__dirname, 'embedded-owner.ts'), [dataDir]);
  owners.push(owner);
  const [, url = ''] = await owner.line(/^at (.*)$/);
  return { owner, url };
}

async function connected<T>(url: string, use: (db: TypeOrmDatabase) => Promise<T>): Promise<T> {
  const db = await TypeOrmDatabase.connect({ url, poolSize: 1, applicationName: 'spec' });
  return use(db).finally(() => db.close());
}

const rows = async (url: string, sql: string) => connected(url, (db) => db.query(sql));

function postmasterPid(): number {
  return Number(readFileSync(join(dataDir, 'server', 'data', 'postmaster.pid'), 'utf8').split('\n')[0]);
}

/** The command lines that name the data: the server and whatever it started. */
function processes(): string[] {
  const data = existsSync(join(dataDir, 'server')) ? realpathSync(join(dataDir, 'server')) : dataDir;
  const { stdout } = spawnSync('ps', ['-ewwo', 'stat=,command='], { encoding: 'utf8' });
  return stdout.split('\n').filter((line) => line.includes(data) && !line.startsWith('Z'));
}

describe('a first start', () => {
  it('makes a UTF8 database that asks for a password and listens on 127.0.0.1 alone', async () => {
    const { url } = await start();
    expect(await rows(url, `select current_database() as database, current_setting('server_encoding') as encoding,
      current_setting('listen_addresses') as addresses, current_setting('unix_socket_directories') as sockets, current_setting('max_connections') as connections,
      (select string_agg(distinct auth_method, ',') from pg_hba_file_rules) as methods,
      (select datcollate from pg_database where datname = 'cc') as collation`)).toEqual([
      { database: 'cc', encoding: 'UTF8', addresses: '127.0.0.1', sockets: '', connections: '200', methods: 'scram-sha-256', collation: 'C' },
    ]);
    const wrong = new URL(url);
    wrong.password = 'guess';
    await expect(rows(wrong.href, 'select 1')).rejects.toMatchObject({ code: '28P01' });
    expect(statSync(join(dataDir, 'server', 'password')).mode & 0o777).toBe(0o600);
  });

  it('is one start, whoever else starts at the same moment', async () => {
    const together = [owned(), owned(), owned()];
    const urls = new Set((await Promise.all(together)).map(({ url }) => url));
    expect(urls.size).toBe(1);
    for (const url of urls) expect(await rows(url, 'select 1 as one')).toEqual([{ one: 1 }]);
    expect(readdirSync(dataDir).sort()).toEqual(['server', 'server.log']);
  });

  it('takes the port that is wished for, and another one when it is in use', async () => {
    const busy = createServer();
    const port = await new Promise<number>((done, fail) => {
      busy.once('error', fail).listen(0, '127.0.0.1', () => {
        const address = busy.address();
        done(typeof address === 'object' && address !== null ? address.port : 0);
      });
    });
    const other = await start({ port });
    expect(new URL(other.url).port).not.toBe(String(port));
    await other.stop();
    await new Promise((done) => busy.close(done));
    expect(new URL((await start({ port })).url).port).toBe(String(port));
  });
});

describe('stop', () => {
  it('ends every process although a session is open, and the next start finds the data', async () => {
    const first = await start();
    await connected(first.url, async (db) => {
      await db.query('create table kept as select 7 as n');
      await db.listen('x', () => undefined);
      expect(processes().length).toBeGreaterThan(0);
      await first.stop();
      expect(processes()).toEqual([]);
    });
    const second = await start();
    expect(await rows(second.url, 'select n from kept')).toEqual([{ n: 7 }]);
    expect(new URL(second.url).password).toBe(new URL(first.url).password);
  });
});

describe('a server that outlives its owner', () => {
  it('is taken over by the next start, with its port, and ended by its stop', async () => {
    const { owner, url } = await owned();
    await rows(url, 'create table kept as select 8 as n');
    const pid = postmasterPid();
    await owner.kill();
    const next = await start({ port: 1 });
    expect(next.url).toBe(url);
    expect(postmasterPid()).toBe(pid);
    expect(log.written).toContainEqual(['Took over the PostgreSQL that an earlier run left', { pid, port: Number(new URL(url).port) }]);
    expect(await rows(next.url, 'select n from kept')).toEqual([{ n: 8 }]);
    await next.stop();
    expect(processes()).toEqual([]);
  });

  it('is in a session of its own, where no Ctrl-C reaches it, and ends when its owner says so', async () => {
    const { owner } = await owned();
    const pid = postmasterPid();
    expect(spawnSync('ps', ['-o', 'pgid=', '-p', String(pid)], { encoding: 'utf8' }).stdout.trim()).toBe(String(pid));
    owner.tell('stop');
    expect(await owner.exited).toEqual({ code: 0, signal: null });
    expect(processes()).toEqual([]);
  });
});

describe('a server that died', () => {
  it('is started again on its port with what was committed', async () => {
    const { url } = await start({ settings: {} });
    await rows(url, 'create table kept as select 9 as n');
    const pid = postmasterPid();
    process.kill(pid, 'SIGKILL');
    expect(await eventually(() => rows(url, 'select n from kept'))).toEqual([{ n: 9 }]);
    expect(postmasterPid()).not.toBe(pid);
  });

  it('is not taken for running when its pid belongs to another process by now', async () => {
    const first = await start();
    await rows(first.url, 'create table kept as select 10 as n');
    await first.stop();
    const pidFile = join(dataDir, 'server', 'data', 'postmaster.pid');
    writeFileSync(pidFile, `${process.pid}\n${join(dataDir, 'server', 'data')}\n0\n5432\n\n127.0.0.1\n\nready\n`);
    if (process.getuid?.() === 0) spawnSync('chown', ['postgres:', pidFile]);
    const second = await start();
    expect(await rows(second.url, 'select n from kept')).toEqual([{ n: 10 }]);
  });
});

const asRoot = process.getuid?.() === 0 ? describe : () => undefined;
asRoot('as root, below a directory that the server may not enter', () => {
  beforeEach(() => chmodSync(parent, 0o700));

  it('keeps the data elsewhere, says so once, finds it again, and forgets it with the directory', async () => {
    const first = await start();
    const elsewhere = realpathSync(join(dataDir, 'server'));
    expect(lstatSync(join(dataDir, 'server')).isSymbolicLink()).toBe(true);
    expect(log.written).toEqual([['The user that PostgreSQL runs as cannot enter the data directory, the data is kept elsewhere', { wanted: join(dataDir, 'server'), used: elsewhere }]]);
    await rows(first.url, 'create table kept as select 11 as n');
    await first.stop();
    const second = await start();
    expect(await rows(second.url, 'select n from kept')).toEqual([{ n: 11 }]);
    expect(log.written).toHaveLength(1);
    await removeEmbeddedPostgres(dataDir);
    expect([dataDir, elsewhere].filter((path) => existsSync(path))).toEqual([]);
  });
});
