import { z } from 'zod';
import { confirmedNotPlaced } from '../../not-placed';
import { secretOf } from '../../secret';
import { Endpoint, ExchangeTimeoutMs } from '../../setting-parts';

const retcode = z.string().regex(/^\d{3}-\d{3}$/, { error: 'expected a retcode, e.g. 200-012' });

/** The channel file's `settings` of a CC-Gateway channel. Page numbers are those of the vendor's API reference (`cec_07_…`). */
export const AgentGatewaySettings = z.strictObject({
  /** Scheme, host and port before `/agentgateway`, e.g. `https://10.0.0.1:8043`; 8043 is the vendor's own port. */
  endpoint: Endpoint,
  /** The gateway's AUTHMODE (cec_07_0003): `static` (1), one Guid from sign-in to sign-out; `dynamic` (2), another with each poll. */
  authMode: z.enum(['static', 'dynamic']).default('static'),
  /** The page gives only the length and letters of `called` (1 to 24 of digits, * and #): national (`13912345678`, `01062345678`) or with the country code (`8613912345678`). */
  numberFormat: z.enum(['national', 'country-code']).default('national'),
  /** The whole dial exchange. A dial without an answer by then is unknown, not failed. */
  dialTimeoutMs: ExchangeTimeoutMs,
  /** The whole exchange of any other request but the poll. */
  requestTimeoutMs: ExchangeTimeoutMs,
  /** The whole exchange of a poll, which the vendor holds for about 10 s while there is nothing to tell (cec_07_1274). */
  pollTimeoutMs: z.number().int().min(12_000).max(60_000).default(30_000),
  /** The pause between two polls of a seat; the vendor asks for 200 to 500 ms (cec_07_1274). */
  pauseMs: z.number().int().min(200).max(500).default(300),
  /** `agenttype` of the sign-in (cec_07_1202): 4 computer and telephone, 11 video. Absent: the vendor's default. */
  agentType: z.union([z.literal(4), z.literal(11)]).optional(),
  /** `status` after the sign-in (cec_07_1202): 3 busy, 4 idle, 5 work. Absent: the vendor's default. */
  initialStatus: z.union([z.literal(3), z.literal(4), z.literal(5)]).optional(),
  /** Whether the sign-in is followed by `resetskill`: `auto` with autoflag true, `seat` with false and the seat's `skillId`. Whether calls need it is not documented. */
  resetSkill: z.enum(['off', 'auto', 'seat']).default('off'),
  /** How a call is ended: `drop-call` (cec_07_1246) the one call with that id, `release` (cec_07_1247) whatever call the seat has, which may be the next one by then. */
  hangUp: z.enum(['release', 'drop-call']).default('drop-call'),
  /**
   * Whether the name of a recording's file (`AgentMediaEvent_Record`) is kept with its call, as the vendor's address of it. CC can fetch no file of
   * this vendor, so that the recording of each such call is then told as failed, and an operator finds the file by its name.
   */
  keepRecordingNames: z.boolean().default(false),
  /** Further retcodes of the dial that the vendor has confirmed to mean "no call was placed", for which the call is to blame; the pages list no 200-xxx one by one. See `agent-gateway.errors.ts`. */
  notPlacedCodes: confirmedNotPlaced(retcode),
});
export type AgentGatewaySettings = z.output<typeof AgentGatewaySettings>;

/** One entry of the channel file's `lines`, beside its `id`. */
export const AgentGatewaySeat = z.strictObject({
  /** 坐席号: 101 to 59999 by the older pages, to 999999 by the newer. */
  agentId: z.number().int().min(101).max(999_999),
  password: secretOf(1, 128),
  /** The telephone that rings as leg A, in the vendor's own form: an extension or an outside number. */
  phone: z.string().regex(/^[0-9*#]{1,24}$/, { error: 'expected 1 to 24 of digits, * and #' }),
  /** Sent with each call and, where `resetSkill` is `seat`, after the sign-in. */
  skillId: z.number().int().nonnegative().optional(),
});
export type AgentGatewaySeat = z.output<typeof AgentGatewaySeat>;
