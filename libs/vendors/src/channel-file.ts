import type { Capabilities } from '@cc/contracts';
import { LineCounter, parseDocument } from 'yaml';
import { z } from 'zod';
import { ChannelEntry } from './channel-file.schema';
import type { RegisteredVendor } from './define-vendor';
import { vendorOf, vendors } from './registry';
import { resolveSecrets } from './resolve-secrets';
import type { Secret } from './secret';
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
  /** Empty for a vendor that is polled. */
  readonly callbackSecrets: readonly Secret[];
  /** Makes the adapter; it opens no connection by itself. */
  open(ports: VendorPorts): VendorChannel;
}

export type ChannelFile = { readonly ok: true; readonly channels: readonly Channel[] } | { readonly ok: false; readonly faults: readonly string[] };

type Report = (path: readonly PropertyKey[], message: string) => void;

/**
 * Reads the channel file (YAML, `channels: [...]`). Every fault is reported at once, each with its path; no fault repeats
 * a value of the file, since any of them may be a secret.
 * @param readFile gives the text of a secret's file; it may throw, which becomes a fault.
 */
export function parseChannelFile(text: string, readFile: (path: string) => string): ChannelFile {
  const faults: string[] = [];
  const report: Report = (path, message) => faults.push(`${z.core.toDotPath(path)}: ${message}`);
  const entries = readEntries(text, faults);
  const channels = entries.flatMap((entry, index) => readChannel(entry, ['channels', index], readFile, report) ?? []);
  reportDuplicates(entries, report);
  return faults.length === 0 ? { ok: true, channels } : { ok: false, faults };
}

function readEntries(text: string, faults: string[]): readonly unknown[] {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  for (const { code, pos } of [...document.errors, ...document.warnings]) faults.push(`line ${lines.linePos(pos[0]).line}: not valid YAML (${code})`);
  if (faults.length > 0) return [];
  const parsed = z.strictObject({ channels: z.array(z.unknown()).min(1) }).safeParse(plainValue(document));
  if (parsed.success) return parsed.data.channels;
  faults.push(...parsed.error.issues.map(({ path, message }) => `${z.core.toDotPath(path) || 'file'}: ${message}`));
  return [];
}

/** `undefined` for a document whose aliases would explode. */
function plainValue(document: ReturnType<typeof parseDocument>): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 });
  } catch {
    return undefined;
  }
}

function readChannel(entry: unknown, path: readonly PropertyKey[], readFile: (path: string) => string, report: Report): Channel | undefined {
  const resolved = resolveSecrets(entry, path, readFile, report);
  const checked = readEntry(resolved, path, report);
  const vendor = readVendor(resolved, path, report);
  if (vendor === undefined) return undefined;
  const open = readSettings(resolved, vendor, path, report);
  if (checked === undefined || !checkCallbackSecrets(checked, vendor, path, report) || open === undefined) return undefined;
  const { id, protocol, enabled, weight, tenants, callbackSecrets = [] } = checked;
  return {
    id, vendor: vendor.code, protocol, enabled, weight, callbackSecrets,
    ...(tenants === undefined ? {} : { tenants }),
    capabilities: vendor.capabilities,
    open,
  };
}

function readEntry(entry: unknown, path: readonly PropertyKey[], report: Report): ChannelEntry | undefined {
  const parsed = ChannelEntry.safeParse(entry);
  if (!parsed.success) for (const issue of parsed.error.issues) report([...path, ...issue.path], issue.message);
  return parsed.data;
}

function readSettings(entry: unknown, vendor: RegisteredVendor, path: readonly PropertyKey[], report: Report): Channel['open'] | undefined {
  const settings = z.looseObject({ settings: z.unknown().optional() }).safeParse(entry).data?.settings;
  const configured = vendor.configure(settings ?? {});
  if (configured.ok) return configured.open;
  for (const fault of configured.faults) report([...path, 'settings', ...fault.path], fault.message);
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

function checkCallbackSecrets(entry: ChannelEntry, vendor: RegisteredVendor, path: readonly PropertyKey[], report: Report): boolean {
  const callsBack = vendor.capabilities.followUp === 'callbacks';
  if (callsBack === (entry.callbackSecrets !== undefined)) return true;
  report([...path, 'callbackSecrets'], callsBack ? 'needed, since this vendor calls back' : 'not allowed, since this vendor is polled');
  return false;
}

function reportDuplicates(entries: readonly unknown[], report: Report): void {
  const ids = entries.map((entry) => z.looseObject({ id: z.string() }).safeParse(entry).data?.id);
  ids.forEach((id, index) => {
    const first = ids.indexOf(id);
    if (id !== undefined && first < index) report(['channels', index, 'id'], `the same id as channels[${first}]`);
  });
}
