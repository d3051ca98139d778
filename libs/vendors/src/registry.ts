import type { RegisteredVendor } from './define-vendor';
import { e9 } from './e9';
import { agentGateway } from './hw/agent-gateway';
import { createCall } from './hw/create-call';
import { voiceCall } from './hw/voice-call';
import { jy } from './jy';

/** Every vendor protocol that CC speaks, one line each; a test compares the list with the folders. */
export const vendors: readonly RegisteredVendor[] = [e9, agentGateway, createCall, voiceCall, jy];

/** The vendor's protocol with these names; `undefined` when CC does not speak it. */
export function vendorOf(code: string, protocol: string): RegisteredVendor | undefined {
  return vendors.find((vendor) => vendor.code === code && vendor.protocol === protocol);
}
