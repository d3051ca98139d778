import { ForbiddenException, Injectable, UnauthorizedException, createParamDecorator, type CanActivate, type ExecutionContext } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { KeyRing, type Principal } from '../domain/api-keys';

const principals = new WeakMap<FastifyRequest, Principal>();

/** Lets a request pass whose `Authorization: Bearer` key is known, whoever's it is. */
@Injectable()
export class KeyGuard implements CanActivate {
  constructor(private readonly keys: KeyRing) {}

  canActivate(context: ExecutionContext): boolean {
    const http = context.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const key = /^Bearer (\S+)$/i.exec(request.headers.authorization ?? '')?.[1];
    const principal = key === undefined ? undefined : this.keys.principalOf(key);
    if (principal === undefined) {
      void http.getResponse<FastifyReply>().header('www-authenticate', 'Bearer');
      throw new UnauthorizedException(key === undefined ? 'Send the API key as `Authorization: Bearer <key>`' : 'The API key is not known');
    }
    this.admit(principal);
    principals.set(request, principal);
    return true;
  }

  /** @throws ForbiddenException when this key does not open this route. */
  protected admit(_principal: Principal): void {}
}

/** Only an application's: what is done is done for its tenant. */
@Injectable()
export class ApiKeyGuard extends KeyGuard {
  protected override admit({ kind }: Principal): void {
    if (kind !== 'application') throw new ForbiddenException("This needs an application's key (CC_API_KEYS): an operator belongs to no tenant");
  }
}

/** Only an operator's: what is done concerns every tenant. */
@Injectable()
export class OperatorKeyGuard extends KeyGuard {
  protected override admit({ kind }: Principal): void {
    if (kind !== 'operator') throw new ForbiddenException("This needs an operator's key (CC_CALL_GATEWAY_OPERATOR_KEYS); an application's opens what is its tenant's");
  }
}

const principalOf = (context: ExecutionContext): Principal => {
  const principal = principals.get(context.switchToHttp().getRequest<FastifyRequest>());
  if (principal === undefined) throw new UnauthorizedException();
  return principal;
};

/** Whoever passed the {@link KeyGuard}. */
export const Caller = createParamDecorator((_data: unknown, context: ExecutionContext): Principal => principalOf(context));

/** The tenant of a request that passed the {@link ApiKeyGuard}. */
export const Tenant = createParamDecorator((_data: unknown, context: ExecutionContext): string => {
  const principal = principalOf(context);
  if (principal.kind !== 'application') throw new UnauthorizedException();
  return principal.tenant;
});

/** The name of the operator whose request passed the {@link OperatorKeyGuard}. */
export const Operator = createParamDecorator((_data: unknown, context: ExecutionContext): string => {
  const principal = principalOf(context);
  if (principal.kind !== 'operator') throw new UnauthorizedException();
  return principal.name;
});
