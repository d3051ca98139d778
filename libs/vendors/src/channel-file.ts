import { createHash } from 'node:crypto';
import type { Capabilities } from '@cc/contracts';
import { defined, type AddressRanges } from '@cc/kernel';
import { LineCounter, parseDocument } from 'yaml';
import { z } from 'zod';
import { ChannelEntry, type ChannelLimits, type HealthRules, type NumberRules, type RepairRules } from './channel-file.schema';
import type { ConfiguredVendor, RegisteredVendor } from './define-vendor';
import { vendorOf, vendors } from './registry';
import { resolveSecrets } from './resolve-secrets';
import { Secret } from './secret';
import type { VendorChannel, VendorPorts } from './vendor.port';

/** One configured account at a vendor. */
export interface Channel {
  readonly id: string;
  readonly vendor: string;
  readonly protocol: string;
  readonly enabled: boolean;
  readonly weight: number;
  /** Absent: every tenant. */
  readonly tenants?: readonly string[];
  readonly capabilities: Capabilities;
  readonly limits: ChannelLimits & { readonly queriesPerMinute: number };
  readonly numbers: NumberRules;
  readonly health: HealthRules;
  readonly repair: RepairRules & { readonly windowSeconds: number };
  /** What carries one call only, with the names of the seats where there are any. */
  readonly line: { readonly kind: 'caller' | 'agent' | 'seat'; readonly names: readonly string[]; readonly identities: readonly string[] };
  /** Empty for a vendor that does not call back. */
  readonly callbackSecrets: readonly Secret[];
  /** Absent: callbacks come from anywhere. */
  readonly callbackSources?: AddressRanges;
  /** Equal for channels that share one account at the vendor, and with it the vendor's limits per account; a digest. */
  readonly account: string;
  /** Equal for equal entries, secrets included; it tells nothing of them. */
  readonly fingerprint: string;
  /** Makes the adapter; it opens no connection by itself. */
  open(ports: VendorPorts): VendorChannel;
}

export type ChannelFile = { readonly ok: true; readonly channels: readonly Channel[] } | { readonly ok: false; readonly faults: readonly string[] };

type Report = (path: readonly PropertyKey[], message: string) => void;

/**
 * Reads the channel file (YAML, `channels: [...]`). Every fault is reported at once, each with its path and the channel's id;
 * no fault repeats another value of the file, since any of them may be a secret.
 * @param readFile gives the text of a secret's file; it may throw, which becomes a fault.
 */
export function parseChannelFile(text: string, readFile: (path: string) => string): ChannelFile {
  const faults: string[] = [];
  const entries = readEntries(text, faults);
  const report: Report = (path, message) => faults.push(`${z.core.toDotPath(path)}: ${message}${nameOf(entries, path)}`);
  const channels = entries.map((entry, index) => readChannel(entry, ['channels', index], readFile, report));
  reportDuplicates(entries, report);
  reportSeatsInTwoLines(channels, report);
  return faults.length === 0 ? { ok: true, channels: channels.flatMap((channel) => channel ?? []) } : { ok: false, faults };
}

/** Which channel a fault is of, for people who do not count from 0. */
function nameOf(entries: readonly unknown[], [, index]: readonly PropertyKey[]): string {
  const id = typeof index === 'number' ? ChannelEntry.shape.id.safeParse(z.looseObject({ id: z.unknown() }).safeParse(entries[index]).data?.id).data : undefined;
  return id === undefined ? '' : ` (channel ${id})`;
}

function readEntries(text: string, faults: string[]): readonly unknown[] {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  for (const { code, pos } of [...document.errors, ...document.warnings]) faults.push(`line ${lines.linePos(pos[0]).line}: not valid YAML (${code})`);
  if (faults.length > 0) return [];
  const value = plainValue(document);
  if (value === undefined) {
    faults.push('file: its YAML aliases (&name, *name) contain themselves, or stand for too much');
    return [];
  }
  const parsed = z.strictObject({ channels: z.array(z.unknown()).min(1) }).safeParse(value);
  if (parsed.success) return parsed.data.channels;
  faults.push(...parsed.error.issues.map(({ path, message }) => `${z.core.toDotPath(path) || 'file'}: ${message}`));
  return [];
}

/** `undefined` for a document whose aliases would explode, or contain themselves. */
function plainValue(document: ReturnType<typeof parseDocument>): unknown {
  try {
    const value: unknown = document.toJS({ maxAliasCount: 100 });
    JSON.stringify(value);
    return value;
  } catch {
    return undefined;
  }
}

function readChannel(entry: unknown, path: readonly PropertyKey[], readFile: (path: string) => string, report: Report): Channel | undefined {
  const resolved = resolveSecrets(entry, path, readFile, report);
  const checked = readEntry(resolved, path, report);
  const vendor = readVendor(resolved, path, report);
  if (vendor === undefined) return undefined;
  const configured = configure(resolved, vendor, path, report);
  if (checked === undefined || !checkCallbackSecrets(checked, vendor, path, report) || configured === undefined) return undefined;
  const { id, protocol, enabled, weight, tenants, limits, numbers, health, repair, without, callbackSecrets = [], callbackSources } = checked;
  return {
    id, vendor: vendor.code, protocol, enabled, weight, numbers, health, callbackSecrets,
    ...defined({ tenants, callbackSources }),
    limits: { ...limits, queriesPerMinute: limits.queriesPerMinute ?? vendor.queriesPerMinute },
    repair: { ...repair, windowSeconds: repair.windowSeconds ?? vendor.queryWindowSeconds },
    capabilities: { ...vendor.capabilities, ...Object.fromEntries(without.map((name) => [name, false])) },
    line: { kind: vendor.line, names: configured.seats, identities: configured.seatIdentities },
    account: accountOf(checked, configured.account),
    fingerprint: fingerprintOf(resolved),
    open: configured.open,
  };
}

/** The operator's name of the account counts before what the vendor's settings say of it. */
function accountOf({ vendor, protocol, account }: ChannelEntry, identity: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(account === undefined ? [vendor, protocol, ...identity] : [vendor, account])).digest('hex');
}

function fingerprintOf(entry: unknown): string {
  const text = JSON.stringify(entry, function replace(this: unknown, key: string, value: unknown): unknown {
    const original: unknown = typeof this === 'object' && this !== null ? Reflect.get(this, key) : undefined;
    return original instanceof Secret ? original.reveal() : value;
  });
  return createHash('sha256').update(text).digest('hex');
}

function readEntry(entry: unknown, path: readonly PropertyKey[], report: Report): ChannelEntry | undefined {
  const parsed = ChannelEntry.safeParse(entry);
  if (!parsed.success) for (const issue of parsed.error.issues) report([...path, ...issue.path], issue.message);
  return parsed.data;
}

const VendorParts = z.looseObject({ settings: z.unknown().optional(), lines: z.array(z.unknown()).optional(), callbackSecrets: z.unknown().optional(), without: z.array(z.string()).optional().catch(undefined) });

function configure(entry: unknown, vendor: RegisteredVendor, path: readonly PropertyKey[], report: Report): Extract<ConfiguredVendor, { ok: true }> | undefined {
  const parts = VendorParts.safeParse(entry).data;
  const configured = vendor.configure({ settings: parts?.settings ?? {}, lines: parts?.lines, callsBack: parts?.callbackSecrets !== undefined, without: parts?.without });
  if (configured.ok) return configured;
  for (const fault of configured.faults) report([...path, ...fault.path], fault.message);
  return undefined;
}

const VendorName = z.looseObject({ vendor: z.string(), protocol: z.string() });

function readVendor(entry: unknown, path: readonly PropertyKey[], report: Report): RegisteredVendor | undefined {
  const name = VendorName.safeParse(entry);
  if (!name.success) return undefined;
  const { vendor, protocol } = name.data;
  const found = vendorOf(vendor, protocol);
  if (found !== undefined) return found;
  const protocols = vendors.filter(({ code }) => code === vendor).map((known) => known.protocol);
  if (protocols.length > 0) report([...path, 'protocol'], `${vendor} has no such protocol; known are ${protocols.join(', ')}`);
  else report([...path, 'vendor'], `no such vendor; known are ${[...new Set(vendors.map(({ code }) => code))].join(', ')}`);
  return undefined;
}

function checkCallbackSecrets(entry: ChannelEntry, { callbacks }: RegisteredVendor, path: readonly PropertyKey[], report: Report): boolean {
  const given = entry.callbackSecrets !== undefined;
  if (entry.callbackSources !== undefined && !given) report([...path, 'callbackSources'], 'not allowed without callbackSecrets, since nobody calls back');
  if (callbacks === 'optional' || given === (callbacks === 'always')) return true;
  report([...path, 'callbackSecrets'], given ? 'not allowed, since this vendor does not call back' : 'needed, since this vendor calls back');
  return false;
}

/** One seat in two lines would be polled by two, and carry two calls. */
function reportSeatsInTwoLines(channels: readonly (Channel | undefined)[], report: Report): void {
  const first = new Map<string, string>();
  channels.forEach((channel, channelIndex) => {
    channel?.line.identities.forEach((identity, index) => {
      const path = ['channels', channelIndex, 'lines', index];
      const earlier = first.get(identity);
      if (earlier === undefined) first.set(identity, z.core.toDotPath(path));
      else report(path, `the same seat at the vendor as ${earlier}`);
    });
  });
}

function reportDuplicates(entries: readonly unknown[], report: Report): void {
  const ids = entries.map((entry) => z.looseObject({ id: z.string() }).safeParse(entry).data?.id);
  ids.forEach((id, index) => {
    const first = ids.indexOf(id);
    if (id !== undefined && first < index) report(['channels', index, 'id'], `the same id as channels[${first}]`);
  });
}
