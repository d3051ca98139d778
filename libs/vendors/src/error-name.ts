/** The error's code (`ENOENT`), else its class: nothing of its message, which may repeat what was read. */
export function nameOfError(error: unknown): string {
  if (typeof error !== 'object' || error === null) return 'unknown error';
  if ('code' in error && typeof error.code === 'string') return error.code;
  return 'name' in error && typeof error.name === 'string' ? error.name : 'unknown error';
}
