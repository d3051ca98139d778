import { CcError } from '@cc/kernel';
import { vendorNames, type VendorName } from '../domain/simulated-call';

/** The vendor that a path names. @throws missing when there is none */
export function vendorOf(text: string): VendorName {
  const vendor = vendorNames.find((name) => name === text);
  if (vendor === undefined) throw new CcError('missing', 'unknown-vendor', `There is no such vendor here; there are ${vendorNames.join(', ')}`);
  return vendor;
}
