import { channelsShape, encryptionShape, setting, settingsFor } from '@cc/platform';

export class EventDispatcherSettings extends settingsFor({
  ...channelsShape,
  ...encryptionShape,
  pendingSeconds: setting.integer({ env: 'CC_EVENT_DISPATCHER_PENDING_SECONDS', default: 600, min: 1, max: 86_400, unit: 's', help: 'How long a notification waits for the attempt that it belongs to before it goes to quarantine', example: '600' }),
  quarantineRows: setting.integer({ env: 'CC_EVENT_DISPATCHER_QUARANTINE_ROWS', default: 100_000, min: 1, max: 10_000_000, help: 'How many messages may lie in quarantine before forged ones are dropped, the oldest first', example: '100000' }),
  quarantineDays: setting.integer({ env: 'CC_EVENT_DISPATCHER_QUARANTINE_DAYS', default: 30, min: 1, max: 400, unit: 'days', help: 'How long a message lies in quarantine before it is dropped', example: '30' }),
  rememberDays: setting.integer({ env: 'CC_EVENT_DISPATCHER_REMEMBER_DAYS', default: 35, min: 1, max: 400, unit: 'days', help: 'How long an attempt is remembered for notifications that come late', example: '35' }),
}) {}
