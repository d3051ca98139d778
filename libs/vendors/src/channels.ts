import { readFileSync } from 'node:fs';
import { CcError, describeError } from '@cc/kernel';
import { parseChannelFile, type Channel } from './channel-file';
import type { VendorChannel, VendorPorts } from './vendor.port';

/** A configured channel with its adapter ready for use. */
export interface OpenChannel {
  readonly channel: Channel;
  readonly adapter: VendorChannel;
}

export type Reload =
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'changed'; readonly added: readonly string[]; readonly altered: readonly string[]; readonly removed: readonly string[] }
  /** The file is refused, and everything stays as it was. */
  | { readonly kind: 'faulty'; readonly message: string };

/** All channels of the channel file, by id; read again on {@link Channels.reload}. */
export class Channels {
  private byId: ReadonlyMap<string, OpenChannel> = new Map();
  /** Channels that the file had once: their running calls are followed by callbacks, polls and queries. Seats are polled only while the file has them. */
  private readonly retired = new Map<string, OpenChannel>();
  private refused: string | undefined;

  private constructor(
    private readonly path: string,
    private readonly ports: VendorPorts,
  ) {}

  /** @throws CcError `bad-channel-file` with every fault of the file. */
  static fromFile(path: string, ports: VendorPorts): Channels {
    const channels = new Channels(path, ports);
    const loaded = channels.reload();
    if (loaded.kind === 'faulty') throw new CcError('input', 'bad-channel-file', loaded.message);
    return channels;
  }

  /** Reads the file and its secrets again. What did not change keeps its adapter, with its tokens; one and the same faulty file is told once. */
  reload(): Reload {
    const parsed = read(this.path);
    if (!parsed.ok) {
      const news = parsed.message !== this.refused;
      this.refused = parsed.message;
      return news ? { kind: 'faulty', message: parsed.message } : { kind: 'unchanged' };
    }
    this.refused = undefined;
    const before = this.byId;
    const next = new Map(parsed.channels.map((channel) => {
      const known = before.get(channel.id);
      return [channel.id, known?.channel.fingerprint === channel.fingerprint ? known : { channel, adapter: channel.open(this.ports) }];
    }));
    const removed = [...before.values()].filter(({ channel }) => !next.has(channel.id));
    for (const open of removed) this.retired.set(open.channel.id, open);
    this.byId = next;
    const added = [...next.keys()].filter((id) => !before.has(id));
    const altered = [...next].filter(([id, open]) => before.has(id) && before.get(id) !== open).map(([id]) => id);
    if (added.length + altered.length + removed.length === 0) return { kind: 'unchanged' };
    return { kind: 'changed', added, altered, removed: removed.map(({ channel }) => channel.id) };
  }

  /** Whether the file as it lies there now is refused. */
  isFaulty(): boolean {
    return this.refused !== undefined;
  }

  /** Also a channel that the file no longer has. */
  find(id: string): OpenChannel | undefined {
    return this.byId.get(id) ?? this.retired.get(id);
  }

  all(): readonly OpenChannel[] {
    return [...this.byId.values()];
  }
}

function read(path: string): { readonly ok: true; readonly channels: readonly Channel[] } | { readonly ok: false; readonly message: string } {
  try {
    const parsed = parseChannelFile(readFileSync(path, 'utf8'), (secretPath) => readFileSync(secretPath, 'utf8'));
    if (parsed.ok) return parsed;
    return { ok: false, message: `The channel file ${path} has faults:\n${parsed.faults.map((fault) => `  - ${fault}`).join('\n')}` };
  } catch (error) {
    return { ok: false, message: `CC_CHANNELS_FILE: the channel file ${path} cannot be read (${describeError(error)})` };
  }
}
