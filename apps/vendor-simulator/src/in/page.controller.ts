import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Clock } from '@cc/kernel';
import { Controller, Get, Header } from '@nestjs/common';
import { Exchange } from '../domain/exchange';
import { liveViewOf, type LiveView } from '../domain/live-view';
import { Pace } from '../domain/pace';

/** Beside `src`, where the sources are as well as in the build. */
const PAGE_DIR = join(__dirname, '../../page');
const CONTENT_SECURITY_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

const read = (name: string): string => readFileSync(join(PAGE_DIR, name), 'utf8');

/** The page at `/`: the live calls with a hand at every phone, outages, rings, scenarios. */
@Controller()
export class PageController {
  private readonly files = { page: read('index.html'), script: read('page.js'), style: read('page.css') };

  constructor(
    private readonly exchange: Exchange,
    private readonly clock: Clock,
    private readonly pace: Pace,
  ) {}

  @Get()
  @Header('content-type', 'text/html; charset=utf-8')
  @Header('content-security-policy', CONTENT_SECURITY_POLICY)
  @Header('x-content-type-options', 'nosniff')
  @Header('referrer-policy', 'no-referrer')
  @Header('cache-control', 'no-store')
  page(): string {
    return this.files.page;
  }

  @Get('page.js')
  @Header('content-type', 'text/javascript; charset=utf-8')
  @Header('cache-control', 'no-store')
  script(): string {
    return this.files.script;
  }

  @Get('page.css')
  @Header('content-type', 'text/css; charset=utf-8')
  @Header('cache-control', 'no-store')
  style(): string {
    return this.files.style;
  }

  /** All that the page shows; it asks twice a second. */
  @Get('control/live')
  live(): LiveView {
    return liveViewOf(this.exchange, this.clock.nowMs(), this.pace.speed);
  }
}
