import type { OperatorKeys } from '@cc/kernel';
import { ForbiddenException, UnauthorizedException } from '@nestjs/common';

export function bearerKeyOf(authorization: string | undefined): string | undefined {
  return /^Bearer (\S+)$/i.exec(authorization ?? '')?.[1];
}

/** @param key as {@link bearerKeyOf} read it; @param demand what is said to who sends no key. @throws UnauthorizedException without a key, ForbiddenException with one that is no operator's. */
export function admitOperator(key: string | undefined, keys: OperatorKeys, demand: string): void {
  if (key === undefined) throw new UnauthorizedException(demand);
  if (keys.nameOf(key) === undefined) throw new ForbiddenException("This needs an operator's key (CC_E9_CALLBACK_INGEST_OPERATOR_KEYS)");
}
