import { OperatorKeys } from '@cc/kernel';
import { channelsShape, encryptionShape, setting, settingsFor } from '@cc/platform';

export class CallbackIngestSettings extends settingsFor({
  ...channelsShape,
  ...encryptionShape,
  operatorKeys: setting.parsed((given) => OperatorKeys.parse(given), { env: 'CC_E9_CALLBACK_INGEST_OPERATOR_KEYS', secret: true, default: '', help: 'The keys of the operators, comma-separated, each `name:key`; a key has at least 24 characters', example: 'olga:cco_7d2c…' }),
  spoolDir: setting.text({ env: 'CC_E9_CALLBACK_INGEST_SPOOL_DIR', help: 'The directory of the spool; its disk must survive a restart', example: '/var/lib/cc/spool' }),
  segmentMegabytes: setting.integer({ env: 'CC_E9_CALLBACK_INGEST_SEGMENT_MEGABYTES', default: 64, min: 1, max: 1024, unit: 'MiB', help: 'A new spool segment is begun after this size', example: '64' }),
}) {}
