import { v7 } from 'uuid';

/**
 * A new id that sorts by its time of creation, e.g. `call-0190163d8694739b8c1a5f0e2d4c6b7a`.
 * Only `[A-Za-z0-9-]`, so that every vendor's echo field carries it unharmed.
 */
export function newId(prefix: string): string {
  return `${prefix}-${v7().replaceAll('-', '')}`;
}
