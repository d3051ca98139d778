import type { BucketFiles, StoredObject } from './bucket-files';

export interface ListingQuery {
  readonly prefix: string;
  /** Empty: no grouping. */
  readonly delimiter: string;
  /** Only what comes after this key or common prefix; empty: from the start. */
  readonly after: string;
  readonly maxKeys: number;
}

export interface Listing {
  readonly objects: readonly StoredObject[];
  readonly commonPrefixes: readonly string[];
  /** The last item of this page when others follow: the next page's `after`. */
  readonly next?: string;
}

/** One page of the bucket, in the byte order of the keys. */
export async function listObjects(bucket: BucketFiles, query: ListingQuery): Promise<Listing> {
  const keys: string[] = [];
  for await (const key of bucket.keys()) {
    if (key.startsWith(query.prefix) && compareBytes(key, query.after) > 0) keys.push(key);
  }
  keys.sort(compareBytes);
  const { items, more } = page(keys, query);
  const objects: StoredObject[] = [];
  for (const item of items) {
    // An object that was deleted since is no part of the page any more.
    const object = item.isPrefix ? undefined : await bucket.find(item.name);
    if (object !== undefined) objects.push(object);
  }
  const last = items.at(-1);
  return {
    objects,
    commonPrefixes: items.filter((item) => item.isPrefix).map((item) => item.name),
    ...(more && last !== undefined ? { next: last.name } : {}),
  };
}

interface Item {
  readonly name: string;
  readonly isPrefix: boolean;
}

function page(keys: readonly string[], query: ListingQuery): { readonly items: readonly Item[]; readonly more: boolean } {
  const items: Item[] = [];
  for (const key of keys) {
    const item = itemOf(key, query);
    if (item.isPrefix && (item.name === query.after || item.name === items.at(-1)?.name)) continue;
    if (items.length === query.maxKeys) return { items, more: true };
    items.push(item);
  }
  return { items, more: false };
}

function itemOf(key: string, { prefix, delimiter }: ListingQuery): Item {
  const end = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length);
  return end < 0 ? { name: key, isPrefix: false } : { name: key.slice(0, end + delimiter.length), isPrefix: true };
}

/** JavaScript's own order is that of UTF-16 and differs beyond the basic plane. */
function compareBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
