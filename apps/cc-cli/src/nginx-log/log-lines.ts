import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { describeError } from '@cc/kernel';
import { WrongUsage } from '../wrong-usage';

/** The largest body, and each of its bytes escaped with six letters, and something for the rest. */
const LONGEST_LINE_BYTES = 4 * 1024 * 1024;
const NEWLINE = 0x0a;
const GZIP = Buffer.from([0x1f, 0x8b]);

/** `text`: one letter for each byte (Latin-1). `fault`: what lies here cannot be read. */
export type NumberedLine = { readonly number: number; readonly text: string } | { readonly number: number; readonly fault: string };

/** The lines of a log, packed by gzip or not, one after the other, whatever its size. Empty ones are left out. @throws WrongUsage when there is no such file. */
export async function* linesOf(file: string): AsyncGenerator<NumberedLine> {
  const packed = await isPacked(file);
  const source = createReadStream(file);
  const bytes: AsyncIterable<Buffer> = packed ? pipeline(source, createGunzip(), () => undefined) : source;
  const cutter = new LineCutter();
  try {
    for await (const chunk of bytes) yield* cutter.cut(chunk);
    yield* cutter.rest();
  } catch (error) {
    yield* cutter.rest();
    yield { number: cutter.number, fault: `the file cannot be read beyond this line (${describeError(error)})` };
  } finally {
    source.destroy();
  }
}

/** Cuts chunks into lines; of a line that is too long nothing is kept. */
class LineCutter {
  /** Of the line that is being read, from 1 on. */
  number = 1;
  private parts: Buffer[] = [];
  private size = 0;

  *cut(chunk: Buffer): Generator<NumberedLine> {
    let from = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, from)) {
      this.add(chunk.subarray(from, end));
      yield* this.rest();
      from = end + 1;
      this.number += 1;
    }
    this.add(chunk.subarray(from));
  }

  /** What there is of the present line. */
  *rest(): Generator<NumberedLine> {
    const { number, size } = this;
    const text = Buffer.concat(this.parts).toString('latin1');
    this.parts = [];
    this.size = 0;
    if (size > LONGEST_LINE_BYTES) yield { number, fault: `it is longer than any line of the log of callbacks (${size} bytes)` };
    else if (size > 0) yield { number, text };
  }

  private add(part: Buffer): void {
    this.size += part.length;
    if (this.size > LONGEST_LINE_BYTES) this.parts = [];
    else if (part.length > 0) this.parts.push(part);
  }
}

async function isPacked(file: string): Promise<boolean> {
  try {
    const handle = await open(file);
    try {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(GZIP.length), 0, GZIP.length, 0);
      return bytesRead === GZIP.length && buffer.equals(GZIP);
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw new WrongUsage(`The file ${file} cannot be read: ${describeError(error)}`);
  }
}
