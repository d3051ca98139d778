import { CcError } from '@cc/kernel';
import { Body, Controller, Delete, Get, HttpCode, Param, Post } from '@nestjs/common';
import { Exchange } from '../domain/exchange';
import { scenarios } from '../domain/scenario';
import { ScriptRequest, orderOf, scriptFaults } from '../domain/script-request';
import type { Script } from '../domain/scripts';
import { parseBody } from './json-body';

/** What calls do: by the last digits of `to`, and by posted scripts, which come first. */
@Controller('control/scenarios')
export class ScenariosController {
  constructor(private readonly exchange: Exchange) {}

  /** The scenarios by the last two digits of `to`, and the scripts that are posted. */
  @Get()
  list(): { items: readonly { digits: string; name: string; happens: string }[]; scripts: readonly Script[] } {
    return { items: scenarios.map(({ digits, name, happens }) => ({ digits, name, happens })), scripts: this.exchange.scripts.all() };
  }

  @Post()
  post(@Body() body: unknown): Script {
    const script = this.exchange.scripts.add(orderOf(parseBody(ScriptRequest, body, scriptFaults)));
    if (script === undefined) throw new CcError('conflict', 'too-many-scripts', 'There are 10,000 scripts. Delete some, or give them a number of calls after which they go by themselves');
    return script;
  }

  @Delete()
  @HttpCode(204)
  deleteAll(): void {
    this.exchange.scripts.deleteAll();
  }

  @Delete(':id')
  @HttpCode(204)
  deleteOne(@Param('id') id: string): void {
    if (!this.exchange.scripts.delete(id)) throw new CcError('missing', 'unknown-script', 'There is no such script: it was deleted, or its number of calls is used up');
  }
}
