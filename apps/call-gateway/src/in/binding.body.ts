import { IsString, Matches, MaxLength } from 'class-validator';
import { CHANNEL_ID, CHANNEL_ID_RULE, ID, ID_RULE, MayBeAbsent } from './body-rules';

/** The body of `PUT /v1/bindings/{user}`: what is left out is unset. */
export class BindingBody {
  @MaxLength(64) @Matches(ID, ID_RULE) @IsString() readonly agent!: string;
  @MayBeAbsent() @MaxLength(32) @Matches(CHANNEL_ID, CHANNEL_ID_RULE) @IsString() readonly channel?: string;
  @MayBeAbsent() @MaxLength(64) @Matches(ID, ID_RULE) @IsString() readonly line?: string;
  /** The user's telephone: leg A of a call that gives no `from`. */
  @MayBeAbsent() @MaxLength(64) @IsString() readonly number?: string;
}
