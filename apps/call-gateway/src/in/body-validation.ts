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

export interface CheckedBody<T> {
  readonly body: T;
  /** Empty when the body is what its class says. */
  readonly faults: readonly FieldFault[];
}

/** Checks a body against its class and says all that is wrong with it; unknown fields are wrong. */
export async function checkBody<T extends object>(type: Type<T>, raw: unknown): Promise<CheckedBody<T>> {
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) throw new InvalidRequest([{ pointer: '', detail: 'must be a JSON object' }]);
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
