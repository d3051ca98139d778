import { AxiosHttpExchange } from '@cc/http';
import { SilentLog, SystemClock } from '@cc/kernel';
import { loadServiceSettings, startService, type RunningService } from '@cc/platform';
import { Secret, vendorOf, type CallFact, type CallProgress, type RawNotification, type VendorChannel } from '@cc/vendors';
import { vendorSimulator } from '../src/service';

const SEAT = 'anna';
const PASSWORD = 'seat-password';
jest.setTimeout(40_000);

/** How far a fact shows that a call has come. */
const progressOf: Readonly<Record<string, CallProgress>> = { 'cc.call.a-ringing.v1': 'a-ringing', 'cc.call.a-answered.v1': 'a-answered', 'cc.call.b-ringing.v1': 'b-ringing', 'cc.call.connected.v1': 'connected', 'cc.call.ended.v1': 'ended' };

describe.each(['static', 'dynamic'] as const)('our adapter at the simulated gateway, Guid %s', (authMode) => {
  let service: RunningService;
  let channel: VendorChannel;

  beforeAll(async () => {
    const env = { CC_VENDOR_SIMULATOR_PORT: '0', CC_SIM_SPEED: '50', CC_SIM_HW_SEATS: '1', CC_SIM_HW_SEAT_PASSWORD: PASSWORD, CC_SIM_HW_SEAT_AUTH_MODE: authMode };
    service = await startService(vendorSimulator, loadServiceSettings(vendorSimulator, env), new SilentLog(), () => undefined);
    const lines = [{ id: SEAT, agentId: 20_001, password: new Secret(PASSWORD), phone: '40038' }];
    const configured = vendorOf('hw', 'agentGateway')?.configure({ settings: { endpoint: `${service.url}/hw`, authMode, resetSkill: 'auto' }, lines, callsBack: false });
    if (configured?.ok !== true) throw new Error(JSON.stringify(configured));
    channel = configured.open({ http: new AxiosHttpExchange(), clock: new SystemClock() });
  });
  afterAll(() => service.stop());

  async function signIn(): Promise<string> {
    const signedIn = await channel.seats?.signIn(SEAT);
    if (signedIn?.kind !== 'signed-in') throw new Error(JSON.stringify(signedIn));
    return signedIn.session;
  }

  /** Dials, polls until the call has ended; `meanwhile` is asked after each fact. */
  async function follow(session: string, called: string, meanwhile: (fact: CallFact, vendorCallId: string, session: string) => Promise<unknown> = () => Promise.resolve()): Promise<CallFact[]> {
    const dialled = await channel.dial({ attemptId: 'att-1', caller: '+8613912345678', called, record: false, seat: SEAT, session });
    if (dialled.kind !== 'accepted') throw new Error(JSON.stringify(dialled));
    const facts: CallFact[] = [];
    for (let polls = 0; polls < 100 && facts.at(-1)?.type !== 'cc.call.ended.v1'; polls += 1) {
      const poll = await pollOnce(session);
      session = poll.session;
      for (const fact of poll.notifications.flatMap((raw) => read(raw, dialled.vendorCallId, progressOf[facts.at(-1)?.type ?? ''] ?? 'none'))) {
        facts.push(fact);
        await meanwhile(fact, dialled.vendorCallId, session);
      }
    }
    return facts;
  }

  async function pollOnce(session: string): Promise<{ readonly session: string; readonly notifications: readonly RawNotification[] }> {
    const poll = await channel.seats?.poll(SEAT, session);
    if (poll?.kind === 'told') return poll;
    if (poll?.kind === 'nothing') return { session: poll.session, notifications: [] };
    throw new Error(JSON.stringify(poll));
  }

  function read(raw: RawNotification, ours: string, progress: CallProgress): readonly CallFact[] {
    const { none, vendorCallId } = channel.subjectOf(raw);
    if (none === true) return [];
    expect([undefined, ours]).toContain(vendorCallId);
    const normalised = channel.normalise(raw, { recordRequested: false, progress });
    if (normalised.kind !== 'facts' || normalised.unknownCodes.length > 0) throw new Error(JSON.stringify(normalised));
    return normalised.facts;
  }

  it('makes a whole call', async () => {
    const facts = await follow(await signIn(), '+8613812345680');
    expect(facts.map(({ type }) => progressOf[type])).toEqual(['a-ringing', 'a-answered', 'b-ringing', 'connected', 'ended']);
    expect(facts.at(-1)).toMatchObject({ closeType: 0, endedBy: 'b' });
  });

  it('takes the seat over, and tells who was not reached', async () => {
    expect((await follow(await signIn(), '+8613812345681')).at(-1)).toMatchObject({ closeType: 1 });
    expect((await follow(await signIn(), '+8613812345684')).at(-1)).toMatchObject({ closeType: 2 });
  });

  it('hangs up', async () => {
    const facts = await follow(await signIn(), '+8613812345688', async (fact, vendorCallId, session) => {
      if (fact.type === 'cc.call.connected.v1') expect(await channel.cancel?.({ vendorCallId, seat: SEAT, session })).toEqual({ kind: 'accepted' });
    });
    expect(facts.at(-1)).toMatchObject({ closeType: 0, endedBy: 'a' });
  });
});
