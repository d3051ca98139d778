import { processEnvironment, setting, variableNames, type Environment } from '@cc/platform';
import { z } from 'zod';

/** The settings of the embedded default beside those of the services. */
export const embeddedSchema = z.object({
  objectStorePort: setting.integer({ env: 'CC_OBJECT_STORE_PORT', default: 3200, min: 0, max: 65535, help: 'The port of the embedded object store', example: '3200' }),
  simulatorSpeed: setting.decimal({ env: 'CC_SIM_SPEED', default: 20, min: 0.1, max: 1000, help: 'Divides every duration of the simulated calls', example: '20' }),
});

export const embeddedVariables: readonly string[] = variableNames(embeddedSchema);

export function environment(): Environment {
  return processEnvironment();
}
