import { channelsShape, encryptionShape, setting, settingsFor } from '@cc/platform';

export class EventDispatcherSettings extends settingsFor({
  ...channelsShape,
  ...encryptionShape,
  pendingSeconds: setting.integer({ env: 'CC_EVENT_DISPATCHER_PENDING_SECONDS', default: 600, min: 1, max: 86_400, unit: 's', help: 'How long a notification waits for the attempt that it belongs to before it goes to quarantine', example: '600' }),
  rememberDays: setting.integer({ env: 'CC_EVENT_DISPATCHER_REMEMBER_DAYS', default: 35, min: 1, max: 400, unit: 'days', help: 'How long an attempt is remembered for notifications that come late', example: '35' }),
}) {}
