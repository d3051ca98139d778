import { setting, settingsFor } from '@cc/platform';

export class RecordStoreSettings extends settingsFor({
  monthsAhead: setting.integer({ env: 'CC_RECORD_STORE_MONTHS_AHEAD', default: 2, min: 1, max: 24, unit: 'months', help: 'For how many months ahead the partitions of call_record are kept ready', example: '2' }),
}) {}
