import { CcError, Clock } from '@cc/kernel';
import { Body, Controller, Delete, Get, HttpCode, Param, Put, Query, UseGuards } from '@nestjs/common';
import { bindingView, type BindingView } from '../domain/binding';
import { BindingCatalogue } from '../out/binding-catalogue';
import type { Page } from '../out/page';
import { ApiKeyGuard, Tenant } from './key.guard';
import { ApplicationIdPipe } from './application-id';
import { BindingChanges } from './binding-changes';
import { parsePageQuery } from './queries';

const userId = new ApplicationIdPipe('user');
const noSuchBinding = (user: string): CcError => new CcError('missing', 'no-such-binding', `The user ${user} has no binding`);

/** user-agent-channel: how the users of an application make calls. */
@Controller('v1/bindings')
@UseGuards(ApiKeyGuard)
export class BindingsController {
  constructor(
    private readonly changes: BindingChanges,
    private readonly bindings: BindingCatalogue,
    private readonly clock: Clock,
  ) {}

  @Put(':user')
  @HttpCode(200)
  async put(@Tenant() tenant: string, @Param('user', userId) user: string, @Body() raw: unknown): Promise<BindingView> {
    return bindingView(user, await this.changes.put(tenant, user, raw, this.clock.nowMs()));
  }

  @Get(':user')
  async show(@Tenant() tenant: string, @Param('user', userId) user: string): Promise<BindingView> {
    const binding = await this.bindings.find(tenant, user);
    if (binding === undefined) throw noSuchBinding(user);
    return bindingView(user, binding);
  }

  @Delete(':user')
  @HttpCode(204)
  async remove(@Tenant() tenant: string, @Param('user', userId) user: string): Promise<void> {
    if (!(await this.changes.remove(tenant, user, this.clock.nowMs()))) throw noSuchBinding(user);
  }

  @Get()
  async list(@Tenant() tenant: string, @Query() query: Record<string, string>): Promise<Page<BindingView>> {
    const { items, ...more } = await this.bindings.page(tenant, parsePageQuery(query, 'user'));
    return { items: items.map(({ user, binding }) => bindingView(user, binding)), ...more };
  }
}
