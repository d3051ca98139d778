import type { KeptBinding } from './binding';

/** Where the number of leg A comes from: the request, the user's binding, or nowhere, with what to do about it. */
export type LegA =
  | { readonly kind: 'given'; readonly number: string }
  | { readonly kind: 'bound'; readonly sealed: string; readonly user: string }
  | { readonly kind: 'missing'; readonly reason: string };

/** What a request gives itself wins. */
export function legAOf(from: string | undefined, user: string | undefined, binding: KeptBinding | undefined): LegA {
  if (from !== undefined) return { kind: 'given', number: from };
  if (user === undefined) return { kind: 'missing', reason: 'must be given, or a user whose binding has a number' };
  if (binding === undefined) return { kind: 'missing', reason: `must be given: the user ${user} has no binding (PUT /v1/bindings/${user})` };
  if (binding.number === undefined) return { kind: 'missing', reason: `must be given: the binding of ${user} has no number` };
  return { kind: 'bound', sealed: binding.number.sealed, user };
}
