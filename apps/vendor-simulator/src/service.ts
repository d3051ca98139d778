import { defineService } from '@cc/platform';
import { SimulatorSettings } from './vendor-simulator.config';
import { VendorSimulatorModule } from './vendor-simulator.module';

/** The vendors' side of e9 (callback), hw (双呼, VoiceCall, seats) and jy (CC's own default contract), with test numbers and faults. State is in memory. */
export const vendorSimulator = defineService({
  name: 'vendor-simulator',
  defaultPort: 3100,
  module: VendorSimulatorModule,
  settings: SimulatorSettings,
  consumes: [],
  produces: [],
  backends: 'none',
  rawBodies: true,
});
