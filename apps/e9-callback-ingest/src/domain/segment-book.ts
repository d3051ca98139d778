import type { SpoolPosition } from './checkpoint';

/** What is known of a segment on disk. */
export interface SegmentFacts {
  readonly bytes: number;
  /** When it was last written to, epoch ms. */
  readonly writtenAtMs: number;
}

/** Which segments there are, how large and how old. */
export class SegmentBook {
  private readonly facts = new Map<number, SegmentFacts>();

  /** So many bytes more lie in the segment. Segments come in the order of their numbers. */
  grow(segment: number, bytes: number, writtenAtMs: number): void {
    this.facts.set(segment, { bytes: (this.facts.get(segment)?.bytes ?? 0) + bytes, writtenAtMs });
  }

  forget(segment: number): void {
    this.facts.delete(segment);
  }

  /** Oldest first. */
  numbers(): number[] {
    return [...this.facts.keys()];
  }

  /** Bytes that lie behind a position. */
  bytesFrom({ segment, offset }: SpoolPosition): number {
    let sum = 0;
    for (const [number, { bytes }] of this.facts) if (number >= segment) sum += number === segment ? Math.max(0, bytes - offset) : bytes;
    return sum;
  }

  /**
   * The segments before a position that may go: those last written to before a time, and the oldest of the others until
   * `lackingBytes` are won.
   */
  removable({ segment }: SpoolPosition, writtenBeforeMs: number, lackingBytes: number): number[] {
    let lacking = lackingBytes;
    return [...this.facts].flatMap(([number, { bytes, writtenAtMs }]) => {
      if (number >= segment || (writtenAtMs > writtenBeforeMs && lacking <= 0)) return [];
      lacking -= bytes;
      return [number];
    });
  }
}
