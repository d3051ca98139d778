import { Log, describeError, type LogFields, type LogLevel } from '@cc/kernel';
import type { LoggerService } from '@nestjs/common';
import pino, { type Logger } from 'pino';

/** Digits that could be a telephone number in clear: 9 or more in a row. Masked forms and ids do not match. */
const NUMBER_LIKE = /(?<![0-9a-zA-Z])\+?\d{9,15}(?![0-9a-zA-Z])/g;

const scrub = (value: unknown): unknown => (typeof value === 'string' ? value.replace(NUMBER_LIKE, (digits) => `${digits.slice(0, 3)}…`) : value);

/** JSON lines by pino. Errors become text with their causes; strings that look like telephone numbers are cut. */
export class PinoLog extends Log {
  private constructor(private readonly logger: Logger) {
    super();
  }

  static create(level: LogLevel, destination?: pino.DestinationStream): PinoLog {
    const options = { level, base: null, timestamp: pino.stdTimeFunctions.isoTime, formatters: { level: (label: string) => ({ level: label }) } };
    return new PinoLog(destination === undefined ? pino(options) : pino(options, destination));
  }

  debug(message: string, fields: LogFields = {}): void {
    this.logger.debug(clean(fields), message);
  }
  info(message: string, fields: LogFields = {}): void {
    this.logger.info(clean(fields), message);
  }
  warn(message: string, fields: LogFields = {}): void {
    this.logger.warn(clean(fields), message);
  }
  error(message: string, fields: LogFields = {}): void {
    this.logger.error(clean(fields), message);
  }
  child(fields: LogFields, level?: LogLevel): Log {
    return new PinoLog(this.logger.child(clean(fields), level === undefined ? {} : { level }));
  }
}

function clean(fields: LogFields): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, scrub(value instanceof Error ? describeError(value) : value)]));
}

/** Nest's own messages: only warnings and errors are worth a line. */
export class NestLog implements LoggerService {
  constructor(private readonly target: Log) {}

  log(): void {}
  debug(): void {}
  verbose(): void {}
  warn(message: unknown): void {
    this.target.warn('nest warns', { detail: describeError(message) });
  }
  error(message: unknown): void {
    this.target.error('nest reports an error', { error: describeError(message) });
  }
  fatal(message: unknown): void {
    this.error(message);
  }
}
