import type * as http from 'node:http';
import type * as https from 'node:https';
import { isIP } from 'node:net';
import { CcError } from '@cc/kernel';
import type OSS from 'ali-oss';

export interface AccessCredentials {
  readonly accessKeyId: string;
  readonly accessKeySecret: string;
  /** With temporary credentials only. */
  readonly stsToken?: string;
}

/** Where the bucket is and how to sign for it. */
export interface AliOssSettings extends AccessCredentials {
  /** Such as `oss-cn-hangzhou`; part of every V4 signature. */
  readonly region: string;
  /** Such as `https://oss-cn-hangzhou.aliyuncs.com`, always a name (the client cannot do IP addresses); the region's own unless told. */
  readonly endpoint?: string;
  /** Endpoint of the addresses that people get, where it is not the one that CC itself uses. */
  readonly publicEndpoint?: string;
  readonly bucket: string;
  /** Data by Aliyun's internal network (not billed); only without `endpoint`. Addresses for people stay public. */
  readonly internal?: boolean;
  /** `/bucket/key` instead of `bucket.host/key`: for the embedded store. */
  readonly pathStyle?: boolean;
  /** True unless told; false signs with V1. */
  readonly authorizationV4?: boolean;
  /** Called at most every five minutes when `stsToken` is set: the credentials to use from now on. */
  readonly refreshCredentials?: () => Promise<Required<AccessCredentials>>;
}

export function regionEndpoint(region: string, internal: boolean): string {
  return `https://${region}${internal ? '-internal' : ''}.aliyuncs.com`;
}

/** The endpoint as the client can use it: with an IP address it fakes the Host header and cannot sign addresses. */
export function readEndpoint(endpoint: string): URL {
  const address = endpoint.includes('://') ? endpoint : `https://${endpoint}`;
  if (!URL.canParse(address) || !/^https?:/.test(address)) throw new CcError('input', 'object-store-endpoint', 'the object store\'s endpoint is not an http address');
  const parsed = new URL(address);
  if (parsed.hostname === '127.0.0.1') parsed.hostname = 'localhost';
  if (isIP(parsed.hostname.replace(/[[\]]/g, '')) !== 0) {
    throw new CcError('input', 'object-store-endpoint', 'the object store\'s endpoint must be a host name, not an IP address');
  }
  return parsed;
}

interface Agents {
  readonly agent: http.Agent;
  readonly httpsAgent: https.Agent;
}

/** `sldEnable` and the agents are options of the client that its types do not know. */
export function clientOptions(settings: AliOssSettings, endpoint: URL, timeoutMs: number, agents: Agents): OSS.Options & Agents & { sldEnable: boolean } {
  const { accessKeyId, accessKeySecret, stsToken, refreshCredentials } = settings;
  return {
    ...agents,
    accessKeyId,
    accessKeySecret,
    region: settings.region,
    bucket: settings.bucket,
    endpoint: `${endpoint.protocol}//${endpoint.host}`,
    secure: endpoint.protocol === 'https:',
    sldEnable: settings.pathStyle ?? false,
    authorizationV4: settings.authorizationV4 ?? true,
    timeout: timeoutMs,
    // Without a refresh function the client prints a warning on the console.
    ...(stsToken === undefined ? {} : { stsToken, refreshSTSToken: refreshCredentials ?? (() => Promise.resolve({ accessKeyId, accessKeySecret, stsToken })) }),
  };
}
