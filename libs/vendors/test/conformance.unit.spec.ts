import { readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { CallEvent } from '@cc/contracts';
import { AxiosHttpExchange } from '@cc/http';
import { SettableClock } from '@cc/testing';
import { vendors, type CallFact, type ConfiguredVendor, type DialRequest, type Normalised, type RawNotification, type RegisteredVendor, type VendorChannel } from '@cc/vendors';
import fc from 'fast-check';
import { goldenPairs } from './fixtures';
import { vendorKits, type VendorKit } from './vendor-kits';
import { VendorServer, type Reaction, type SeenRequest } from './vendor-server';

const request: DialRequest = {
  attemptId: 'att-0190163d8694739b8c1a5f0e2d4c6b7a', caller: '+8613912345678', called: '+8613812345678', agent: '20011', record: true, seat: '20011', session: 'SESSION-OF-THE-SEAT',
};

const configure = (vendor: RegisteredVendor, kit: VendorKit, settings: unknown): ConfiguredVendor => vendor.configure({ settings, lines: kit.lines, callsBack: vendor.callbacks === 'always' });

function openAt(vendor: RegisteredVendor, kit: VendorKit, endpoint: string): VendorChannel {
  const configured = configure(vendor, kit, kit.settings(endpoint));
  if (!configured.ok) throw new Error(JSON.stringify(configured.faults));
  return configured.open({ http: new AxiosHttpExchange(), clock: new SettableClock(1_700_000_000_000) });
}

/** The fact as the event that others will read: it must fit the contract. */
function asEvent(fact: CallFact): unknown {
  const { derived, ...rest } = fact;
  return { occurredAt: 1, ...rest, source: derived === true ? 'derived' : 'callback', id: 'i', callId: 'c', tenant: 't', attemptId: 'a', channel: 'ch', recordedAt: 1 };
}

function expectSound(normalised: Normalised): void {
  if (normalised.kind === 'unintelligible') {
    expect(normalised.reason.length).toBeLessThan(300);
    return;
  }
  for (const fact of normalised.facts) expect(CallEvent.safeParse(asEvent(fact)).error).toBeUndefined();
}

const source = join(__dirname, '..', 'src');
const foldersOf = (directory: string): string[] => readdirSync(directory, { withFileTypes: true }).filter((entry) => entry.isDirectory() && entry.name !== 'fixtures').map(({ name }) => name);

it('the registry lists exactly the folders: one per vendor, below it one per protocol where there are several; each answers the questionnaire', () => {
  const folders = foldersOf(source).flatMap((vendor) => {
    const protocols = foldersOf(join(source, vendor));
    return protocols.length === 0 ? [vendor] : protocols.map((protocol) => `${vendor}/${protocol}`);
  });
  expect(vendors.map((vendor) => kitOf(vendor).folder).sort()).toEqual(folders.sort());
  expect(vendors.map(({ code, protocol }) => `${code}/${protocol}`).sort()).toEqual(Object.keys(vendorKits).sort());
  for (const vendor of vendors) {
    const { folder } = kitOf(vendor);
    expect(folder.split('/')[0]).toBe(vendor.code);
    const answers = readFileSync(join(source, folder, 'README.md'), 'utf8');
    for (let question = 1; question <= 12; question += 1) expect({ folder, question, answered: new RegExp(`^${question}\\. \\*\\*.+\\*\\*`, 'm').test(answers) }).toEqual({ folder, question, answered: true });
  }
});

function kitOf({ code, protocol }: RegisteredVendor): VendorKit {
  const kit = vendorKits[`${code}/${protocol}`];
  if (kit === undefined) throw new Error(`no kit for ${code}/${protocol}`);
  return kit;
}

describe.each(vendors.map((vendor) => ({ name: `${vendor.code}/${vendor.protocol}`, vendor })))('$name', ({ vendor }) => {
  const kit = kitOf(vendor);
  const offline = openAt(vendor, kit, 'http://127.0.0.1:9');
  const pairs = goldenPairs(kit.folder);

  it('has every method that its capabilities claim, and no other', () => {
    const { capabilities } = vendor;
    expect(vendor.code).toMatch(/^[a-z0-9]{1,8}$/);
    expect(offline.cancel !== undefined).toBe(capabilities.cancel);
    expect(offline.query !== undefined).toBe(capabilities.query);
    expect(offline.recording !== undefined).toBe(capabilities.recording);
    expect(offline.probe !== undefined).toBe(capabilities.probe);
    expect(offline[capabilities.followUp]).toBeDefined();
    expect(offline.callbacks !== undefined).toBe(vendor.callbacks === 'always');
    expect(offline.seats !== undefined).toBe(vendor.line === 'seat');
  });

  it('refuses settings with every fault at once, and unknown ones', () => {
    const faulty = configure(vendor, kit, { ...kit.settings('ftp://x'), surprise: 1, dialTimeoutMs: 'soon' });
    expect(faulty).toMatchObject({ ok: false });
    const paths = faulty.ok ? [] : faulty.faults.map(({ path }) => path.join('.'));
    expect(paths.sort()).toEqual(['settings', 'settings.dialTimeoutMs', 'settings.endpoint']);
    expect(configure(vendor, kit, {}).ok).toBe(false);
  });

  describe('messages', () => {
    it.each(pairs.map((pair) => ({ ...pair })))('$name: $about', ({ raw, context, subject, normalised }) => {
      expect(offline.normalise(raw, context)).toEqual(normalised);
      expect(offline.subjectOf(raw)).toEqual(subject);
      expectSound(offline.normalise(raw, context));
    });

    const context = { recordRequested: true };
    const survives = (raw: RawNotification): void => {
      expectSound(offline.normalise(raw, context));
      const { none, vendorCallId = 'none', attemptId = 'none' } = offline.subjectOf(raw);
      // A vendor's id may have what an id in a mail address has, and fits the record's column; ours comes back as it went out.
      expect(vendorCallId).toMatch(/^[A-Za-z0-9_.:@-]{1,64}$/);
      expect(attemptId).toMatch(/^[A-Za-z0-9_-]{1,64}$/);
      if (none !== undefined) expect([vendorCallId, attemptId]).toEqual(['none', 'none']);
    };

    it('are never too broken to be looked at: cut off and overwritten ones', () => {
      const damaged = fc.record({ pair: fc.constantFrom(...pairs), cut: fc.nat(), at: fc.nat(), bytes: fc.uint8Array({ maxLength: 12 }) });
      fc.assert(fc.property(damaged, ({ pair, cut, at, bytes }) => {
        const body = Buffer.from(pair.raw.body.subarray(0, cut % (pair.raw.body.length + 1)));
        Buffer.from(bytes).copy(body, at % (body.length + 1));
        survives({ ...pair.raw, body });
      }), { numRuns: 250 });
    });

    it('are never too strange: arbitrary bytes, JSON and tags of every kind', () => {
      const bodies = fc.oneof(
        fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
        fc.json().map((text) => Buffer.from(text)),
        fc.json().map((text) => Buffer.from(`{"retCode":"0","result":${text},"resp":{"statusCode":"000000","callNotify":${text}}}`)),
        fc.tuple(fc.json(), fc.string({ unit: 'binary' })).map(([value, text]) => Buffer.from(`{"eventType":${JSON.stringify(text)},"statusInfo":${value},"feeLst":[{"sessionId":${JSON.stringify(text)}},${value}]}`)),
        fc.tuple(fc.constantFrom('callout', 'answer', 'disconnect'), fc.json(), fc.string({ unit: 'binary' })).map(([event, value, text]) => Buffer.from(`{"eventType":"${event}","statusInfo":{"sessionId":${JSON.stringify(text)},"userData":${JSON.stringify(text)},"stateCode":${JSON.stringify(text)},"timestamp":${value}}}`)),
        fc.tuple(fc.constantFrom('AgentEvent_Talking', 'AgentEvent_Call_Release', 'AgentOther_PhoneAlerting', 'X'), fc.json()).map(([eventType, text]) => Buffer.from(`{"retcode":"0","event":{"eventType":"${eventType}","content":${text},"eventGenTime":${text}}}`)),
        fc.string({ unit: 'binary' }).map((text) => Buffer.from(`<req><action>Hangup</action><byeType>${text}</byeType><callId>${text}</callId></req>`)),
      );
      const raws = fc.record({ body: bodies, kind: fc.constantFrom('callback' as const, 'poll' as const, 'query' as const), request: fc.constantFrom(...pairs.map(({ raw }) => raw.request), 'x?y=z') });
      fc.assert(fc.property(raws, ({ body, kind, request: asked }) => {
        survives({ kind, headers: {}, body, receivedAt: 1_700_000_000_000, ...(asked === undefined ? {} : { request: asked }) });
      }), { numRuns: 350 });
    });
  });

  describe('a dial', () => {
    const server = new VendorServer();
    let channel: VendorChannel;
    beforeAll(async () => {
      channel = openAt(vendor, kit, await server.start());
    });
    afterAll(() => server.stop());
    beforeEach(() => server.seen.splice(0));
    const arrange = (react: (request: SeenRequest) => Reaction): void => {
      server.react = (seen) => (seen.path.endsWith(kit.dialPath) ? react(seen) : (kit.prelude(seen) ?? { status: 404, body: '' }));
    };
    const dials = (): number => server.asked(kit.dialPath).length;

    it('that the vendor accepted carries our attempt id and gives the vendor\'s call id', async () => {
      arrange(() => ({ body: kit.accepted.body }));
      expect(await channel.dial(request)).toEqual({ kind: 'accepted', vendorCallId: kit.accepted.vendorCallId });
      expect(server.asked(kit.dialPath)[0]?.body).toContain(request.attemptId);
      expect(dials()).toBe(1);
    });

    it('that the vendor refused by a documented code is rejected with that code, and tells neither secrets nor numbers', async () => {
      const told: string[] = [];
      arrange((seen) => {
        told.push(...kit.secrets, String(seen.headers.authorization), ...seen.query.values(), '13912345678', '13812345678');
        return { body: kit.refused(`号码格式错误 ${JSON.stringify(seen.headers)} ${seen.body} ${[...seen.query.values()].join(' ')} ${kit.secrets.join(' ')}`).body };
      });
      const outcome = await channel.dial(request);
      expect(outcome).toMatchObject({ kind: 'rejected', vendorCode: kit.refused('').vendorCode, blame: expect.stringMatching(/^(call|channel)$/), reason: expect.stringContaining('号码格式错误') });
      for (const secret of told) expect(JSON.stringify(outcome)).not.toContain(secret);
      expect(dials()).toBe(1);
    });

    const unknown: [string, Reaction][] = [
      ['silence', 'hang'],
      ['a broken connection', 'reset'],
      ...[500, 502, 504, 400, 403, 404, 429, 302, 204].map((status): [string, Reaction] => [`status ${status} with an accepting body`, { status, body: kit.accepted.body }]),
      ['status 500 with a refusing body', { status: 500, body: kit.refused('no').body }],
      ...['', 'OK', '<html>', '{}', '[]', 'null', '{"resp":[]}', '{"resp":{}}', '{"retCode":{}}', '{"result":{}}', kit.accepted.body.slice(0, -2)].map((body): [string, Reaction] => [`the answer ${body}`, { body }]),
      ...kit.inDoubt.map((body): [string, Reaction] => [`the answer ${body}`, { body }]),
    ];
    it.each(unknown)('is unknown, and sent once, after %s', async (_, reaction) => {
      arrange(() => reaction);
      const outcome = await channel.dial(request);
      expect(outcome).toEqual({ kind: 'unknown', reason: expect.stringMatching(/./) });
      for (const secret of kit.secrets) expect(JSON.stringify(outcome)).not.toContain(secret);
      expect(dials()).toBe(1);
    });

    it('is not sent when the port refuses, when a number cannot be taken, when a secret would be needed first', async () => {
      const closed = createServer();
      const port = await new Promise<number>((done) => closed.listen(0, '127.0.0.1', () => {
        const address = closed.address();
        done(typeof address === 'object' && address !== null ? address.port : 0);
      }));
      await new Promise((done) => closed.close(done));
      expect(await openAt(vendor, kit, `http://127.0.0.1:${port}`).dial(request)).toEqual({ kind: 'not-sent', reason: expect.stringContaining('ECONNREFUSED') });
      arrange(() => ({ body: kit.accepted.body }));
      const abroad = await channel.dial({ ...request, called: '+4915112345678', displayToCalled: '+12025550123' });
      expect(abroad).toEqual({ kind: 'unfit', reason: expect.stringMatching(/called number.*shown to B/) });
      expect(JSON.stringify(abroad)).not.toMatch(/4915112345678|2025550123/);
      expect(dials()).toBe(0);
    });
  });
});
