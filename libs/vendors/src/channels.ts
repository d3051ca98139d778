import { readFileSync } from 'node:fs';
import { CcError, describeError } from '@cc/kernel';
import { parseChannelFile, type Channel } from './channel-file';
import type { VendorChannel, VendorPorts } from './vendor.port';

/** A configured channel with its adapter ready for use. */
export interface OpenChannel {
  readonly channel: Channel;
  readonly adapter: VendorChannel;
}

/** All channels of the channel file, by id. */
export class Channels {
  private constructor(private readonly byId: ReadonlyMap<string, OpenChannel>) {}

  /** @throws CcError `bad-channel-file` with every fault of the file. */
  static fromFile(path: string, ports: VendorPorts): Channels {
    const parsed = parseChannelFile(readText(path), (secretPath) => readFileSync(secretPath, 'utf8').trim());
    if (!parsed.ok) throw new CcError('input', 'bad-channel-file', `The channel file ${path} has faults:\n${parsed.faults.map((fault) => `  - ${fault}`).join('\n')}`);
    return new Channels(new Map(parsed.channels.map((channel) => [channel.id, { channel, adapter: channel.open(ports) }])));
  }

  find(id: string): OpenChannel | undefined {
    return this.byId.get(id);
  }

  all(): readonly OpenChannel[] {
    return [...this.byId.values()];
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new CcError('input', 'bad-channel-file', `CC_CHANNELS_FILE: the channel file ${path} cannot be read (${describeError(error)})`);
  }
}
