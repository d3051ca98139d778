import { AttemptResolution } from '@cc/contracts';
import { IsBoolean, IsIn, IsInt, IsNotEmpty, IsString, Matches, MaxLength, Min } from 'class-validator';
import { CC_ID, MayBeAbsent, STORABLE, STORABLE_RULE } from './body-rules';

const MAX_REASON = 200;

/** Why an operator does what changes things for everyone: kept with it. */
export class ReasonBody {
  @Matches(STORABLE, STORABLE_RULE) @MaxLength(MAX_REASON) @IsNotEmpty() @IsString() readonly reason!: string;
}

/** The same where the deed speaks for itself. */
export class MayReasonBody {
  @MayBeAbsent() @Matches(STORABLE, STORABLE_RULE) @MaxLength(MAX_REASON) @IsNotEmpty() @IsString() readonly reason?: string;
}

export class ResolveBody extends ReasonBody {
  /** What became of the attempt: the vendor placed it and it is over, or it never was placed. */
  @IsIn(AttemptResolution.options, { message: `must be ${AttemptResolution.options.join(' or ')}` }) readonly resolution!: AttemptResolution;
}

/** Which records are recomputed: of one call, or of those created in `from` ≤ t < `to` (epoch ms), or all; `after` is the `next` of the page before. */
export class RebuildBody {
  @MayBeAbsent() @Matches(CC_ID, { message: 'must be the id of a call' }) @IsString() readonly callId?: string;
  @MayBeAbsent() @Min(0) @IsInt() readonly from?: number;
  @MayBeAbsent() @Min(0) @IsInt() readonly to?: number;
  @MayBeAbsent() @Matches(STORABLE, STORABLE_RULE) @MaxLength(100) @IsString() readonly after?: string;
  /** Compare only. */
  @MayBeAbsent() @IsBoolean() readonly dryRun?: boolean;
}
