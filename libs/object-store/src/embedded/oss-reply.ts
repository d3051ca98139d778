import type { Readable } from 'node:stream';
import { type XmlElement, xmlDocument } from './xml';

/** An answer of the OSS protocol; header values as UTF-8 text. */
export interface OssReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Readable;
}

export function emptyReply(status: number, headers: Readonly<Record<string, string>> = {}): OssReply {
  return { status, headers };
}

export function xmlReply(root: XmlElement, headers: Readonly<Record<string, string>> = {}, status = 200): OssReply {
  return { status, headers: { 'content-type': 'application/xml', ...headers }, body: xmlDocument(root) };
}

/** Whole seconds: Aliyun's Python client refuses any other milliseconds than .000. */
export function isoTime(ms: number): string {
  return new Date(Math.floor(ms / 1000) * 1000).toISOString();
}

/** The one owner that the embedded store knows; ali-oss reads it from every listed object. */
export const owner: XmlElement = ['Owner', [['ID', 'embedded'], ['DisplayName', 'embedded']]];
