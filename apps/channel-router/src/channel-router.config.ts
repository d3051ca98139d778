import { channelsShape, numbersShape, setting, settingsFor } from '@cc/platform';

export class ChannelRouterSettings extends settingsFor({
  ...channelsShape,
  ...numbersShape,
  dialsAtOnce: setting.integer({ env: 'CC_CHANNEL_ROUTER_DIALS_AT_ONCE', default: 64, min: 1, max: 1000, help: 'Dial requests in flight at most, per replica', example: '64' }),
  sendingSeconds: setting.integer({ env: 'CC_CHANNEL_ROUTER_SENDING_SECONDS', default: 45, min: 5, max: 600, unit: 's', help: 'An attempt whose dial has no outcome after this long is in doubt; longer than any dial may take', example: '45' }),
  setupSeconds: setting.integer({ env: 'CC_CHANNEL_ROUTER_SETUP_SECONDS', default: 90, min: 5, max: 3600, unit: 's', help: 'The longest that a vendor takes to ring: after it an attempt in doubt is asked about, and without an answer its call is closed as 255', example: '90' }),
  querySeconds: setting.integer({ env: 'CC_CHANNEL_ROUTER_QUERY_SECONDS', default: 900, min: 5, max: 86_400, unit: 's', help: 'A call without a known end is asked about at the vendor each time this long has passed, the first time when its channel says so (repair of the channel file)', example: '900' }),
  reconcileSeconds: setting.integer({ env: 'CC_CHANNEL_ROUTER_RECONCILE_SECONDS', default: 3600, min: 30, max: 86_400, unit: 's', help: 'Calls that are over and whose records lack something are compared with what their vendor says each time this long has passed, per account', example: '3600' }),
  graceSeconds: setting.integer({ env: 'CC_CHANNEL_ROUTER_GRACE_SECONDS', default: 60, min: 1, max: 3600, unit: 's', help: 'The pause before an overdue call is looked at again', example: '60' }),
  redialTenants: setting.list({ env: 'CC_CHANNEL_ROUTER_REDIAL_TENANTS', default: [], item: { pattern: /^[a-z0-9-]{1,32}$/, form: 'a tenant' }, help: 'Tenants for whom a call that was in doubt and certainly was not placed is dialled once more, while its notAfter lasts', example: 'sales' }),
}) {}
