import { channelsShape, encryptionShape, setting, settingsFor } from '@cc/platform';

export class ChannelRouterSettings extends settingsFor({
  ...channelsShape,
  ...encryptionShape,
  dialsAtOnce: setting.integer({ env: 'CC_CHANNEL_ROUTER_DIALS_AT_ONCE', default: 64, min: 1, max: 1000, help: 'Dial requests in flight at most, per replica', example: '64' }),
  sendingSeconds: setting.integer({ env: 'CC_CHANNEL_ROUTER_SENDING_SECONDS', default: 45, min: 5, max: 600, unit: 's', help: 'An attempt whose dial has no outcome after this long is in doubt; longer than any dial may take', example: '45' }),
  setupSeconds: setting.integer({ env: 'CC_CHANNEL_ROUTER_SETUP_SECONDS', default: 180, min: 5, max: 3600, unit: 's', help: 'After this long an attempt in doubt is asked about at the vendor', example: '180' }),
  callSeconds: setting.integer({ env: 'CC_CHANNEL_ROUTER_CALL_SECONDS', default: 14_400, min: 5, max: 86_400, unit: 's', help: 'A call without a known end after this long (beyond its own maximum) is asked about at the vendor', example: '14400' }),
  graceSeconds: setting.integer({ env: 'CC_CHANNEL_ROUTER_GRACE_SECONDS', default: 60, min: 1, max: 3600, unit: 's', help: "After this long without the vendor's answer the call is closed as 255", example: '60' }),
}) {}
