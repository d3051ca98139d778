import { nameOfError } from './error-name';
import { Secret } from './secret';

type Report = (path: readonly PropertyKey[], message: string) => void;

/**
 * A copy of the document in which each `{file: PATH}` and `{value: TEXT}` has become a {@link Secret}.
 * The file's last line end does not belong to the secret. What cannot be read is reported,
 * and stands as {@link Secret.unreadable}, so that it counts as one fault and not as two.
 */
export function resolveSecrets(value: unknown, path: readonly PropertyKey[], readFile: (path: string) => string, report: Report): unknown {
  if (Array.isArray(value)) return value.map((item: unknown, index) => resolveSecrets(item, [...path, index], readFile, report));
  if (typeof value !== 'object' || value === null) return value;
  const entries: [string, unknown][] = Object.entries(value);
  const [only, ...others] = entries;
  if (only !== undefined && others.length === 0 && typeof only[1] === 'string') {
    if (only[0] === 'value') return new Secret(only[1]);
    if (only[0] === 'file') return secretFromFile(only[1], [...path, 'file'], readFile, report);
  }
  return Object.fromEntries(entries.map(([key, item]) => [key, resolveSecrets(item, [...path, key], readFile, report)]));
}

function secretFromFile(file: string, path: readonly PropertyKey[], readFile: (path: string) => string, report: Report): Secret {
  try {
    return new Secret(readFile(file).replace(/\r?\n$/, ''));
  } catch (error) {
    report(path, `the secret's file cannot be read (${nameOfError(error)})`);
    return Secret.unreadable;
  }
}
