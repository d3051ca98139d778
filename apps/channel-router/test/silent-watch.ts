import { RouterWatch } from '../src/domain/router-watch';

/** Is told everything and keeps nothing; a test overrides what it wants to know. */
export class SilentWatch extends RouterWatch {
  override dialled(..._told: Parameters<RouterWatch['dialled']>): void {}
  override outcomeLost(..._told: Parameters<RouterWatch['outcomeLost']>): void {}
  override hungUp(..._told: Parameters<RouterWatch['hungUp']>): void {}
  override lateRing(..._told: Parameters<RouterWatch['lateRing']>): void {}
  override reaped(..._told: Parameters<RouterWatch['reaped']>): void {}
  override resolved(..._told: Parameters<RouterWatch['resolved']>): void {}
  override unreadable(..._told: Parameters<RouterWatch['unreadable']>): void {}
  override changed(..._told: Parameters<RouterWatch['changed']>): void {}
  override standing(..._told: Parameters<RouterWatch['standing']>): void {}
  override inDoubt(..._told: Parameters<RouterWatch['inDoubt']>): void {}
  override asked(..._told: Parameters<RouterWatch['asked']>): void {}
  override reconciled(..._told: Parameters<RouterWatch['reconciled']>): void {}
  override waiting(..._told: Parameters<RouterWatch['waiting']>): void {}
  override probeFailed(..._told: Parameters<RouterWatch['probeFailed']>): void {}
}
