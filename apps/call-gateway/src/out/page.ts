/** Which part of a list, in the order of its keys. */
export interface PageQuery {
  readonly pageSize: number;
  /** What the part begins behind, as the list's tokens tell it; absent: the first part. */
  readonly after?: string | undefined;
}

export interface Page<T> {
  readonly items: readonly T[];
  /** Continues after the last item, whatever is added meanwhile; absent where there is no more. */
  readonly nextPageToken?: string;
}

/** Whose ids order a list. */
export type ListedId = 'business' | 'user';

/** The token of a list in the order of ids: with their kind, so that no other list takes it for its own. */
export const idToken = (kind: ListedId, id: string): string => `${kind}/${id}`;

/**
 * @param read the part, and the item behind it where there is one: that alone tells whether there is more.
 * @param keyOf what the list is ordered by, as text: the token is that of the last item, in clear.
 */
export function pageOf<T>(read: readonly T[], pageSize: number, keyOf: (item: T) => string): Page<T> {
  const items = read.slice(0, pageSize);
  const last = items.at(-1);
  return read.length <= pageSize || last === undefined ? { items } : { items, nextPageToken: keyOf(last) };
}
