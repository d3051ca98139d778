import { InvalidRequest, type FieldFault } from '@cc/platform';
import { ValidationPipe, type ValidationError } from '@nestjs/common';

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

/** Checks a body against its class: unknown fields are refused, and all faults come in one answer. */
export const bodyValidation = new ValidationPipe({
  transform: true,
  whitelist: true,
  forbidNonWhitelisted: true,
  stopAtFirstError: true,
  exceptionFactory: (errors) => new InvalidRequest(faultsOf(errors)),
});
