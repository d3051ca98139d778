import { z } from 'zod';
import type { AliOssSettings } from './ali-oss-settings';

const text = z.string().trim().min(1);

/** The settings of a service that uses the object store, to spread into its own; the descriptions are read by the settings loader. */
export const objectStoreSettings = {
  ossEndpoint: z.url({ protocol: /^https?$/ }).optional().meta({ env: 'CC_OSS_ENDPOINT', help: 'Address of the object store, with a host name; the region\'s public one unless given', example: 'https://oss-cn-hangzhou-internal.aliyuncs.com' }),
  ossPublicEndpoint: z.url({ protocol: /^https?$/ }).optional().meta({ env: 'CC_OSS_PUBLIC_ENDPOINT', help: 'Address of the object store in the URLs that callers get, where it differs from CC_OSS_ENDPOINT', example: 'https://oss-cn-hangzhou.aliyuncs.com' }),
  ossRegion: text.default('oss-cn-hangzhou').meta({ env: 'CC_OSS_REGION', help: 'Region of the bucket, part of every V4 signature', example: 'oss-cn-hangzhou' }),
  ossBucket: text.regex(/^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/, 'must be 3 to 63 of a-z, 0-9 and - inside').meta({ env: 'CC_OSS_BUCKET', help: 'Bucket of the recordings; created, private, unless it is there', example: 'cc-recordings' }),
  ossAccessKeyId: text.meta({ env: 'CC_OSS_ACCESS_KEY_ID', help: 'Access key of the object store', example: 'LTAI5tExample', secret: true }),
  ossAccessKeySecret: text.meta({ env: 'CC_OSS_ACCESS_KEY_SECRET', help: 'Secret of the access key', example: 'a-secret-of-30-characters', secret: true }),
  ossStsToken: text.optional().meta({ env: 'CC_OSS_STS_TOKEN', help: 'Security token, with temporary credentials only; it is not renewed', example: 'CAISexample', secret: true }),
  ossPathStyle: z.stringbool({ truthy: ['true'], falsy: ['false'] }).default(false).meta({ env: 'CC_OSS_PATH_STYLE', help: 'true for the embedded object store, false for Aliyun', example: 'true' }),
  ossSignature: z.enum(['v4', 'v1']).default('v4').meta({ env: 'CC_OSS_SIGNATURE', help: 'Version of the request signature, v4 or v1', example: 'v4' }),
};

type ObjectStoreValues = z.output<z.ZodObject<typeof objectStoreSettings>>;

/** The values of {@link objectStoreSettings} as what AliOssObjectStore takes. */
export function aliOssSettings(values: ObjectStoreValues): AliOssSettings {
  return {
    region: values.ossRegion,
    bucket: values.ossBucket,
    accessKeyId: values.ossAccessKeyId,
    accessKeySecret: values.ossAccessKeySecret,
    pathStyle: values.ossPathStyle,
    authorizationV4: values.ossSignature === 'v4',
    ...(values.ossEndpoint === undefined ? {} : { endpoint: values.ossEndpoint }),
    ...(values.ossPublicEndpoint === undefined ? {} : { publicEndpoint: values.ossPublicEndpoint }),
    ...(values.ossStsToken === undefined ? {} : { stsToken: values.ossStsToken }),
  };
}
