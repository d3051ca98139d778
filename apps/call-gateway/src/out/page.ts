/** Which part of a list, in the order of its keys. */
export interface PageQuery {
  readonly pageSize: number;
  /** The key after which the part begins; absent: the first one. */
  readonly after?: string | undefined;
}

export interface Page<T> {
  readonly items: readonly T[];
  /** Continues after the last item, whatever is added meanwhile; absent where there is no more. */
  readonly nextPageToken?: string;
}

export function pageOf<T>(items: readonly T[], pageSize: number, keyOf: (item: T) => string): Page<T> {
  const last = items.at(-1);
  return items.length < pageSize || last === undefined ? { items } : { items, nextPageToken: Buffer.from(keyOf(last)).toString('base64url') };
}
