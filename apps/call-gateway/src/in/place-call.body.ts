import { Type } from 'class-transformer';
import { IsBoolean, IsInt, IsNotEmpty, IsOptional, IsString, IsUrl, Matches, Max, MaxLength, Min, Validate, ValidateNested, ValidatorConstraint, type ValidatorConstraintInterface } from 'class-validator';
import { BizData } from '@cc/contracts';

const MAX_BIZ_DATA_BYTES = 4096;

@ValidatorConstraint({ name: 'bizData' })
class BizDataConstraint implements ValidatorConstraintInterface {
  validate(value: unknown): boolean {
    return BizData.safeParse(value).success && Buffer.byteLength(typeof value === 'string' ? value : JSON.stringify(value)) <= MAX_BIZ_DATA_BYTES;
  }
  defaultMessage(): string {
    return `must be a string or a JSON object of at most ${MAX_BIZ_DATA_BYTES} bytes`;
  }
}

const ID_RULE = { message: 'must consist of letters, digits and . _ @ : -' };
const ID = /^[\p{L}\p{N}._@:-]+$/u;

export class IvrBody {
  @IsOptional() @MaxLength(2000) @IsNotEmpty() @IsString() readonly text?: string;
  @IsOptional() @IsUrl({ protocols: ['https', 'http'], require_protocol: true }) @MaxLength(512) readonly url?: string;
}

/** The body of `POST /v1/calls`. Unknown fields are refused. */
export class PlaceCallBody {
  /** Leg A: rung first, as a rule the agent's telephone. */
  @MaxLength(64) @IsString() readonly from!: string;
  /** Leg B: the customer. */
  @MaxLength(64) @IsString() readonly to!: string;
  @IsOptional() @MaxLength(64) @Matches(ID, ID_RULE) @IsString() readonly agent?: string;
  @IsOptional() @MaxLength(64) @Matches(ID, ID_RULE) @IsString() readonly user?: string;
  @IsOptional() @MaxLength(64) @Matches(ID, ID_RULE) @IsString() readonly business?: string;
  @IsOptional() @MaxLength(32) @Matches(/^[a-z0-9-]+$/, { message: 'must be the id of a channel ([a-z0-9-])' }) @IsString() readonly channel?: string;
  @IsOptional() @Validate(BizDataConstraint) readonly bizData?: unknown;
  @IsOptional() @IsBoolean() readonly record?: boolean;
  @IsOptional() @ValidateNested() @Type(() => IvrBody) readonly ivr?: IvrBody;
  @IsOptional() @IsInt() @Min(1) @Max(28_800) readonly maxDurationSeconds?: number;
  @IsOptional() @IsInt() @Min(1) @Max(3600) readonly notAfterSeconds?: number;
}

export class BusinessBody {
  @IsOptional() @Matches(/^\+?\d{5,15}$/, { message: 'must be a number of 5 to 15 digits' }) readonly mainNumber?: string;
  @IsOptional() @Matches(/^\d{1,8}$/, { message: 'must be 1 to 8 digits' }) readonly extension?: string;
}
