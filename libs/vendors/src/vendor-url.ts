/** What the record's column holds. */
const MAX_LENGTH = 512;

/** The field `vendorUrl` of `recording-available`; none for an address that fits no record. */
export function vendorUrlOf(url: string | undefined): { readonly vendorUrl?: string } {
  return url !== undefined && url.length <= MAX_LENGTH ? { vendorUrl: url } : {};
}
