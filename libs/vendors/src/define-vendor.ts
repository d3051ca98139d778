import type { Capabilities } from '@cc/contracts';
import type { z } from 'zod';
import type { Vendor, VendorChannel, VendorPorts } from './vendor.port';

/** A vendor whose settings are checked but whose schema's type is nobody's business any more. */
export interface RegisteredVendor {
  readonly code: string;
  readonly protocol: string;
  readonly capabilities: Capabilities;
  /** For documentation and checks of the channel file. */
  readonly settingsSchema: z.ZodType;
  /** Parses the channel file's `settings`, with every fault and its path; opening is then certain to fit. */
  configure(settings: unknown): ConfiguredVendor;
}

export type ConfiguredVendor =
  | { readonly ok: true; readonly open: (ports: VendorPorts) => VendorChannel }
  | { readonly ok: false; readonly faults: readonly SettingFault[] };

export interface SettingFault {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

/** Ties a vendor to its settings' schema: whoever opens it does so with settings that this very schema accepted. */
export function defineVendor<Schema extends z.ZodType>(vendor: Vendor<Schema>): RegisteredVendor {
  return {
    code: vendor.code,
    protocol: vendor.protocol,
    capabilities: vendor.capabilities,
    settingsSchema: vendor.settings,
    configure(settings) {
      const parsed = vendor.settings.safeParse(settings);
      if (!parsed.success) return { ok: false, faults: parsed.error.issues.map(({ path, message }) => ({ path, message })) };
      return { ok: true, open: (ports) => vendor.open(parsed.data, ports) };
    },
  };
}
