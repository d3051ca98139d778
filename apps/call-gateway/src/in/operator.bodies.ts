import { AttemptResolution } from '@cc/contracts';
import { IsIn, IsNotEmpty, IsString, Matches, MaxLength } from 'class-validator';
import { MayBeAbsent, STORABLE, STORABLE_RULE } from './body-rules';

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
