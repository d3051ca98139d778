import type { Problem } from './gateway';
import { printable, table } from './text-table';

const KNOWN = new Set(['type', 'title', 'status', 'code', 'detail', 'requestId', 'retriable', 'errors']);

/** A problem as a person reads it: code, detail, each faulty field, and what else the problem tells. */
export function problemText(problem: Problem): string {
  const { code, status, detail = '', errors = [], requestId, retriable } = problem;
  const more = Object.entries(problem).filter(([name]) => !KNOWN.has(name));
  return [
    `${code} (${status})${errors.length > 0 ? '' : `: ${printable(detail)}`}`,
    ...(errors.length === 0 ? [] : [indented(table(['field', 'fault'], errors.map((error) => [error.pointer === '' ? '(the request)' : error.pointer, error.detail]), ''))]),
    ...more.map(([name, value]) => `  ${name}: ${printable(typeof value === 'string' ? value : JSON.stringify(value))}`),
    ...(retriable === true ? ['  Trying again later may help.'] : []),
    ...(requestId === undefined ? [] : [`  request ${requestId}`]),
  ].join('\n');
}

const indented = (text: string): string => text.replace(/^/gm, '  ');
