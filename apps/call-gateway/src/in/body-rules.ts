import { ValidateIf } from 'class-validator';

/** The field may be left out. `null` is not leaving out, unlike with class-validator's own IsOptional: nothing behind this edge expects it. */
export const MayBeAbsent = (): PropertyDecorator => ValidateIf((_body, value: unknown) => value !== undefined);

/** Text that PostgreSQL can keep in jsonb: no U+0000, no half of a surrogate pair. */
export const STORABLE = /^[^\0\p{Cs}]*$/u;
export const STORABLE_RULE = { message: 'must not contain U+0000 or half a surrogate pair' };

/** Ids that CC gives: of calls and of attempts. */
export const CC_ID = /^[A-Za-z0-9-]{1,64}$/;

/** Ids that applications choose. */
export const ID = /^[\p{L}\p{N}._@:-]+$/u;
export const ID_RULE = { message: 'must consist of letters, digits and . _ @ : -' };

export const CHANNEL_ID = /^[a-z0-9-]+$/;
export const CHANNEL_ID_RULE = { message: 'must be the id of a channel ([a-z0-9-])' };
