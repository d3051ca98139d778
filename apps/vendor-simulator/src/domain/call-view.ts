import { legsOf } from './hand';
import { phaseAt, type SimulatedCall } from './simulated-call';

/** A call as the control side shows it: with its whole planned course, and what its phones do now. */
export function viewOfCall(call: SimulatedCall, nowMs: number): object {
  const { scenario, ...rest } = call;
  return { ...rest, scenario: scenario.name, phase: phaseAt(call, nowMs), legs: legsOf(call, nowMs) };
}
