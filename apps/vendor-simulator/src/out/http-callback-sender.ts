import http from 'node:http';
import https from 'node:https';
import type { OnModuleDestroy } from '@nestjs/common';
import { describeError } from '@cc/kernel';
import { CallbackSender, type CallbackOutcome, type CallbackTarget } from '../domain/callback-sender';

export interface CallbackSending {
  /** e9's address of the application: where a callback goes that names no other. */
  readonly url: string;
  readonly connectTimeoutMs: number;
  /** From the connection to the whole answer. */
  readonly answerTimeoutMs: number;
}

const E9_HEADERS = { 'content-type': 'application/xml;charset=utf-8' };

/** Posts each callback over a connection of its own, as the vendor does, and reads no more of the answer than its status. */
export class HttpCallbackSender extends CallbackSender implements OnModuleDestroy {
  private readonly open = new Set<http.ClientRequest>();
  private stopped = false;

  constructor(private readonly sending: CallbackSending) {
    super();
  }

  override send(body: string, { url, headers }: CallbackTarget = { url: this.sending.url, headers: E9_HEADERS }): Promise<CallbackOutcome> {
    if (this.stopped) return Promise.resolve({ kind: 'failed', reason: 'the simulator stops' });
    return new Promise((resolve) => {
      const { connectTimeoutMs, answerTimeoutMs } = this.sending;
      const { request: start } = new URL(url).protocol === 'https:' ? https : http;
      const request = start(url, {
        method: 'POST',
        agent: false,
        headers: { ...headers, 'content-length': Buffer.byteLength(body), connection: 'close' },
      });
      this.open.add(request);
      const giveUp = (what: string): void => void request.destroy(new Error(what));
      let limit = setTimeout(giveUp, connectTimeoutMs, 'no connection in time');
      request.once('socket', (socket) => {
        socket.once('connect', () => {
          clearTimeout(limit);
          limit = setTimeout(giveUp, answerTimeoutMs, 'no answer in time');
        });
      });
      request.once('response', (response) => {
        response.resume();
        response.once('end', () => resolve({ kind: 'answered', status: response.statusCode ?? 0 }));
      });
      request.once('error', (error) => resolve({ kind: 'failed', reason: describeError(error) }));
      request.once('close', () => {
        clearTimeout(limit);
        this.open.delete(request);
        resolve({ kind: 'failed', reason: 'the connection closed before the answer was complete' });
      });
      request.end(body);
    });
  }

  onModuleDestroy(): void {
    this.stopped = true;
    for (const request of this.open) request.destroy(new Error('the simulator stops'));
  }
}
