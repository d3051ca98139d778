import { channelsShape, encryptionShape, setting, settingsFor } from '@cc/platform';

export class CallbackIngestSettings extends settingsFor({
  ...channelsShape,
  ...encryptionShape,
  spoolDir: setting.text({ env: 'CC_E9_CALLBACK_INGEST_SPOOL_DIR', help: 'The directory of the spool; its disk must survive a restart', example: '/var/lib/cc/spool' }),
  segmentMegabytes: setting.integer({ env: 'CC_E9_CALLBACK_INGEST_SEGMENT_MEGABYTES', default: 64, min: 1, max: 1024, unit: 'MiB', help: 'A new spool segment is begun after this size', example: '64' }),
  retentionHours: setting.integer({ env: 'CC_E9_CALLBACK_INGEST_RETENTION_HOURS', default: 72, min: 0, max: 8760, unit: 'h', help: 'How long a segment stays that the log has, to be replayed again if need be; less where the disk has less room than the reserve', example: '72' }),
  backlogMegabytes: setting.integer({ env: 'CC_E9_CALLBACK_INGEST_BACKLOG_MEGABYTES', default: 8192, min: 1, max: 1_048_576, unit: 'MiB', help: 'So much may wait for the log; what comes beyond is answered 503. An hour at 200 callbacks a second is about 1400', example: '8192' }),
  reserveMegabytes: setting.integer({ env: 'CC_E9_CALLBACK_INGEST_RESERVE_MEGABYTES', default: 256, min: 0, max: 1_048_576, unit: 'MiB', help: 'With less room than this on the disk of the spool the service is not ready, though it takes what comes while it can', example: '256' }),
  waitingMegabytes: setting.integer({ env: 'CC_E9_CALLBACK_INGEST_WAITING_MEGABYTES', default: 32, min: 1, max: 1024, unit: 'MiB', help: 'So much may wait in memory for the disk; what comes beyond is answered 503', example: '32' }),
}) {}
