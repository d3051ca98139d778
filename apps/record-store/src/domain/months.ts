/** A calendar month in UTC: the range of one partition. */
export interface Month {
  /** `2026_11` */
  readonly name: string;
  readonly fromMs: number;
  readonly toMs: number;
}

export function monthOf(epochMs: number): Month {
  const date = new Date(epochMs);
  return monthAt(date.getUTCFullYear(), date.getUTCMonth());
}

/** This month and the `ahead` that follow it. */
export function monthsAround(epochMs: number, ahead: number): Month[] {
  const date = new Date(epochMs);
  return Array.from({ length: ahead + 1 }, (_, index) => monthAt(date.getUTCFullYear(), date.getUTCMonth() + index));
}

function monthAt(year: number, month: number): Month {
  const from = new Date(Date.UTC(year, month, 1));
  const name = `${from.getUTCFullYear()}_${String(from.getUTCMonth() + 1).padStart(2, '0')}`;
  return { name, fromMs: from.getTime(), toMs: Date.UTC(year, month + 1, 1) };
}
