import { ledgerConformance } from './ledger.conformance';
import { MemoryLedger } from './memory-ledger';

describe('the ledger in memory', () => {
  let ledger: MemoryLedger;
  let woken: number;
  beforeEach(() => {
    ledger = new MemoryLedger();
    woken = 0;
    ledger.onWake(() => (woken += 1));
  });

  ledgerConformance(() => ({
    ledger,
    events: () => Promise.resolve([...ledger.events]),
    simulated: () => Promise.resolve(ledger.simulations.map(({ simulationId }) => simulationId)),
    woken: () => woken,
  }));
});
