import type { CallEvent } from '@cc/contracts';
import { eventually } from '@cc/testing';
import { closedUnplaced } from '../src/domain/attempt';
import type { Ledger } from '../src/domain/ledger';
import { beginCases, cancelCases, hearCases, lookCases, queueCases, resolveCases, settleCases } from './attempts.conformance';
import { binding, channelCases, directoryCases, evidenceCases, override, probeCases, session, update } from './directory.conformance';
import { enquiryCases } from './enquiries.conformance';
import { attemptFor, command, Desk, NOW } from './ledger-desk';

/** A ledger without anything in it, and what it has told others. */
export interface LedgerUnderTest {
  readonly ledger: Ledger;
  events(): Promise<readonly CallEvent[]>;
  simulated(): Promise<readonly string[]>;
  /** How often the routers were woken. */
  woken(): number;
}

/** Promises of the port, for whichever ledger: call it within a `describe`, with a new one for every test. */
export function ledgerConformance(open: () => LedgerUnderTest): void {
  const desk = (): Desk => new Desk(open().ledger);
  describe('the queue', () => queueCases(desk));
  describe('beginning', () => beginCases(desk));
  describe('settling', () => settleCases(desk));
  describe('hearing', () => hearCases(desk));
  describe('resolving', () => resolveCases(desk));
  describe('ending calls', () => cancelCases(desk));
  describe('looking after attempts', () => lookCases(desk));
  describe('questions to vendors', () => enquiryCases(desk));
  describe('the directory', () => directoryCases(desk));
  describe('the channels', () => channelCases(desk));
  describe('evidence', () => evidenceCases(desk));
  describe('probes', () => probeCases(desk));
  describe('transactions', () => transactionCases(open));
}

function transactionCases(open: () => LedgerUnderTest): void {
  const desk = (): Desk => new Desk(open().ledger);
  const told = closedUnplaced({ callId: 'call-told', tenant: 'acme' }, { closeType: 255, endedBy: 'cc', reason: 'x' }, NOW);

  it('commits everything, journal included, or nothing', async () => {
    const [kept, live] = [command(), await desk().inState('unknown')];
    const placed = command();
    await desk().save(update());
    await expect(desk().in(async (unit) => {
      await unit.queue.enqueue([placed], NOW);
      await unit.attempts.begin([attemptFor(placed.callId, { lineRef: 'l' })]);
      await unit.attempts.resolve(live.attemptId, 'ended', NOW);
      await unit.queue.close([live.callId]);
      await unit.directory.saveSessions([session()]);
      await unit.directory.saveBindings([{ kind: 'kept', value: binding() }]);
      await unit.channels.saveOverrides([override()]);
      await unit.channels.forget(['e9-main']);
      await unit.journal.append([told]);
      await unit.journal.answer([{ simulationId: 'sim-1', tenant: 'acme', route: { basis: 'all', candidates: [] }, decidedAt: NOW }]);
      await unit.journal.wake();
      throw new Error('rolled back');
    })).rejects.toThrow('rolled back');
    await desk().enqueue([kept]);
    expect(await desk().due()).toEqual([kept.callId]);
    expect((await desk().lines('l', live.lineRef)).busy).toEqual(new Set([live.lineRef]));
    expect(await desk().found(live.attemptId)).toMatchObject({ state: 'unknown', callOpen: true });
    expect(await desk().ledger.sessionOf('jy', '20011')).toBeUndefined();
    const survey = await desk().survey({ users: [{ tenant: 'acme', user: 'ann' }] });
    expect([survey.bindings.size, survey.channels.get('e9-main')?.drained]).toEqual([0, false]);
    expect([await open().events(), await open().simulated(), open().woken()]).toEqual([[], [], 0]);
  });

  it('tells others after the commit, and not before', async () => {
    await desk().in(async (unit) => {
      await unit.journal.append([told]);
      await unit.journal.append([]);
      await unit.journal.wake();
      await unit.journal.answer([{ simulationId: 'sim-1', tenant: 'acme', route: { basis: 'all', candidates: [] }, decidedAt: NOW }]);
      expect([await open().events(), await open().simulated()]).toEqual([[], []]);
      expect(open().woken()).toBe(0);
    });
    await eventually(() => open().woken() === 1);
    expect(await open().events()).toEqual([told]);
    expect(await open().simulated()).toEqual(['sim-1']);
  });

  it('run one by one when they are exclusive, and give what the work gives', async () => {
    expect(await open().ledger.exclusively('planning', async ({ queue }) => (await queue.due(NOW, 1)).length)).toBe(0);
    await expect(open().ledger.exclusively('health', () => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
    expect(await open().ledger.exclusively('health', () => Promise.resolve('again'))).toBe('again');
  });
}
