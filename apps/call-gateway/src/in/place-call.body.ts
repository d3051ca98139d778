import { Type } from 'class-transformer';
import { IsBoolean, IsInt, IsNotEmpty, IsObject, IsString, IsUrl, Matches, Max, MaxLength, Min, Validate, ValidateIf, ValidateNested, ValidatorConstraint, type ValidatorConstraintInterface } from 'class-validator';
import { BizData } from '@cc/contracts';

const MAX_BIZ_DATA_BYTES = 4096;

/** The field may be left out. `null` is not leaving out, unlike with class-validator's own IsOptional: nothing behind this edge expects it. */
const MayBeAbsent = (): PropertyDecorator => ValidateIf((_body, value: unknown) => value !== undefined);

/** Text that PostgreSQL can keep in jsonb: no U+0000, no half of a surrogate pair. */
const STORABLE = /^[^\0\p{Cs}]*$/u;

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

const ID_RULE = { message: 'must consist of letters, digits and . _ @ : -' };
const ID = /^[\p{L}\p{N}._@:-]+$/u;

export class IvrBody {
  @MayBeAbsent() @Matches(STORABLE, { message: 'must not contain U+0000 or half a surrogate pair' }) @MaxLength(2000) @IsNotEmpty() @IsString() readonly text?: string;
  @MayBeAbsent() @IsUrl({ protocols: ['https', 'http'], require_protocol: true }) @MaxLength(512) readonly url?: string;
}

/** The body of `POST /v1/calls`. Unknown fields are refused. */
export class PlaceCallBody {
  /** Leg A: rung first, as a rule the agent's telephone. */
  @MaxLength(64) @IsString() readonly from!: string;
  /** Leg B: the customer. */
  @MaxLength(64) @IsString() readonly to!: string;
  @MayBeAbsent() @MaxLength(64) @Matches(ID, ID_RULE) @IsString() readonly agent?: string;
  @MayBeAbsent() @MaxLength(64) @Matches(ID, ID_RULE) @IsString() readonly user?: string;
  @MayBeAbsent() @MaxLength(64) @Matches(ID, ID_RULE) @IsString() readonly business?: string;
  @MayBeAbsent() @MaxLength(32) @Matches(/^[a-z0-9-]+$/, { message: 'must be the id of a channel ([a-z0-9-])' }) @IsString() readonly channel?: string;
  @MayBeAbsent() @Validate(BizDataConstraint) readonly bizData?: unknown;
  @MayBeAbsent() @IsBoolean() readonly record?: boolean;
  @MayBeAbsent() @ValidateNested() @IsObject() @Type(() => IvrBody) readonly ivr?: IvrBody;
  @MayBeAbsent() @IsInt() @Min(1) @Max(28_800) readonly maxDurationSeconds?: number;
  @MayBeAbsent() @IsInt() @Min(1) @Max(3600) readonly notAfterSeconds?: number;
}

export class BusinessBody {
  @MayBeAbsent() @Matches(/^\+?\d{5,15}$/, { message: 'must be a number of 5 to 15 digits' }) readonly mainNumber?: string;
  @MayBeAbsent() @Matches(/^\d{1,8}$/, { message: 'must be 1 to 8 digits' }) readonly extension?: string;
}
