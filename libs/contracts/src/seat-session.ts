import { z } from 'zod';
import { decodeJson, encodeJson, type JsonMessage } from './json-message';
import type { Decoded, WireRecord } from './wire';

/** What its poller knows of a seat that must be signed in before it can call. */
export const SeatSession = z.object({
  channel: z.string().max(32),
  seat: z.string().max(64),
  state: z.enum(['signed-in', 'signed-out']),
  /** The vendor's session, sealed with `<channel>/<seat>` as context, base64; only while signed in. */
  sealed: z.string().max(1024).optional(),
  /** Why it is signed out. */
  reason: z.string().max(200).optional(),
  /** When it came into this state, epoch ms. */
  since: z.number().int(),
  /** When it was said, epoch ms. Of two words the later in the log counts, whatever this says: clocks of different hosts differ. */
  at: z.number().int(),
});
export type SeatSession = z.infer<typeof SeatSession>;

const message: JsonMessage<SeatSession> = {
  type: 'cc.seat.session.v1', writtenBy: 'hw-poller', schema: SeatSession,
  keyOf: ({ channel, seat }) => seatKey(channel, seat), idOf: ({ channel, seat, at }) => `${seatKey(channel, seat)}/${at}`, timeMsOf: ({ at }) => at,
};

/** The record key of a seat's sessions, and its name in maps: a channel's id has no slash. */
export const seatKey = (channel: string, seat: string): string => `${channel}/${seat}`;
export const encodeSeatSession = (session: SeatSession): WireRecord => encodeJson(message, session);
export const decodeSeatSession = (wire: WireRecord): Decoded<SeatSession> => decodeJson(message, wire);
