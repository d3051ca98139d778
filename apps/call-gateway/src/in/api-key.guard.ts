import { Injectable, UnauthorizedException, createParamDecorator, type CanActivate, type ExecutionContext } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ApiKeys, type Principal } from '../domain/api-keys';

const principals = new WeakMap<FastifyRequest, Principal>();

/** Lets a request pass whose `Authorization: Bearer` key is known. */
@Injectable()
export class ApiKeyGuard implements CanActivate {
  constructor(private readonly keys: ApiKeys) {}

  canActivate(context: ExecutionContext): boolean {
    const http = context.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const key = /^Bearer (\S+)$/i.exec(request.headers.authorization ?? '')?.[1];
    const principal = key === undefined ? undefined : this.keys.principalOf(key);
    if (principal === undefined) {
      void http.getResponse<FastifyReply>().header('www-authenticate', 'Bearer');
      throw new UnauthorizedException(key === undefined ? 'Send the API key as `Authorization: Bearer <key>`' : 'The API key is not known');
    }
    principals.set(request, principal);
    return true;
  }
}

/** The tenant of a request that passed the {@link ApiKeyGuard}. */
export const Tenant = createParamDecorator((_data: unknown, context: ExecutionContext): string => {
  const principal = principals.get(context.switchToHttp().getRequest<FastifyRequest>());
  if (principal === undefined) throw new UnauthorizedException();
  return principal.tenant;
});
