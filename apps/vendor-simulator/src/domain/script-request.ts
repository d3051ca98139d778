import { z } from 'zod';
import { callEnds, callbackManners, dialManners, placing, recordingManners, type DialManner, type ScenarioTimes } from './scenario';
import type { ScriptOrder } from './scripts';
import { vendorNames } from './simulated-call';

const MAX_SECONDS = 86_400;
const seconds = z.number().min(0).max(MAX_SECONDS);
const scriptedEnds = callEnds.filter((end) => end !== 'cancelled');

const Times = z.strictObject({
  ringAAfterSeconds: seconds.optional(), answerAAfterSeconds: seconds.optional(), ringBAfterSeconds: seconds.optional(),
  answerBAfterSeconds: seconds.optional(), talkSeconds: seconds.optional(), unansweredAfterSeconds: seconds.optional(),
});

const dialParts = { dial: z.enum(dialManners).optional(), placed: z.boolean().optional(), answerAfterSeconds: seconds.optional() };

/** A script as it is posted to `/control/scenarios`. */
export const ScriptRequest = z.strictObject({
  number: z.string().regex(/^\+?[\d -]{3,30}$/, 'is no telephone number: 3 to 30 digits, spaces or hyphens, after + or not').optional(),
  vendor: z.enum(vendorNames).optional(),
  calls: z.number().int().min(1).max(1_000_000).optional(),
  name: z.string().min(1).max(64).optional(),
  end: z.enum(scriptedEnds).optional(),
  ...dialParts,
  callbacks: z.enum(callbackManners).optional(),
  recording: z.enum(recordingManners).optional(),
  times: Times.optional(),
});
export type ScriptRequest = z.infer<typeof ScriptRequest>;

/** An outage as it is put to `/control/outages/{vendor}`. */
export const OutageRequest = z.strictObject({
  dial: z.enum([...dialManners, 'placed-normally']).optional(),
  placed: dialParts.placed,
  answerAfterSeconds: dialParts.answerAfterSeconds,
  callbacks: z.literal('none').optional(),
  refuse: z.number().min(0).max(1).optional(),
  until: z.number().int().min(0).optional(),
});
export type OutageRequest = z.infer<typeof OutageRequest>;

export interface Fault {
  readonly pointer: string;
  readonly detail: string;
}

/** What fits no field alone; every part that is wrong by itself is looked past, so that all faults are told at once. */
const Lenient = z.object({
  number: z.unknown().optional(), vendor: z.unknown().optional(),
  end: z.enum(scriptedEnds).optional().catch(undefined),
  dial: z.enum(dialManners).optional().catch(undefined),
  placed: z.boolean().optional().catch(undefined),
  answerAfterSeconds: z.number().optional().catch(undefined),
  times: z.record(z.string(), z.unknown()).optional().catch(undefined),
});

/** Faults between the parts of a script. */
export function scriptFaults(body: unknown): Fault[] {
  const parts = Lenient.safeParse(body).data;
  if (parts === undefined) return [];
  const { end = 'b-hung-up', times = {}, number, vendor } = parts;
  const aimless = number === undefined && vendor === undefined ? [{ pointer: '/number', detail: 'give number, vendor or both: a script for every call would hide all scenarios' }] : [];
  const unreachable = timesBeyond[end].filter((name) => times[name] !== undefined).map((name) => ({ pointer: `/times/${name}`, detail: `does not come about in a call that ends as ${end}` }));
  return [...aimless, ...dialFaults(parts), ...unreachable];
}

/** Faults between the parts of an outage. */
export function outageFaults(body: unknown): Fault[] {
  const parts = Lenient.safeParse(body).data;
  return parts === undefined ? [] : dialFaults(parts);
}

const withoutTalk = ['answerBAfterSeconds', 'talkSeconds'] as const;
const withoutB = ['answerAAfterSeconds', 'ringBAfterSeconds', ...withoutTalk] as const;
const timesBeyond: Readonly<Record<(typeof scriptedEnds)[number], readonly (keyof ScenarioTimes)[]>> = {
  'a-no-answer': withoutB, 'a-busy': [...withoutB, 'unansweredAfterSeconds'],
  'b-no-answer': withoutTalk, 'b-busy': [...withoutTalk, 'unansweredAfterSeconds'],
  'a-hung-up': ['unansweredAfterSeconds'], 'b-hung-up': ['unansweredAfterSeconds'], 'max-duration': ['unansweredAfterSeconds'],
};

function dialFaults({ dial = 'accepted', placed, answerAfterSeconds }: { readonly dial?: DialManner | undefined; readonly placed?: boolean | undefined; readonly answerAfterSeconds?: number | undefined }): Fault[] {
  const { placed: places, fixed } = placing[dial];
  const waits = dial === 'slow' || dial === 'answer-after-callbacks';
  return [
    ...(placed !== undefined && fixed && placed !== places ? [{ pointer: '/placed', detail: `a dial that is ${dial} ${places ? 'always places' : 'never places'} its call` }] : []),
    ...(answerAfterSeconds !== undefined && !waits ? [{ pointer: '/answerAfterSeconds', detail: `is of slow and answer-after-callbacks only, and the dial is ${dial}` }] : []),
  ];
}

/** The order that a right script is. */
export function orderOf({ number, vendor, calls, ...parts }: ScriptRequest): ScriptOrder {
  return { number, vendor, calls, scenario: Object.fromEntries(Object.entries(parts).filter(([, value]) => value !== undefined)) };
}
