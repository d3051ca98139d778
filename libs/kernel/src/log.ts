/** Fields of a log line: never a telephone number in clear, never a secret. */
export type LogFields = Readonly<Record<string, unknown>>;

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** Port for log lines: a static message, so that equal lines group, and what varies as fields. */
export abstract class Log {
  abstract debug(message: string, fields?: LogFields): void;
  abstract info(message: string, fields?: LogFields): void;
  abstract warn(message: string, fields?: LogFields): void;
  /** Something needs a person. `error` goes under the field `error` as text with its causes, without a stack. */
  abstract error(message: string, fields?: LogFields): void;
  /** A log whose lines carry these fields, from `level` on; absent: from its parent's. */
  abstract child(fields: LogFields, level?: LogLevel): Log;
}

/** Says nothing: for tests and tools. */
export class SilentLog extends Log {
  debug(): void {}
  info(): void {}
  warn(): void {}
  error(): void {}
  child(): Log {
    return this;
  }
}
