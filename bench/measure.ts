/** How one row came out. Throughputs are per second, latencies in ms. */
export interface Row {
  readonly name: string;
  readonly unit: string;
  /** CC's figures and the floor's, one of each a round. */
  readonly product: readonly number[];
  readonly floor: readonly number[];
  /** Of `ratio`: at least. Of `value`: at most, of `at-least`: at least, in the row's unit. */
  readonly aim: { readonly of: 'ratio' | 'value' | 'at-least'; readonly figure: number } | undefined;
}

/** Why rows are missing. */
export interface Skipped {
  readonly name: string;
  readonly reason: string;
}

export function median(values: readonly number[]): number {
  return percentile(values, 0.5);
}

/** The nearest rank; NaN of nothing. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
}

/** CC over the floor: the median of the rounds' ratios, since both of a round had the same machine. NaN without a floor. */
export function ratio({ product, floor }: Row): number {
  return median(product.flatMap((figure, round) => (floor[round] === undefined ? [] : [figure / floor[round]])));
}

/** Whether the row reaches its aim; undefined without one. */
export function met(row: Row): boolean | undefined {
  if (row.aim === undefined) return undefined;
  if (row.aim.of === 'ratio') return ratio(row) >= row.aim.figure;
  return row.aim.of === 'value' ? median(row.product) <= row.aim.figure : median(row.product) >= row.aim.figure;
}

/** Runs the floor and CC in turn, so that a noisy machine disturbs both alike. */
export async function interleave<T>(rounds: number, floor: (round: number) => Promise<T>, product: (round: number) => Promise<T>): Promise<{ floor: T[]; product: T[] }> {
  const results: { floor: T[]; product: T[] } = { floor: [], product: [] };
  for (let round = 0; round < rounds; round += 1) {
    results.floor.push(await floor(round));
    results.product.push(await product(round));
  }
  return results;
}

/** Seconds since `startedAt` of `performance.now()`. */
export const secondsSince = (startedAt: number): number => (performance.now() - startedAt) / 1000;

/** The rows as a table for people. */
export function table(rows: readonly Row[]): string {
  const lines = [['row', 'CC', 'floor', 'unit', 'ratio', 'aim', ''], ...rows.map(cellsOf)];
  const widths = lines.reduce<number[]>((wide, line) => line.map((cell, column) => Math.max(wide[column] ?? 0, cell.length)), []);
  return lines.map((line) => line.map((cell, column) => (column === 1 || column === 2 || column === 4 ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0))).join('  ').trimEnd()).join('\n');
}

function cellsOf(row: Row): string[] {
  const verdict = met(row);
  return [
    row.name, figure(median(row.product)), row.floor.length === 0 ? '-' : figure(median(row.floor)), row.unit, row.floor.length === 0 ? '-' : ratio(row).toFixed(2),
    aimOf(row),
    verdict === undefined ? '' : verdict ? 'met' : 'MISSED',
  ];
}

function aimOf({ aim, unit }: Row): string {
  if (aim === undefined) return '';
  if (aim.of === 'ratio') return `ratio >= ${aim.figure}`;
  return `${aim.of === 'value' ? '<=' : '>='} ${aim.figure} ${unit}`;
}

const figure = (value: number): string => (value >= 100 ? Math.round(value).toLocaleString('en-US') : value >= 1 ? value.toFixed(1) : value.toFixed(3));
