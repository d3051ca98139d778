import { Type } from 'class-transformer';
import { IsBoolean, IsIn, IsInt, IsNotEmpty, IsObject, IsString, IsUrl, Matches, Max, MaxLength, Min, Validate, ValidateNested, ValidatorConstraint, type ValidatorConstraintInterface } from 'class-validator';
import { BizData } from '@cc/contracts';
import { CHANNEL_ID, CHANNEL_ID_RULE, ID, ID_RULE, MayBeAbsent, STORABLE, STORABLE_RULE } from './body-rules';

const MAX_BIZ_DATA_BYTES = 4096;

function isStorable(value: unknown): boolean {
  if (typeof value === 'string') return STORABLE.test(value);
  return typeof value !== 'object' || value === null || Object.entries(value).flat().every(isStorable);
}

@ValidatorConstraint({ name: 'bizData' })
class BizDataConstraint implements ValidatorConstraintInterface {
  validate(value: unknown): boolean {
    return BizData.safeParse(value).success && Buffer.byteLength(typeof value === 'string' ? value : JSON.stringify(value)) <= MAX_BIZ_DATA_BYTES && isStorable(value);
  }
  defaultMessage(): string {
    return `must be a string or a JSON object of at most ${MAX_BIZ_DATA_BYTES} bytes, without U+0000 and half surrogate pairs`;
  }
}

export class IvrBody {
  @MayBeAbsent() @Matches(STORABLE, STORABLE_RULE) @MaxLength(2000) @IsNotEmpty() @IsString() readonly text?: string;
  @MayBeAbsent() @IsUrl({ protocols: ['https', 'http'], require_protocol: true }) @MaxLength(512) readonly url?: string;
}

/** The body of `POST /v1/calls`. Unknown fields are refused. */
export class PlaceCallBody {
  /** Leg A: rung first, as a rule the agent's telephone. Absent: the number of the user's binding. */
  @MayBeAbsent() @MaxLength(64) @IsString() readonly from?: string;
  /** Leg B: the customer. */
  @MaxLength(64) @IsString() readonly to!: string;
  @MayBeAbsent() @MaxLength(64) @Matches(ID, ID_RULE) @IsString() readonly agent?: string;
  @MayBeAbsent() @MaxLength(64) @Matches(ID, ID_RULE) @IsString() readonly user?: string;
  @MayBeAbsent() @MaxLength(64) @Matches(ID, ID_RULE) @IsString() readonly business?: string;
  @MayBeAbsent() @MaxLength(32) @Matches(CHANNEL_ID, CHANNEL_ID_RULE) @IsString() readonly channel?: string;
  @MayBeAbsent() @Validate(BizDataConstraint) readonly bizData?: unknown;
  @MayBeAbsent() @IsBoolean() readonly record?: boolean;
  @MayBeAbsent() @ValidateNested() @IsObject() @Type(() => IvrBody) readonly ivr?: IvrBody;
  @MayBeAbsent() @IsInt() @Min(1) @Max(28_800) readonly maxDurationSeconds?: number;
  @MayBeAbsent() @IsInt() @Min(1) @Max(3600) readonly notAfterSeconds?: number;
  /** While the line has another call: refuse this one, or let it wait (also where absent). */
  @MayBeAbsent() @IsIn(['reject', 'wait'], { message: 'must be reject or wait' }) readonly whenBusy?: 'reject' | 'wait';
}
