import { channelsShape, objectStoreShape, setting, settingsFor } from '@cc/platform';

export class RecordingArchiverSettings extends settingsFor({
  ...channelsShape,
  ...objectStoreShape,
  downloadsAtOnce: setting.integer({ env: 'CC_RECORDING_ARCHIVER_DOWNLOADS_AT_ONCE', default: 8, min: 1, max: 200, help: 'Downloads in flight at most, per replica', example: '8' }),
  downloadSeconds: setting.integer({ env: 'CC_RECORDING_ARCHIVER_DOWNLOAD_SECONDS', default: 120, min: 5, max: 3600, unit: 's', help: 'How long one download may take', example: '120' }),
  maxMegabytes: setting.integer({ env: 'CC_RECORDING_ARCHIVER_MAX_MEGABYTES', default: 512, min: 1, max: 4096, unit: 'MiB', help: 'A larger recording is not taken', example: '512' }),
  retrySeconds: setting.decimal({ env: 'CC_RECORDING_ARCHIVER_RETRY_SECONDS', default: 15, min: 0.1, max: 3600, unit: 's', help: 'The first pause after a failed try; it doubles with each further one, up to 10 minutes', example: '15' }),
  temporaryDir: setting.optionalText({ env: 'CC_RECORDING_ARCHIVER_TEMPORARY_DIR', help: "Where a download lies until it is stored; the system's temporary directory unless given", example: '/var/tmp/cc' }),
}) {}
