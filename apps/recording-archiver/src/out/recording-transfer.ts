import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { HttpExchange } from '@cc/http';
import { describeError } from '@cc/kernel';
import type { ObjectStore } from '@cc/object-store';
import type { Channels, RecordingLocation } from '@cc/vendors';
import { objectKey, type ArchiveTask, type TryOutcome } from '../domain/archive-task';
import { audioTypeOf } from '../domain/audio';

/** Of `vendorUrl` in the record; a longer one is left out. */
const MAX_URL_LENGTH = 512;

export interface TransferLimits {
  readonly downloadMs: number;
  readonly maxBytes: number;
  readonly temporaryDir: string | undefined;
}

/** Fetches a recording at its vendor and stores it; the bytes pass through a file, never through memory. */
export class RecordingTransfer {
  constructor(
    private readonly channels: Channels,
    private readonly http: HttpExchange,
    private readonly objects: ObjectStore,
    private readonly limits: TransferLimits,
  ) {}

  /** One try; never rejects. */
  async attempt(task: ArchiveTask): Promise<TryOutcome> {
    try {
      const open = this.channels.find(task.channel);
      // Another process may have the newer channel file.
      if (open === undefined) return { kind: 'again', reason: `channel ${task.channel} is not configured here` };
      const access = open.adapter.recording;
      if (access === undefined) return { kind: 'never', reason: `channel ${task.channel} has no recordings` };
      const location = await access.locate({ vendorCallId: task.vendorCallId, ...(task.vendorUrl === undefined ? {} : { vendorUrl: task.vendorUrl }) });
      if (location.kind === 'never') return { kind: 'never', reason: location.reason };
      if (location.kind === 'not-yet') return { kind: 'again', reason: location.reason };
      return await this.withDirectory((directory) => this.transfer(task, location, join(directory, 'recording')));
    } catch (error) {
      return { kind: 'again', reason: describeError(error) };
    }
  }

  private async withDirectory<T>(work: (directory: string) => Promise<T>): Promise<T> {
    const directory = await mkdtemp(join(this.limits.temporaryDir ?? tmpdir(), 'cc-recording-'));
    try {
      return await work(directory);
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  }

  private async transfer(task: ArchiveTask, location: Extract<RecordingLocation, { kind: 'found' }>, path: string): Promise<TryOutcome> {
    const download = await this.http.download({ method: 'GET', url: location.url, headers: location.headers, timeoutMs: this.limits.downloadMs, target: path, maxBytes: this.limits.maxBytes });
    if (download.kind === 'refused') return { kind: 'again', reason: `the vendor answered ${download.status}: ${download.reason}` };
    if (download.kind === 'failed') return { kind: 'again', reason: download.reason };
    const type = audioTypeOf(download.firstBytes);
    if (type === undefined) return { kind: 'again', reason: `the vendor sent ${download.sizeBytes} bytes that are no audio (${download.contentType})` };
    const { sizeBytes, md5, sha256 } = download;
    const key = objectKey(task, sha256, type.extension);
    const { url } = await this.objects.putFile({ key, path, sizeBytes, md5, sha256, contentType: type.contentType });
    return { kind: 'stored', recording: { object: key, url, sizeBytes, sha256, ...(location.publicUrl.length > MAX_URL_LENGTH ? {} : { vendorUrl: location.publicUrl }) } };
  }
}
