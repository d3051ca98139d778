import { spawn } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Script, eventually, nginxProgram, selfSigned } from '@cc/testing';
import { connect } from 'node:tls';

const SHIPPED = resolve(__dirname, '../../deploy/nginx');
const END_LIMIT_MS = 10_000;
/** With the umask of the deployment, since NGINX makes the first log itself. It ends with whoever started it. */
const RUN = 'umask 027; exec 3<&0; "$0" "$@" & nginx=$!; { cat <&3 >/dev/null; kill $nginx; } 2>/dev/null & wait $nginx';

export interface NginxOptions {
  /** Which of the two configurations. */
  readonly configuration: 'nginx.conf' | 'nginx-emergency.conf';
  readonly port: number;
  /** The ingest's, or with the emergency configuration the one on which NGINX answers itself. */
  readonly behindPort: number;
  /** More to be changed of what is shipped, beside addresses and paths. */
  readonly replacing?: Readonly<Record<string, string>>;
}

/** A real NGINX with the configuration that is shipped: only addresses, paths and the certificate are the test's. */
export class Nginx {
  readonly url: string;
  readonly logDir: string;
  readonly callbackLog: string;
  private process: Script;

  private constructor(
    private readonly root: string,
    private readonly options: NginxOptions,
  ) {
    this.url = `https://127.0.0.1:${options.port}`;
    this.logDir = join(root, 'log');
    this.callbackLog = join(this.logDir, 'callbacks.log');
    this.process = this.run();
  }

  static async start(options: NginxOptions): Promise<Nginx> {
    const root = mkdtempSync(join(tmpdir(), 'cc-nginx-'));
    // The workers are another user: they open the log anew when it is rotated.
    chmodSync(root, 0o755);
    mkdirSync(join(root, 'log'), { mode: 0o750 });
    if (process.getuid?.() === 0) chownSync(join(root, 'log'), Number(idOf('u')), Number(idOf('g')));
    writeConfiguration(root, options);
    const nginx = new Nginx(root, options);
    await nginx.answering();
    return nginx;
  }

  get masterPid(): number {
    return Number(readFileSync(join(this.root, 'nginx.pid'), 'utf8'));
  }

  /** The processes that serve. */
  workerPids(): number[] {
    return readFileSync(`/proc/${this.masterPid}/task/${this.masterPid}/children`, 'utf8').trim().split(' ').filter((pid) => pid !== '').map(Number);
  }

  /** `kill -USR1`, as logrotate does it. */
  reopenLogs(): void {
    process.kill(this.masterPid, 'SIGUSR1');
  }

  /** What the log has, as bytes. */
  logged(file = this.callbackLog): Buffer {
    return readFileSync(file);
  }

  /** Every log but that of the callbacks. */
  otherLogs(): string {
    return [...readdirSync(this.logDir).filter((name) => name !== 'callbacks.log' && name !== 'callbacks-error.log').map((name) => readFileSync(join(this.logDir, name), 'latin1')), this.process.stderr, ...this.process.lines].join('\n');
  }

  /** Its files are removed, unless they are still to be read: then by {@link remove}. */
  async stop({ keepFiles = false } = {}): Promise<void> {
    process.kill(this.masterPid, 'SIGTERM');
    await this.process.ended(END_LIMIT_MS);
    if (!keepFiles) this.remove();
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true });
  }

  private run(): Script {
    return new Script(spawn('/bin/sh', ['-c', RUN, nginxProgram() ?? 'nginx', '-c', join(this.root, 'conf', this.options.configuration), '-g', 'daemon off;'], { stdio: ['pipe', 'pipe', 'pipe'] }));
  }

  private async answering(): Promise<void> {
    await eventually(() => new Promise<void>((done, fail) => {
      if (!this.process.running) fail(new Error(`nginx ended: ${this.process.stderr}`));
      const socket = connect({ host: '127.0.0.1', port: this.options.port, rejectUnauthorized: false }, () => {
        socket.destroy();
        done();
      });
      socket.once('error', fail);
    }));
  }
}

const idOf = (kind: 'u' | 'g'): string => /^www-data:[^:]*:(\d+):(\d+)/m.exec(readFileSync('/etc/passwd', 'utf8'))?.[kind === 'u' ? 1 : 2] ?? '0';

function writeConfiguration(root: string, { port, behindPort, replacing = {} }: NginxOptions): void {
  const { key, cert } = selfSigned();
  mkdirSync(join(root, 'tls'));
  writeFileSync(join(root, 'tls/tls.crt'), cert);
  writeFileSync(join(root, 'tls/tls.key'), key, { mode: 0o600 });
  mkdirSync(join(root, 'conf'));
  const changes = Object.entries({
    'listen 443 ssl': `listen 127.0.0.1:${port} ssl`, '127.0.0.1:3001': `127.0.0.1:${behindPort}`, '127.0.0.1:8089': `127.0.0.1:${behindPort}`,
    '/etc/nginx/tls/': `${root}/tls/`, '/var/log/nginx/cc/': `${root}/log/`, '/var/log/nginx/': `${root}/log/`, '/run/nginx.pid': `${root}/nginx.pid`, ...replacing,
  });
  const unused = new Set(changes.map(([what]) => what));
  for (const name of readdirSync(SHIPPED).filter((file) => file.endsWith('.conf'))) {
    let text = readFileSync(join(SHIPPED, name), 'utf8');
    for (const [what, by] of changes) {
      if (text.includes(what)) unused.delete(what);
      text = text.replaceAll(what, by);
    }
    writeFileSync(join(root, 'conf', name), text);
  }
  if (unused.size > 0) throw new Error(`deploy/nginx has no longer: ${[...unused].join(', ')}`);
}
