import { createHash } from 'node:crypto';
import type { ReceivedFile } from './durable-files';
import { OssError } from './oss-error';
import type { OssRequest } from './oss-request';

const longestTextBytes = 2 * 1024 * 1024;

/** The body of a request that carries a document, checked against its Content-MD5. */
export async function readText(request: OssRequest): Promise<string> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  const body: AsyncIterable<Buffer> = request.body;
  for await (const chunk of body) {
    sizeBytes += chunk.length;
    if (sizeBytes > longestTextBytes) throw new OssError('MalformedXML', 'The document is larger than 2 MiB.');
    chunks.push(chunk);
  }
  const bytes = Buffer.concat(chunks);
  requireDigest(request, createHash('md5').update(bytes).digest());
  return bytes.toString('utf8');
}

/** Throws InvalidDigest when the client declared other bytes than arrived. */
export function requireDigest(request: OssRequest, md5: ReceivedFile['md5']): void {
  const declared = request.headers.get('content-md5');
  if (declared !== undefined && declared !== md5.toString('base64')) throw new OssError('InvalidDigest', 'The Content-MD5 you specified is not that of the body.');
}
