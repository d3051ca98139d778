import { z } from 'zod';
import { Route } from './route';
import { decodeJson, encodeJson, type JsonMessage } from './json-message';
import type { Decoded, WireRecord } from './wire';

/** The router's answer to `cc.call.simulate-route.v1`: nothing was dialled. */
export const RouteSimulation = z.object({ simulationId: z.string().max(64), tenant: z.string().max(32), route: Route, decidedAt: z.number().int() });
export type RouteSimulation = z.infer<typeof RouteSimulation>;

const message: JsonMessage<RouteSimulation> = {
  type: 'cc.route.simulated.v1', writtenBy: 'channel-router', schema: RouteSimulation,
  keyOf: ({ simulationId }) => simulationId, idOf: ({ simulationId }) => simulationId, timeMsOf: ({ decidedAt }) => decidedAt,
};

export const encodeRouteSimulation = (simulation: RouteSimulation): WireRecord => encodeJson(message, simulation);
export const decodeRouteSimulation = (wire: WireRecord): Decoded<RouteSimulation> => decodeJson(message, wire);
