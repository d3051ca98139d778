import { InvalidRequest, type FieldFault } from '@cc/platform';
import type { Type } from '@nestjs/common';
import { plainToInstance } from 'class-transformer';
import { validate, type ValidationError } from 'class-validator';

function faultsOf(errors: readonly ValidationError[], parent = ''): FieldFault[] {
  return errors.flatMap((error) => {
    const pointer = `${parent}/${error.property.replaceAll('~', '~0').replaceAll('/', '~1')}`;
    const own = Object.entries(error.constraints ?? {}).map(([rule, message]) => ({
      pointer,
      detail: rule === 'whitelistValidation' ? 'is not a field of this request' : message.replace(new RegExp(`^${error.property} `), ''),
    }));
    return [...own, ...faultsOf(error.children ?? [], pointer)];
  });
}

/** Everything that walks through a body walks down by recursion. */
const MAX_LEVELS = 32;

function isTooDeep(value: unknown): boolean {
  let layer: unknown[] = [value];
  for (let level = 0; level < MAX_LEVELS; level += 1) {
    layer = layer.flatMap((item): unknown[] => (typeof item === 'object' && item !== null ? Object.values(item) : []));
  }
  return layer.length > 0;
}

export interface CheckedBody<T> {
  readonly body: T;
  /** Empty when the body is what its class says. */
  readonly faults: readonly FieldFault[];
}

/** Checks a body against its class and says all that is wrong with it; unknown fields are wrong. */
export async function checkBody<T extends object>(type: Type<T>, raw: unknown): Promise<CheckedBody<T>> {
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) throw new InvalidRequest([{ pointer: '', detail: 'must be a JSON object' }]);
  if (isTooDeep(raw)) throw new InvalidRequest([{ pointer: '', detail: `must not be nested deeper than ${MAX_LEVELS} levels` }]);
  const body = plainToInstance(type, raw);
  const errors = await validate(body, { whitelist: true, forbidNonWhitelisted: true, stopAtFirstError: true });
  return { body, faults: faultsOf(errors) };
}

/** The same for a body that has no further rules. @throws InvalidRequest with all faults. */
export async function validBody<T extends object>(type: Type<T>, raw: unknown): Promise<T> {
  const { body, faults } = await checkBody(type, raw);
  if (faults.length > 0) throw new InvalidRequest(faults);
  return body;
}
