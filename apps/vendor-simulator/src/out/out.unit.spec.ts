import http from 'node:http';
import { z } from 'zod';
import { HttpCallbackSender } from './http-callback-sender';
import { SystemTimers } from './system-timers';

test('work happens once, called-off work never, and a stop ends pauses and drops the rest', async () => {
  jest.useFakeTimers();
  const timers = new SystemTimers();
  const done: string[] = [];
  timers.after(10, () => done.push('once'));
  timers.after(10, () => done.push('never: called off'))();
  timers.after(60_000, () => done.push('never: stopped'));
  const pauses = [timers.pause(10), timers.pause(60_000)];
  jest.advanceTimersByTime(10);
  await pauses[0];
  timers.onModuleDestroy();
  await Promise.all([...pauses, timers.pause(60_000)]);
  timers.after(10, () => done.push('never: too late'));
  jest.advanceTimersByTime(120_000);
  jest.useRealTimers();
  expect(done).toEqual(['once']);
});

test('a pause that is longer than a timer can be does not end at once', async () => {
  const timers = new SystemTimers();
  const ended: string[] = [];
  void timers.pause(2 ** 31 * 10).then(() => ended.push('the long one'));
  await timers.pause(20);
  expect(ended).toEqual([]);
  timers.onModuleDestroy();
});

describe('a callback over HTTP', () => {
  let answer: (response: http.ServerResponse) => void = () => undefined;
  let arrived: () => void = () => undefined;
  const server = http.createServer((_request, response) => {
    arrived();
    answer(response);
  });
  let url = '';

  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${z.object({ port: z.number() }).parse(server.address()).port}/`;
  });
  afterAll(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });

  const senderTo = (to: string, answerTimeoutMs = 30_000): HttpCallbackSender => new HttpCallbackSender({ url: to, connectTimeoutMs: 30_000, answerTimeoutMs });

  test('gives the status that came', async () => {
    answer = (response) => response.writeHead(503).end('busy');
    expect(await senderTo(url).send('<req/>')).toEqual({ kind: 'answered', status: 503 });
  });

  test('fails without an answer in time, with half of one, without a server, and when the simulator stops', async () => {
    answer = () => undefined;
    expect(await senderTo(url, 20).send('<req/>')).toEqual({ kind: 'failed', reason: 'no answer in time' });
    answer = (response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('half', () => response.destroy());
    };
    expect(await senderTo(url).send('<req/>')).toMatchObject({ kind: 'failed' });
    expect(await senderTo('http://127.0.0.1:1/').send('<req/>')).toMatchObject({ kind: 'failed', reason: expect.stringContaining('ECONNREFUSED') });
    answer = () => undefined;
    const sender = senderTo(url);
    const reached = new Promise<void>((resolve) => (arrived = resolve));
    const outcome = sender.send('<req/>');
    await reached;
    sender.onModuleDestroy();
    expect([await outcome, await sender.send('<req/>')]).toEqual(Array(2).fill({ kind: 'failed', reason: 'the simulator stops' }));
  });
});
