/** A Chinese number as it is dialled inside the country. */
export interface NationalNumber {
  readonly kind: 'mobile' | 'landline' | 'service-400' | 'service-9';
  readonly digits: string;
}

const forms: readonly { readonly kind: NationalNumber['kind']; readonly pattern: RegExp; readonly prefix: string }[] = [
  { kind: 'mobile', pattern: /^1[3-9]\d{9}$/, prefix: '' },
  { kind: 'service-400', pattern: /^400\d{7}$/, prefix: '' },
  { kind: 'service-9', pattern: /^9\d{4,7}$/, prefix: '' },
  // Area code without its 0 (10, 2x or three digits), then 7 or 8 digits; dialled with the 0 it has 11 or 12 digits.
  { kind: 'landline', pattern: /^((10|2\d)\d{8}|[3-9]\d{2}\d{7,8})$/, prefix: '0' },
];

/**
 * `+8613912345678` → mobile `13912345678`, `+861062345678` → landline `01062345678`, `+864001234567` → `4001234567`,
 * `+8695588` → `95588`; `undefined` for any other country and for what is no dialable Chinese number.
 */
export function nationalNumber(e164: string): NationalNumber | undefined {
  if (!e164.startsWith('+86')) return undefined;
  const significant = e164.slice(3);
  const form = forms.find(({ pattern }) => pattern.test(significant));
  return form === undefined ? undefined : { kind: form.kind, digits: form.prefix + significant };
}
