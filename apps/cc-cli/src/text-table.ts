/** East Asian letters take two places in a terminal. */
const WIDE = /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]/gu;
const widthOf = (text: string): number => [...text].length + (text.match(WIDE)?.length ?? 0);

/** What others have written cannot steer the terminal. */
export const printable = (text: string): string => text.replace(/\p{Cc}|[\u202a-\u202e\u2066-\u2069]/gu, '�');

const cellOf = (value: unknown): string => {
  if (value === undefined || value === null) return '';
  return printable(typeof value === 'string' ? value : JSON.stringify(value) ?? '');
};

/** Aligned columns under their heads; `nothing` where there is no row. */
export function table(heads: readonly string[], rows: readonly (readonly unknown[])[], nothing: string): string {
  if (rows.length === 0) return nothing;
  return aligned([heads, ...rows]);
}

/** Names and values, one line each; those without a value are left out. */
export function fields(entries: readonly (readonly [string, unknown])[]): string {
  return aligned(entries.filter(([, value]) => value !== undefined));
}

function aligned(rows: readonly (readonly unknown[])[]): string {
  const cells = rows.map((row) => row.map(cellOf));
  const widths = cells.reduce<number[]>((widest, row) => row.map((cell, column) => Math.max(widest[column] ?? 0, widthOf(cell))), []);
  return cells.map((row) => row.map((cell, column) => cell + ' '.repeat(Math.max(0, (widths[column] ?? 0) - widthOf(cell)))).join('  ').trimEnd()).join('\n');
}

const two = (value: number): string => String(value).padStart(2, '0');

/** Epoch ms as the clock on the wall shows it: `2026-11-24 18:52:34.120`. */
export function localTime(epochMs: number | undefined): string {
  if (epochMs === undefined) return '';
  const at = new Date(epochMs);
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}.${String(at.getMilliseconds()).padStart(3, '0')}`;
}
