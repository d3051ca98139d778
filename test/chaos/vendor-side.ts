import type { AxiosInstance } from 'axios';
import { z } from 'zod';

/** A call as the vendor's side knows it: the truth. Times are epoch ms; what never happened is absent. */
export const VendorCall = z.object({
  vendor: z.enum(['e9', 'hw', 'jy']), protocol: z.string().optional(), id: z.string(), a: z.string(), b: z.string(), echo: z.string().optional(),
  recorded: z.boolean(), scenario: z.string(), dialledAt: z.number(),
  times: z.object({
    aRingAt: z.number(), aAnsweredAt: z.number().optional(), bRingAt: z.number().optional(), connectedAt: z.number().optional(), endedAt: z.number(),
    end: z.enum(['b-hung-up', 'a-hung-up', 'a-no-answer', 'b-no-answer', 'a-busy', 'b-busy', 'max-duration', 'cancelled']),
  }),
});
export type VendorCall = z.infer<typeof VendorCall>;

const DoubleRing = z.object({ call: z.string(), leg: z.string(), rings: z.number(), echoes: z.array(z.string()) });
export type DoubleRing = z.infer<typeof DoubleRing>;

/** CC's id of the call that a dial was for: the echo without the number of the attempt, and what an adapter has put behind it. */
export const callIdOf = ({ echo }: VendorCall): string | undefined => echo?.replace(/-\d+(_.*)?$/, '');

export async function vendorCalls(simulator: AxiosInstance): Promise<VendorCall[]> {
  const { data } = await simulator.get<unknown>('/control/calls', { timeout: 60_000 });
  return z.object({ items: z.array(VendorCall) }).parse(data).items;
}

export async function doubleRings(simulator: AxiosInstance): Promise<DoubleRing[]> {
  const { data } = await simulator.get<unknown>('/control/rings/summary', { timeout: 60_000 });
  return z.object({ doubles: z.array(DoubleRing) }).parse(data).doubles;
}

const product = ({ vendor, protocol }: VendorCall): 'e9' | 'createCall' | 'voiceCall' | 'jy' => (vendor !== 'hw' ? vendor : protocol === 'voiceCall' ? 'voiceCall' : 'createCall');
export type Product = ReturnType<typeof product>;
export const productOf = product;

const closeTypes = { 'b-hung-up': 0, 'a-hung-up': 0, cancelled: 0, 'a-no-answer': 1, 'b-no-answer': 2, 'a-busy': 3, 'b-busy': 4, 'max-duration': 5 } as const;
/** 双呼 tells no busy from no answer, and has no code for its limit. */
const closeTypesOfCreateCall = { ...closeTypes, 'a-busy': 1, 'b-busy': 2, 'max-duration': 255, cancelled: 255 } as const;

/** How CC must say that the call ended. */
export function closeTypeOf(call: VendorCall): number {
  return (product(call) === 'createCall' ? closeTypesOfCreateCall : closeTypes)[call.times.end];
}

/** How far a time that a vendor tells may be from the truth: whole seconds, or none. */
export const toleranceMs: Readonly<Record<Product, number>> = { e9: 1000, voiceCall: 1000, createCall: 1, jy: 1 };

const WAV_HEADER_BYTES = 58;
const MP3_FRAME = { bytes: 36, ms: 36 };
/** A shorter talk has no recording at VoiceCall, in seconds of the simulated clock. */
const VOICE_CALL_SHORTEST_SECONDS = 3;

/** The size of the recording that the vendor offers, sooner or later; undefined where it offers none that can be fetched whole. */
export function recordingBytesOf(call: VendorCall, speed: number): number | undefined {
  const { recorded, scenario, times: { aAnsweredAt, connectedAt, endedAt } } = call;
  if (!recorded || connectedAt === undefined || scenario === 'recording-missing' || scenario === 'recording-truncated') return undefined;
  if (product(call) === 'voiceCall' && endedAt - connectedAt < (VOICE_CALL_SHORTEST_SECONDS * 1000) / speed) return undefined;
  if (product(call) === 'e9') return MP3_FRAME.bytes * Math.ceil((endedAt - (aAnsweredAt ?? connectedAt)) / MP3_FRAME.ms);
  return WAV_HEADER_BYTES + 2 * Math.round(((endedAt - connectedAt) * 8000) / 2000);
}
