import { z } from 'zod';

/** Why a call ended, the same for every vendor. The numbers are those of the column `close_type`. */
export const closeTypes = {
  0: 'normal',
  1: 'A unreachable',
  2: 'B unreachable',
  3: 'A busy',
  4: 'B busy',
  5: 'maximum duration',
  6: 'channel server error',
  7: 'channel network error',
  255: 'other',
} as const;

export const CloseType = z.union([
  z.literal(0), z.literal(1), z.literal(2), z.literal(3), z.literal(4),
  z.literal(5), z.literal(6), z.literal(7), z.literal(255),
]);
export type CloseType = z.infer<typeof CloseType>;
