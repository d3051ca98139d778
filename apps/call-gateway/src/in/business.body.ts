import { ArrayMaxSize, ArrayMinSize, ArrayUnique, IsArray, IsIn, Matches, MaxLength } from 'class-validator';
import { DisplayPolicy } from '../domain/business';
import { CHANNEL_ID, MayBeAbsent } from './body-rules';

const MAX_CHANNELS = 32;
const CHANNELS_RULE = { each: true, message: 'must be ids of channels ([a-z0-9-])' };

/** The body of `PUT /v1/businesses/{id}`: what is left out is unset. */
export class BusinessBody {
  @MayBeAbsent() @Matches(/^\+?\d{5,15}$/, { message: 'must be a number of 5 to 15 digits' }) readonly mainNumber?: string;
  @MayBeAbsent() @Matches(/^\d{1,8}$/, { message: 'must be 1 to 8 digits' }) readonly extension?: string;
  /** What the legs see of each other. Kept for the dial, which does not heed it yet. */
  @MayBeAbsent() @IsIn(DisplayPolicy.options, { message: `must be ${DisplayPolicy.options.join(' or ')}` }) readonly displayPolicy?: DisplayPolicy;
  /** The channels that calls of the business may take; absent: any. */
  @MayBeAbsent() @ArrayUnique({ message: 'must not name a channel twice' }) @MaxLength(32, CHANNELS_RULE) @Matches(CHANNEL_ID, CHANNELS_RULE)
  @ArrayMaxSize(MAX_CHANNELS) @ArrayMinSize(1, { message: 'must name a channel; leave it out for any' }) @IsArray() readonly channels?: string[];
}
