import type { Capabilities } from '@cc/contracts';
import { z } from 'zod';
import type { CallbackUse, ChannelSetUp, SettingFault, Vendor, VendorChannel, VendorPorts } from './vendor.port';

/** A vendor whose settings are checked but whose schema's type is nobody's business any more. */
export interface RegisteredVendor {
  readonly code: string;
  readonly protocol: string;
  readonly capabilities: Capabilities;
  readonly callbacks: CallbackUse;
  readonly line: Vendor['line'];
  readonly queriesPerMinute: number;
  readonly queryWindowSeconds: number;
  /** Parses the channel file's `settings` and `lines`, with every fault and its path; opening is then certain to fit. */
  configure(given: VendorConfiguration): ConfiguredVendor;
}

export interface VendorConfiguration {
  readonly settings: unknown;
  readonly lines?: readonly unknown[] | undefined;
  readonly callsBack: boolean;
  readonly without?: readonly string[] | undefined;
}

export type ConfiguredVendor =
  | { readonly ok: true; readonly seats: readonly string[]; readonly seatIdentities: readonly string[]; readonly account: readonly string[]; readonly open: (ports: VendorPorts) => VendorChannel }
  | { readonly ok: false; readonly faults: readonly SettingFault[] };

const DEFAULT_QUERIES_PER_MINUTE = 60;
const DEFAULT_QUERY_WINDOW_SECONDS = 172_800;

const SeatName = z.looseObject({ id: z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, { error: 'expected 1 to 64 letters, digits, _ and -' }) });

/** Ties a vendor to its settings' schema: whoever opens it does so with settings that this very schema accepted. */
export function defineVendor<Schema extends z.ZodType, Seat extends z.ZodType = z.ZodUndefined>(vendor: Vendor<Schema, Seat>): RegisteredVendor {
  return {
    code: vendor.code,
    protocol: vendor.protocol,
    capabilities: vendor.capabilities,
    callbacks: vendor.callbacks,
    line: vendor.line,
    queriesPerMinute: vendor.queriesPerMinute ?? DEFAULT_QUERIES_PER_MINUTE,
    queryWindowSeconds: vendor.queryWindowSeconds ?? DEFAULT_QUERY_WINDOW_SECONDS,
    configure({ settings, lines = [], callsBack, without = [] }) {
      const faults: SettingFault[] = [];
      const parsed = vendor.settings.safeParse(settings);
      if (!parsed.success) faults.push(...faultsOf(parsed.error, ['settings']));
      const seats: ChannelSetUp<z.output<Seat>>['seats'] = vendor.seat === undefined ? withoutSeats(lines, faults) : readSeats(lines, vendor.seat, faults);
      if (parsed.success) faults.push(...(vendor.faults?.(parsed.data, { callsBack, without }) ?? []));
      if (!parsed.success || faults.length > 0) return { ok: false, faults };
      const seatIdentities = [...seats.values()].flatMap((seat) => vendor.seatIdentity?.(parsed.data, seat) ?? []);
      return { ok: true, seats: [...seats.keys()], seatIdentities, account: vendor.account(parsed.data), open: (ports) => vendor.open(parsed.data, ports, { seats, callsBack }) };
    },
  };
}

function withoutSeats(lines: readonly unknown[], faults: SettingFault[]): ReadonlyMap<string, never> {
  if (lines.length > 0) faults.push({ path: ['lines'], message: 'not allowed, since the lines of this vendor are not configured: they are the telephones or agents of the calls' });
  return new Map<string, never>();
}

function readSeats<Seat extends z.ZodType>(lines: readonly unknown[], schema: Seat, faults: SettingFault[]): ReadonlyMap<string, z.output<Seat>> {
  if (lines.length === 0) faults.push({ path: ['lines'], message: 'needed, since agents sign in at this vendor: one entry per seat' });
  const seats = new Map<string, z.output<Seat>>();
  lines.forEach((line, index) => {
    const name = SeatName.safeParse(line);
    if (!name.success) return void faults.push(...faultsOf(name.error, ['lines', index]));
    const { id, ...rest } = name.data;
    const parsed = schema.safeParse(rest);
    if (seats.has(id)) faults.push({ path: ['lines', index, 'id'], message: 'the same id as an earlier line' });
    if (!parsed.success) return void faults.push(...faultsOf(parsed.error, ['lines', index]));
    seats.set(id, parsed.data);
  });
  return seats;
}

function faultsOf(error: z.ZodError, parent: readonly PropertyKey[]): SettingFault[] {
  return error.issues.map(({ path, message }) => ({ path: [...parent, ...path], message }));
}
