import { maskNumber } from '@cc/kernel';
import { nationalNumber, type NationalNumber } from '../national-number';
import type { DialRequest } from '../vendor.port';

export interface E9Numbers {
  readonly from: string;
  readonly to: string;
  readonly fromSerNum?: readonly [string];
  readonly toSerNum?: readonly [string];
}

/** What leg A may be: a mobile or a landline (dedicatedVoice, field `from`). */
const callerKinds: readonly NationalNumber['kind'][] = ['mobile', 'landline'];
const anyKind: readonly NationalNumber['kind'][] = ['mobile', 'landline', 'service-400', 'service-9'];

/** The request's numbers in the vendor's national form, or why the vendor cannot take one of them; reasons carry masked numbers only. */
export function e9Numbers(request: DialRequest): { readonly ok: true; readonly numbers: E9Numbers } | { readonly ok: false; readonly reason: string } {
  const refused: string[] = [];
  const convert = (what: string, number: string, kinds: readonly NationalNumber['kind'][]): string => {
    const national = nationalNumber(number);
    if (national !== undefined && kinds.includes(national.kind)) return national.digits;
    refused.push(`the vendor cannot take ${maskNumber(number)} as ${what}`);
    return '';
  };
  const numbers: E9Numbers = {
    from: convert('the caller', request.caller, callerKinds),
    to: convert('the called number', request.called, anyKind),
    ...(request.displayToCaller === undefined ? {} : { fromSerNum: [convert('the number shown to A', request.displayToCaller, anyKind)] }),
    ...(request.displayToCalled === undefined ? {} : { toSerNum: [convert('the number shown to B', request.displayToCalled, anyKind)] }),
  };
  return refused.length === 0 ? { ok: true, numbers } : { ok: false, reason: refused.join('; ') };
}
