import { TypeOverrides } from 'pg';

const INT8 = 20;
const INT8_ARRAY = 1016;

function integer(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new RangeError(`bigint ${text} does not fit a number`);
  return value;
}

function integers(text: string): (number | null)[] {
  return text === '{}' ? [] : text.slice(1, -1).split(',').map((element) => (element === 'NULL' ? null : integer(element)));
}

/** node-postgres' own types, but bigint as number; a value beyond 2^53 fails its query instead of losing digits. */
export function columnTypes(): TypeOverrides {
  const types = new TypeOverrides();
  types.setTypeParser(INT8, integer);
  types.setTypeParser(INT8_ARRAY, integers);
  return types;
}
