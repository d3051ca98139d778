const PATH = '/rest/provision/voice/record/v1.0';

/** What the vendor finds a recording by; both come with the fee push (rtc_05_0008). */
export interface RecordName {
  readonly fileName: string;
  readonly recordDomain: string;
}

/** Where the vendor is asked for a recording (rtc_05_0011). It opens with our signature only, and is no secret itself. */
export function recordUrl(endpoint: string, { fileName, recordDomain }: RecordName): string {
  return `${endpoint}${PATH}?${new URLSearchParams({ fileName, recordDomain }).toString()}`;
}

/** What such an address names; `undefined` for any other address. */
export function recordNameIn(url: string): RecordName | undefined {
  if (!URL.canParse(url)) return undefined;
  const { pathname, searchParams } = new URL(url);
  const [fileName, recordDomain] = [searchParams.get('fileName'), searchParams.get('recordDomain')];
  return pathname.endsWith(PATH) && fileName !== null && recordDomain !== null ? { fileName, recordDomain } : undefined;
}
