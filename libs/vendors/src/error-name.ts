/** The error's code (`ENOENT`), else its class: nothing of its message, which may repeat what was read. */
export function nameOfError(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown error';
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name;
}
