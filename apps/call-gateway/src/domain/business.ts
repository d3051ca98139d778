import { defined } from '@cc/kernel';
import { z } from 'zod';

export const DisplayPolicy = z.enum(['passthrough', 'masked']);
export type DisplayPolicy = z.infer<typeof DisplayPolicy>;

/** What a tenant has set for a business. */
export const Business = z.object({
  mainNum: z.string().optional(),
  extNum: z.string().optional(),
  /** What the legs see of each other's numbers. */
  displayPolicy: DisplayPolicy.optional(),
  /** The channels that its calls may take; absent: any. */
  channels: z.array(z.string()).optional(),
});
export type Business = z.infer<typeof Business>;

/** The business as the API shows it. */
export interface BusinessView {
  readonly business: string;
  readonly mainNumber?: string;
  readonly extension?: string;
  readonly displayPolicy?: DisplayPolicy;
  readonly channels?: readonly string[];
}

export function businessView(business: string, { mainNum, extNum, displayPolicy, channels }: Business): BusinessView {
  return { business, ...defined({ mainNumber: mainNum, extension: extNum, displayPolicy, channels }) };
}
