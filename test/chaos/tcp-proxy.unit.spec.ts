import { connect, createServer, type Server, type Socket } from 'node:net';
import { once } from 'node:events';
import { pause } from '@cc/kernel';
import { eventually } from '@cc/testing';
import { TcpProxy } from './tcp-proxy';

/** A server that answers every word with itself in capitals, and counts what it heard. */
class Echo {
  heard = '';
  private constructor(readonly server: Server, readonly port: number) {}

  static async open(): Promise<Echo> {
    const server = createServer((socket) => {
      socket.on('error', () => undefined).on('data', (chunk: Buffer) => {
        echo.heard += chunk.toString();
        socket.write(chunk.toString().toUpperCase());
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const echo = new Echo(server, typeof address === 'object' && address !== null ? address.port : 0);
    return echo;
  }
}

describe('TcpProxy', () => {
  let echo: Echo;
  let proxy: TcpProxy;
  const clients: Socket[] = [];

  beforeEach(async () => {
    echo = await Echo.open();
    proxy = await TcpProxy.open(() => echo.port);
  });

  afterEach(async () => {
    for (const client of clients.splice(0)) client.destroy();
    await proxy.close();
    echo.server.close();
  });

  const client = async (): Promise<{ socket: Socket; heard: () => string; end: () => string | undefined }> => {
    const socket = connect(proxy.port, '127.0.0.1');
    clients.push(socket);
    let heard = '';
    let end: string | undefined;
    socket.on('data', (chunk: Buffer) => (heard += chunk.toString())).on('error', ({ message }) => (end = message)).on('close', () => (end ??= 'closed'));
    await once(socket, 'connect');
    return { socket, heard: () => heard, end: () => end };
  };

  test('passes both ways', async () => {
    const { socket, heard } = await client();
    socket.write('one');
    await eventually(() => heard() === 'ONE');
  });

  test('refuse: connections are cut and new ones refused, until it heals on the same port', async () => {
    const { end } = await client();
    const { port } = proxy;
    await proxy.turn('refuse');
    await eventually(() => end() !== undefined);
    await expect(client()).rejects.toThrow(/ECONNREFUSED/);
    await proxy.turn('pass');
    expect(proxy.port).toBe(port);
    const again = await client();
    again.socket.write('two');
    await eventually(() => again.heard() === 'TWO');
  });

  test('reset: connections and new ones are reset', async () => {
    const before = await client();
    await proxy.turn('reset');
    const during = await client().catch(() => undefined);
    await eventually(() => /ECONNRESET/.test(before.end() ?? '') && (during === undefined || during.end() !== undefined));
    expect(during?.end() ?? 'ECONNRESET').toMatch(/ECONNRESET|closed/);
  });

  test('blackhole: nothing arrives until it heals, then all of it', async () => {
    const { socket, heard, end } = await client();
    socket.write('a');
    await eventually(() => heard() === 'A');
    await proxy.turn('blackhole');
    socket.write('b');
    const during = await client();
    during.socket.write('c');
    await pause(100);
    expect(echo.heard).toBe('a');
    await proxy.turn('pass');
    await eventually(() => heard() === 'AB' && during.heard() === 'C');
    expect(end()).toBeUndefined();
  });

  test('deaf: what is sent arrives, the answer never does', async () => {
    const { socket, heard, end } = await client();
    await proxy.turn('deaf');
    socket.write('x');
    await eventually(() => echo.heard === 'x');
    await proxy.turn('pass');
    await eventually(() => end() !== undefined);
    expect(heard()).toBe('');
  });

  test('slow: everything arrives late and in order', async () => {
    const { socket, heard } = await client();
    await proxy.turn('slow');
    const began = performance.now();
    for (const word of ['a', 'b', 'c']) {
      socket.write(word);
      await pause(5);
    }
    await eventually(() => heard() === 'ABC');
    expect(performance.now() - began).toBeGreaterThan(200);
  });
});
