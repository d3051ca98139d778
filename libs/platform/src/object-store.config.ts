import { defined } from '@cc/kernel';
import type { z } from 'zod';
import { setting } from './settings';

/** The settings of a service that uses the object store; spread into its own. */
export const objectStoreShape = {
  ossRegion: setting.text({ env: 'CC_OSS_REGION', help: 'The region of the bucket, part of every V4 signature', example: 'oss-cn-hangzhou' }),
  ossBucket: setting.text({ env: 'CC_OSS_BUCKET', help: 'The bucket of the recordings; created, private, when it is missing', example: 'cc-recordings' }),
  ossEndpoint: setting.optionalText({ env: 'CC_OSS_ENDPOINT', help: "The endpoint; the region's own unless given", example: 'https://oss-cn-hangzhou-internal.aliyuncs.com' }),
  ossPublicEndpoint: setting.optionalText({ env: 'CC_OSS_PUBLIC_ENDPOINT', help: 'The endpoint of the addresses that people get, where it is another one', example: 'https://oss-cn-hangzhou.aliyuncs.com' }),
  ossAccessKeyId: setting.secret({ env: 'CC_OSS_ACCESS_KEY_ID', help: 'The access key', example: 'LTAI…' }),
  ossAccessKeySecret: setting.secret({ env: 'CC_OSS_ACCESS_KEY_SECRET', help: 'Its secret', example: '…' }),
  ossStsToken: setting.optionalSecret({ env: 'CC_OSS_STS_TOKEN', help: 'The security token, with temporary credentials only; it is not renewed', example: '…' }),
  ossPathStyle: setting.flag({ env: 'CC_OSS_PATH_STYLE', default: false, help: '`/bucket/key` instead of `bucket.host/key`: for the embedded store', example: 'true' }),
  ossSignature: setting.choice(['v4', 'v1'], { env: 'CC_OSS_SIGNATURE', default: 'v4', help: 'The version of the signatures', example: 'v4' }),
} as const;

type ObjectStoreValues = z.output<z.ZodObject<typeof objectStoreShape>>;

/** The same as the object store's adapter wants it. */
export function objectStoreOptions(values: ObjectStoreValues) {
  return {
    region: values.ossRegion,
    bucket: values.ossBucket,
    accessKeyId: values.ossAccessKeyId,
    accessKeySecret: values.ossAccessKeySecret,
    pathStyle: values.ossPathStyle,
    authorizationV4: values.ossSignature === 'v4',
    ...defined({ stsToken: values.ossStsToken, endpoint: values.ossEndpoint, publicEndpoint: values.ossPublicEndpoint }),
  };
}
