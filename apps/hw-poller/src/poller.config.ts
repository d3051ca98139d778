import { channelsShape, encryptionShape, setting, settingsFor } from '@cc/platform';

export class PollerSettings extends settingsFor({
  ...channelsShape,
  ...encryptionShape,
  pollsAtOnce: setting.integer({ env: 'CC_HW_POLLER_POLLS_AT_ONCE', default: 32, min: 1, max: 1000, help: 'Polls in flight at most, per replica', example: '32' }),
  leaseSeconds: setting.integer({ env: 'CC_HW_POLLER_LEASE_SECONDS', default: 30, min: 2, max: 300, unit: 's', help: 'A call whose poller died is taken over by another after this long; longer than a poll may take', example: '30' }),
  followSeconds: setting.integer({ env: 'CC_HW_POLLER_FOLLOW_SECONDS', default: 43_200, min: 60, max: 172_800, unit: 's', help: 'A call is polled no longer than this', example: '43200' }),
  seatLeaseSeconds: setting.integer({ env: 'CC_HW_POLLER_SEAT_LEASE_SECONDS', default: 10, min: 1, max: 60, unit: 's', help: 'A seat whose poller died is taken over by another replica after this long and up to a third more; far below the two minutes after which a vendor signs a seat out', example: '10' }),
}) {}
