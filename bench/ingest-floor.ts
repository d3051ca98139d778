// What a careful hand would write for the vendors' door, as a program: `ingest-floor.ts DIRECTORY [BROKERS TOPIC]` prints `listening URL`.
// A 200 after the write and one fdatasync for all who wait. With brokers, what is on disk is sent there too, and the position kept on disk.
import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { describeError, newId, pause } from '@cc/kernel';
import type { Producer } from 'kafkajs';
import { bareKafka, bareProducer } from './kafka-floor';
import { BATCH } from './records';

const IDLE_MS = 5;

interface Waiting {
  readonly bytes: Buffer;
  readonly reply: ServerResponse;
}

class Door {
  private waiting: Waiting[] = [];
  private writing = false;
  readonly stored: Buffer[] = [];

  constructor(private readonly spool: FileHandle) {}

  async take(incoming: IncomingMessage, reply: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) if (Buffer.isBuffer(chunk)) chunks.push(chunk);
    const told = { id: newId('ntf'), receivedAt: Date.now(), from: incoming.socket.remoteAddress, headers: incoming.headers, body: Buffer.concat(chunks).toString('base64') };
    this.waiting.push({ bytes: Buffer.from(JSON.stringify(told)), reply });
    if (!this.writing) await this.writeAll();
  }

  private async writeAll(): Promise<void> {
    this.writing = true;
    while (this.waiting.length > 0) {
      const batch = this.waiting;
      this.waiting = [];
      await this.spool.write(Buffer.concat(batch.flatMap(({ bytes }) => [header(bytes), bytes])));
      await this.spool.datasync();
      for (const { bytes, reply } of batch) {
        this.stored.push(bytes);
        reply.writeHead(200, { 'content-type': 'text/xml', 'content-length': ACKNOWLEDGEMENT.length }).end(ACKNOWLEDGEMENT);
      }
    }
    this.writing = false;
  }
}

const ACKNOWLEDGEMENT = '<?xml version="1.0" encoding="UTF-8"?><response><statuscode>0000</statuscode></response>';

function header(bytes: Buffer): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt32BE(bytes.length, 0);
  head.writeUInt32BE(crc32(bytes), 4);
  return head;
}

/** In batches, each followed by the position, synced. */
async function forward(stored: Buffer[], producer: Producer, topic: string, position: FileHandle): Promise<never> {
  let sent = 0;
  for (;;) {
    const batch = stored.splice(0, BATCH);
    if (batch.length === 0) {
      await pause(IDLE_MS);
      continue;
    }
    await producer.send({ topic, acks: -1, messages: batch.map((value, index) => ({ key: String(sent + index), value })) });
    sent += batch.length;
    await position.write(String(sent).padStart(16, '0'), 0);
    await position.datasync();
  }
}

async function main(): Promise<void> {
  const [directory = '.', brokers, topic = ''] = process.argv.slice(2);
  const append = constants.O_CREAT | constants.O_WRONLY | constants.O_APPEND;
  const door = new Door(await open(join(directory, 'spool'), append, 0o600));
  const fail = (error: unknown): void => void process.stderr.write(`${describeError(error)}\n`);
  const server = createServer((incoming, reply) => void door.take(incoming, reply).catch(fail));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  if (brokers === undefined) setInterval(() => door.stored.splice(0), 1000);
  else void forward(door.stored, await bareProducer(bareKafka(brokers.split(','))), topic, await open(join(directory, 'sent'), constants.O_CREAT | constants.O_WRONLY, 0o600)).catch(fail);
  const address = server.address();
  process.stdout.write(`listening http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}\n`);
}

void main();
