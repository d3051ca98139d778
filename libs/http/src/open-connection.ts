import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

/** An established connection, or the proof that none was: no byte of a request can have left. */
export type Connection = { readonly kind: 'open'; readonly socket: Socket } | { readonly kind: 'failed'; readonly reason: string };

/** How long one of several addresses of a host is tried before the next one is tried beside it. */
const ADDRESS_ATTEMPT_MS = 1000;

/**
 * Connects to the URL's host, for `https:` up to the end of the TLS handshake with a verified certificate.
 * The request gets the socket only afterwards, so that every failure in here is provably before its first byte.
 * Never throws; the socket is closed on every failure.
 */
export function openConnection(url: URL, timeoutMs: number): Promise<Connection> {
  const secure = url.protocol === 'https:';
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const port = url.port === '' ? (secure ? 443 : 80) : Number(url.port);
  const target = { host, port, autoSelectFamilyAttemptTimeout: ADDRESS_ATTEMPT_MS };
  return new Promise((resolve) => {
    const socket = secure ? connectTls({ ...target, ALPNProtocols: ['http/1.1'], ...serverName(host) }) : connectTcp(target);
    const settle = (connection: Connection): void => {
      clearTimeout(timer);
      socket.off('close', onClose);
      if (connection.kind === 'failed') socket.destroy();
      resolve(connection);
    };
    const fail = (what: string): void => settle({ kind: 'failed', reason: `${what} (${host}:${port})` });
    const onClose = (): void => fail('connection closed during the handshake');
    const timer = setTimeout(() => fail(`no connection within ${timeoutMs} ms`), timeoutMs);
    socket.once('error', (error) => fail(`no connection: ${nameOfFailure(error)}`));
    socket.once('close', onClose);
    socket.once(secure ? 'secureConnect' : 'connect', () => settle({ kind: 'open', socket }));
  });
}

/** An IP literal must not be sent as a server name (RFC 6066, section 3). */
function serverName(host: string): { servername?: string } {
  return /^[\d.]+$|:/.test(host) ? {} : { servername: host };
}

/** The error's code, else its name: never its message, which may repeat an address with its secrets. */
export function nameOfFailure(error: unknown): string {
  if (typeof error !== 'object' || error === null) return 'unknown failure';
  if ('code' in error && typeof error.code === 'string') return error.code;
  return 'name' in error && typeof error.name === 'string' ? error.name : 'unknown failure';
}
