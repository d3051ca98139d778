import type { Pace } from './pace';
import type { CallbackManner } from './scenario';

/** A callback and the moment that it reports. */
export interface Reported {
  readonly occurredAt: number;
}

export interface Delivery<N extends Reported> {
  readonly notification: N;
  readonly sendAt: number;
}

const LATE_SECONDS = 30;
const GAP_SECONDS = 0.05;

/** When each callback is sent, in the order of sending, which a scenario may disturb. */
export function arrangeDeliveries<N extends Reported>(notifications: readonly N[], manner: CallbackManner, pace: Pace): Delivery<N>[] {
  const onTime = notifications.map((notification) => ({ notification, sendAt: notification.occurredAt }));
  switch (manner) {
    case 'in-order':
      return onTime;
    case 'none':
      return [];
    case 'twice':
      return onTime.flatMap((delivery) => [delivery, { ...delivery, sendAt: delivery.sendAt + pace.ms(GAP_SECONDS) }]);
    case 'late':
      return onTime.map((delivery) => ({ ...delivery, sendAt: delivery.sendAt + pace.ms(LATE_SECONDS) }));
    case 'swapped':
      return swapPairs(onTime, pace);
  }
}

function swapPairs<N extends Reported>(deliveries: readonly Delivery<N>[], pace: Pace): Delivery<N>[] {
  return deliveries.flatMap((delivery, index) => {
    const next = deliveries[index + 1];
    if (index % 2 === 1) return [];
    return next === undefined ? [delivery] : [next, { ...delivery, sendAt: next.sendAt + pace.ms(GAP_SECONDS) }];
  });
}
