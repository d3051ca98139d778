import { AddressRanges, OperatorKeys } from '@cc/kernel';
import { channelsShape, encryptionShape, setting, settingsFor } from '@cc/platform';

const addressRanges = (given: string): AddressRanges => AddressRanges.parse(given.split(',').filter((text) => text.trim() !== ''));

export class CallbackIngestSettings extends settingsFor({
  ...channelsShape,
  ...encryptionShape,
  operatorKeys: setting.parsed((given) => OperatorKeys.parse(given), { env: 'CC_E9_CALLBACK_INGEST_OPERATOR_KEYS', secret: true, default: '', help: 'The keys of the operators, comma-separated, each `name:key`; a key has at least 24 characters', example: 'olga:cco_7d2c…' }),
  spoolDir: setting.text({ env: 'CC_E9_CALLBACK_INGEST_SPOOL_DIR', help: 'The directory of the spool; its disk must survive a restart', example: '/var/lib/cc/spool' }),
  // A push of VoiceCall brings up to 50 fees of about a kilobyte each, more with their addresses (rtc_05_0008).
  bodyLimitKib: setting.integer({ env: 'CC_E9_CALLBACK_INGEST_BODY_LIMIT_KIB', default: 256, min: 1, max: 512, unit: 'KiB', help: 'A callback with a larger body is refused with 413', example: '256' }),
  headerLimitKib: setting.integer({ env: 'CC_E9_CALLBACK_INGEST_HEADER_LIMIT_KIB', default: 16, min: 1, max: 64, unit: 'KiB', help: 'A callback with larger headers is refused with 431', example: '16' }),
  headersSeconds: setting.integer({ env: 'CC_E9_CALLBACK_INGEST_HEADERS_SECONDS', default: 5, min: 1, max: 300, unit: 's', help: 'A sender whose headers are not there after this long is closed with 408', example: '5' }),
  requestSeconds: setting.integer({ env: 'CC_E9_CALLBACK_INGEST_REQUEST_SECONDS', default: 10, min: 1, max: 300, unit: 's', help: 'A sender whose whole callback is not there after this long is closed with 408', example: '10' }),
  connections: setting.integer({ env: 'CC_E9_CALLBACK_INGEST_CONNECTIONS', default: 1024, min: 1, max: 65_535, help: 'More connections at once are closed; each may hold one body in memory', example: '1024' }),
  trustedProxies: setting.parsed(addressRanges, { env: 'CC_E9_CALLBACK_INGEST_TRUSTED_PROXIES', default: '', help: 'The addresses and ranges of the proxies in front, comma-separated: only from these X-Forwarded-For is believed', example: '10.0.0.0/8,192.0.2.7' }),
  segmentMegabytes: setting.integer({ env: 'CC_E9_CALLBACK_INGEST_SEGMENT_MEGABYTES', default: 64, min: 1, max: 1024, unit: 'MiB', help: 'A new spool segment is begun after this size', example: '64' }),
  retentionHours: setting.integer({ env: 'CC_E9_CALLBACK_INGEST_RETENTION_HOURS', default: 72, min: 0, max: 8760, unit: 'h', help: 'How long a segment stays that the log has, to be replayed again if need be; less where the disk has less room than the reserve', example: '72' }),
  backlogMegabytes: setting.integer({ env: 'CC_E9_CALLBACK_INGEST_BACKLOG_MEGABYTES', default: 8192, min: 1, max: 1_048_576, unit: 'MiB', help: 'So much may wait for the log; what comes beyond is answered 503. An hour at 200 callbacks a second is about 1400', example: '8192' }),
  reserveMegabytes: setting.integer({ env: 'CC_E9_CALLBACK_INGEST_RESERVE_MEGABYTES', default: 256, min: 0, max: 1_048_576, unit: 'MiB', help: 'With less room than this on the disk of the spool the service is not ready, though it takes what comes while it can', example: '256' }),
  waitingMegabytes: setting.integer({ env: 'CC_E9_CALLBACK_INGEST_WAITING_MEGABYTES', default: 32, min: 1, max: 1024, unit: 'MiB', help: 'So much may wait in memory for the disk; what comes beyond is answered 503', example: '32' }),
}) {}
