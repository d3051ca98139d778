import { defineVendor } from '../../define-vendor';
import { AgentGatewayClient } from './agent-gateway.client';
import { AgentGatewaySeat, AgentGatewaySettings } from './agent-gateway.config';
import { AgentGatewaySeats } from './agent-gateway.seats';
import { normalise, subjectOf } from './agent-gateway.transform';

/** 华为 CEC/AICC CC-Gateway (agentgateway): agents sign in at seats (坐席号), a seat calls, and is asked what it does. */
export const agentGateway = defineVendor({
  code: 'hw',
  protocol: 'agentGateway',
  capabilities: { cancel: true, query: false, recording: false, displayNumbers: false, maxDuration: false, ivrText: false, probe: false, followUp: 'seats' },
  callbacks: 'never',
  line: 'seat',
  account: ({ endpoint }) => [endpoint],
  settings: AgentGatewaySettings,
  seat: AgentGatewaySeat,
  seatIdentity: ({ endpoint }, { agentId }) => `${endpoint} agent ${agentId}`,
  open(settings, ports, { seats }) {
    const client = new AgentGatewayClient(settings, ports, seats);
    return {
      dial: (request) => client.dial(request),
      cancel: (call) => client.cancel(call),
      seats: new AgentGatewaySeats(settings, client, ports.clock, seats),
      subjectOf: (raw) => subjectOf(raw, settings),
      normalise: (raw, context) => normalise(raw, context, settings),
      readsProgress: true,
    };
  },
});
