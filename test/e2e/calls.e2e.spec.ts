import { maskNumber } from '@cc/kernel';
import { place, ringsOf, rowOf, settled, type PlacedCall, type Ring } from './calls';
import { scenarios, type Expected, type Outcome } from './scenarios';
import { TENANT, startSystem, type Backend, type System } from './system';

const VENDORS = ['e9', 'hw'] as const;
type Vendor = (typeof VENDORS)[number];

/** e9 tells times in whole seconds, in the callback that follows; hw to the millisecond. */
const TOLERANCE_MS: Record<Vendor, number> = { e9: 1000, hw: 1 };
const SETTLE_LIMIT_MS = 120_000;

const BIZ_DATA = { order: 'A-17', 备注: '回访' };
const REQUEST = { user: 'user-7', business: 'sales', record: true, bizData: BIZ_DATA, ivr: { text: '您好', url: 'https://example.com/hello.wav' } };

/** Each call has a line of its own. */
const agentOf = (call: PlacedCall): string => `agent-${Number(call.from.slice(6, 10))}`;

/** The columns that are the same whatever the call did. */
const constantColumns = (vendor: Vendor, call: PlacedCall) => ({
  tenant: TENANT, main_num: '4001234567', ext_num: '801', agent: agentOf(call), caller: maskNumber(call.from), called: maskNumber(call.to),
  biz_data: JSON.stringify(BIZ_DATA), channel: vendor, state: 'close', ivr_url: 'https://example.com/hello.wav', ivr_text: '您好',
});

describe.each<Backend>(['postgres', 'kafka'])('calls on the %s backend', (backend) => {
  let system: System;
  const placed = new Map<string, PlacedCall>();

  beforeAll(async () => {
    system = await startSystem(backend);
    const { status } = await system.api.put('/businesses/sales', { mainNumber: '4001234567', extension: '801' });
    expect(status).toBe(200);
    let index = 0;
    for (const vendor of VENDORS) {
      for (const { digits } of scenarios) placed.set(`${vendor}/${digits}`, await place(system, (index += 1), digits, { ...REQUEST, agent: `agent-${index}`, channel: `${vendor}-main` }));
    }
    await Promise.all([...placed.values()].map(({ callId }) => settled(system, callId, SETTLE_LIMIT_MS)));
  }, 240_000);

  afterAll(async () => {
    await system?.stop();
  }, 60_000);

  test('no table holds a number in clear', async () => {
    const tables = await system.database.query<{ name: string }>(`SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables WHERE schemaname = 'public'`);
    const patterns = [...placed.values()].flatMap(({ from, to }) => [from, to]).map((number) => `%${number.slice('+86'.length)}%`);
    expect(tables.length).toBeGreaterThan(10);
    for (const { name } of tables) expect(await system.database.query(`SELECT '${name}' AS leak FROM ${name} t WHERE t::text LIKE ANY($1::text[]) LIMIT 1`, [patterns])).toEqual([]);
  }, 60_000);

  describe.each(VENDORS)('%s', (vendor) => {
    test.each(scenarios)('$name: the record has the stated columns', async (scenario) => {
      const call = placed.get(`${vendor}/${scenario.digits}`);
      if (call === undefined) throw new Error('not placed');
      const row = await rowOf(system.database, call.callId);
      const rings = [...(await ringsOf(system, call.from)), ...(await ringsOf(system, call.to))];
      const { id, created, updated, ...rest } = row;
      expect(rest).toMatchObject(constantColumns(vendor, call));
      expect({ ...comparable(rest, rings, TOLERANCE_MS[vendor], scenario[vendor]) }).toEqual(scenario[vendor]);
      expect(id).toEqual(expect.any(Number));
      expect(created).toBeLessThanOrEqual(Number(updated));
      expect(Object.keys(row)).toEqual(expect.arrayContaining([...Object.keys(constantColumns(vendor, call)), ...Object.keys(scenario[vendor]), 'id', 'created', 'updated']));
    });

    test.each(scenarios)('$name: nobody rang twice', async (scenario) => {
      const call = placed.get(`${vendor}/${scenario.digits}`);
      if (call === undefined) throw new Error('not placed');
      const outcome = scenario[vendor];
      expect(await ringsOf(system, call.from)).toHaveLength(outcome.a_call_time === null ? 0 : 1);
      expect(await ringsOf(system, call.to)).toHaveLength(outcome.b_call_time === null ? 0 : 1);
    });
  });
});

/** The row with every value that the exchange confirms replaced by the expectation's own name for it, so that a difference shows itself. */
function comparable(row: Record<string, unknown>, rings: readonly Ring[], toleranceMs: number, outcome: Outcome): Record<string, unknown> {
  return Object.fromEntries(Object.entries(outcome).map(([column, expected]: [string, Expected]) => [column, confirms(row[column], expected, rings, toleranceMs) ? expected : row[column]]));
}

function confirms(value: unknown, expected: Expected, rings: readonly Ring[], toleranceMs: number): boolean {
  const a = rings.find(({ leg }) => leg === 'A');
  const b = rings.find(({ leg }) => leg === 'B');
  const near = (seen: number | undefined): boolean => typeof value === 'number' && seen !== undefined && Math.abs(value - seen) <= toleranceMs;
  const judges = new Map<Expected, () => boolean>([
    ['A.ring', () => near(a?.ringAt)],
    ['A.answer', () => near(a?.answeredAt)],
    ['B.ring', () => near(b?.ringAt)],
    ['B.answer', () => near(b?.answeredAt)],
    ['end', () => near(a?.endedAt)],
    ['talk', () => b?.answeredAt !== undefined && a?.endedAt !== undefined && typeof value === 'number' && Math.abs(value * 1000 - (a.endedAt - b.answeredAt)) <= 1000],
    ['some time', () => typeof value === 'number' && value > 1_700_000_000_000],
    ['some url', () => typeof value === 'string' && URL.canParse(value)],
    ['vendor call id', () => typeof value === 'string' && value === a?.vendorCallId],
  ]);
  return judges.get(expected)?.() ?? value === expected;
}
