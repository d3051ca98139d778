import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AxiosHttpExchange } from '@cc/http';
import { SystemClock } from '@cc/kernel';
import { Channels } from '@cc/vendors';
import { defineVendor } from '../src/define-vendor';
import { parseChannelFile } from '../src/channel-file';
import { z } from 'zod';

type Entry = Readonly<Record<string, unknown>>;
const e9 = (id: string, more: Entry = {}): Entry => ({
  id, vendor: 'e9', protocol: 'callback', callbackSecrets: [{ value: 'development-secret-1' }],
  settings: { endpoint: 'http://127.0.0.1:1/e9/', accountSid: 'A'.repeat(32), authToken: { value: 'T'.repeat(32) }, appId: 'P'.repeat(32) }, ...more,
});
const text = (...entries: readonly Entry[]): string => JSON.stringify({ channels: entries });
const unreadable = (): string => {
  throw new Error('no file is read here');
};
const faultsOf = (...entries: readonly Entry[]): readonly string[] => {
  const file = parseChannelFile(text(...entries), unreadable);
  return file.ok ? [] : file.faults;
};

describe('the channels of the file', () => {
  const directory = mkdtempSync(join(tmpdir(), 'cc-channels-'));
  const path = join(directory, 'channels.yaml');
  const secret = join(directory, 'secret');
  const write = (...entries: readonly Entry[]): void => writeFileSync(path, text(...entries));
  const open = (): Channels => Channels.fromFile(path, { http: new AxiosHttpExchange(), clock: new SystemClock() });
  const idsOf = (channels: Channels): string[] => channels.all().map(({ channel }) => channel.id);
  afterAll(() => rmSync(directory, { recursive: true }));

  it('keep their adapters while nothing changes', () => {
    write(e9('a'), e9('b'));
    const channels = open();
    const before = channels.all();
    write(e9('b'), e9('a'));
    expect(channels.reload()).toEqual({ kind: 'unchanged' });
    expect(channels.all().map(({ adapter }) => adapter)).toEqual([before[1]?.adapter, before[0]?.adapter]);
  });

  it('have the whole text of a secret\'s file but its last line end: neither blanks nor an empty line is taken off', () => {
    writeFileSync(secret, ' development-secret-1 \n\n');
    write(e9('a', { callbackSecrets: [{ file: secret }] }));
    expect(open().find('a')?.channel.callbackSecrets.map((one) => one.reveal())).toEqual([' development-secret-1 \n']);
  });

  it('are opened again where they are altered, and only there', () => {
    write(e9('a'), e9('b'));
    const channels = open();
    const [a, b] = [channels.find('a'), channels.find('b')];
    write(e9('a'), e9('b', { weight: 2 }), e9('c'));
    expect(channels.reload()).toEqual({ kind: 'changed', added: ['c'], altered: ['b'], removed: [] });
    expect(channels.find('a')).toBe(a);
    expect(channels.find('b')).not.toBe(b);
    expect(channels.find('b')?.channel.weight).toBe(2);
    expect(idsOf(channels)).toEqual(['a', 'b', 'c']);
    expect(channels.reload()).toEqual({ kind: 'unchanged' });
  });

  it.each<[string, (value: string) => Entry]>([
    ['of the settings', (value) => e9('a', { settings: { endpoint: 'http://127.0.0.1:1/e9/', accountSid: 'A'.repeat(32), authToken: { value }, appId: 'P'.repeat(32) } })],
    ['of the callbacks', (value) => e9('a', { callbackSecrets: [{ value }] })],
    ['of the callbacks, beside one that stays', (value) => e9('a', { callbackSecrets: [{ value: 'development-secret-1' }, { value }] })],
  ])('are altered by another secret %s', (_name, entry) => {
    write(entry('S'.repeat(32)));
    const channels = open();
    write(entry('R'.repeat(32)));
    expect(channels.reload()).toMatchObject({ kind: 'changed', altered: ['a'] });
    expect(channels.find('a')?.channel.fingerprint).not.toContain('R'.repeat(8));
  });

  it('are altered by another text of a secret\'s file, though the channel file is the same', () => {
    writeFileSync(secret, `${'T'.repeat(32)}\n`);
    write(e9('a', { settings: { endpoint: 'http://127.0.0.1:1/e9/', accountSid: 'A'.repeat(32), authToken: { file: secret }, appId: 'P'.repeat(32) } }), e9('b'));
    const channels = open();
    writeFileSync(secret, 'T'.repeat(32));
    expect(channels.reload()).toEqual({ kind: 'unchanged' });
    writeFileSync(secret, 'U'.repeat(32));
    expect(channels.reload()).toEqual({ kind: 'changed', added: [], altered: ['a'], removed: [] });
    rmSync(secret);
    expect(channels.reload()).toMatchObject({ kind: 'faulty', message: expect.stringMatching(/channels\[0\]\.settings\.authToken\.file: .*ENOENT/) });
    expect(idsOf(channels)).toEqual(['a', 'b']);
  });

  it('stay as they were when the file has faults, which are told once until they change', () => {
    write(e9('a'));
    const channels = open();
    const before = channels.find('a');
    write(e9('a', { weight: -1 }), e9('b'));
    const refused = { kind: 'faulty', message: expect.stringMatching(/channels\.yaml has faults:\n {2}- channels\[0\]\.weight: /) };
    expect(channels.isFaulty()).toBe(false);
    expect(channels.reload()).toEqual(refused);
    expect([channels.isFaulty(), channels.reload(), channels.isFaulty()]).toEqual([true, { kind: 'unchanged' }, true]);
    expect([channels.find('a'), idsOf(channels)]).toEqual([before, ['a']]);
    writeFileSync(path, 'channels: [');
    expect(channels.reload()).toMatchObject({ kind: 'faulty', message: expect.stringContaining('not valid YAML') });
    rmSync(path);
    expect(channels.reload()).toMatchObject({ kind: 'faulty', message: expect.stringMatching(/^CC_CHANNELS_FILE: .* cannot be read \(.*ENOENT/) });
    expect(channels.find('a')).toBe(before);
    write(e9('a'));
    expect([channels.reload(), channels.isFaulty(), channels.find('a')]).toEqual([{ kind: 'unchanged' }, false, before]);
    write(e9('a', { weight: -1 }), e9('b'));
    expect(channels.reload()).toEqual(refused);
  });

  it.each([
    'channels: &a [*a]',
    'channels: &a\n  - id: a\n    settings: *a',
    'channels:\n  - &a { id: a, settings: { more: *a } }',
  ])('stay as they were when an alias of the file contains itself: %j', (yaml) => {
    write(e9('a'));
    const channels = open();
    writeFileSync(path, yaml);
    expect(channels.reload()).toEqual({ kind: 'faulty', message: expect.stringContaining('  - file: its YAML aliases') });
    expect([channels.isFaulty(), idsOf(channels)]).toEqual([true, ['a']]);
  });

  it('that are taken out are still found, and are no longer among all, until they come back', () => {
    write(e9('a'), e9('b'));
    const channels = open();
    const gone = channels.find('b');
    write(e9('a'));
    expect(channels.reload()).toEqual({ kind: 'changed', added: [], altered: [], removed: ['b'] });
    expect([channels.find('b'), idsOf(channels), channels.find('never')]).toEqual([gone, ['a'], undefined]);
    write(e9('a'), e9('b', { weight: 3 }));
    expect(channels.reload()).toMatchObject({ added: ['b'] });
    expect(channels.find('b')?.channel.weight).toBe(3);
  });

  it('are not opened at all from a file with faults', () => {
    write(e9('a', { weight: -1 }));
    expect(open).toThrow(expect.objectContaining({ kind: 'input', code: 'bad-channel-file' }));
  });
});

describe('an entry of the channel file', () => {
  const read = (more: Entry) => {
    const file = parseChannelFile(text(e9('a', more)), unreadable);
    if (!file.ok) throw new Error(file.faults.join('\n'));
    return file.channels[0];
  };

  it('has limits, number rules and health rules by default, the vendor\'s own rate of queries among them', () => {
    expect(read({})).toMatchObject({ limits: { queriesPerMinute: 9, longestCallSeconds: 30_000 }, numbers: {}, line: { kind: 'caller', names: [] } });
    expect(read({})?.repair).toEqual({ windowSeconds: 172_800 });
    expect(read({ repair: { ringingSeconds: 120, talkingSeconds: 600, windowSeconds: 86_400 } })?.repair).toEqual({ ringingSeconds: 120, talkingSeconds: 600, windowSeconds: 86_400 });
    expect(read({})?.health).toEqual({
      windowSeconds: 30, minDials: 5, degradedShare: 0.2, downShare: 0.5, downInARow: 3, silenceSeconds: 30, silentCalls: 2, probeSeconds: 15, probeFailures: 3, coolDownSeconds: 30, trialCalls: 3,
    });
  });

  it('says what is given', () => {
    const limits = { concurrentCalls: 9, callsPerSecond: 5, callsPerCallerPerMinute: 2, callsPerCallerPerDay: 20, queriesPerMinute: 6, longestCallSeconds: 3600 };
    const numbers = { from: { only: ['+86', '+852'], except: ['+86170'] }, to: { except: ['+1'] } };
    expect(read({ limits, numbers, health: { minDials: 9 }, without: ['recording'] })).toMatchObject({ limits, numbers, health: { minDials: 9, windowSeconds: 30 }, capabilities: { recording: false } });
    expect(read({})?.capabilities.recording).toBe(true);
  });

  it('is of the account that its endpoint and credentials name, or of the one that it names itself', () => {
    const accountOf = (more: Entry, settings: Entry = {}): string | undefined => read({ settings: { ...base, ...settings }, ...more })?.account;
    const base = { endpoint: 'http://127.0.0.1:1/e9', accountSid: 'A'.repeat(32), authToken: { value: 'T'.repeat(32) }, appId: 'P'.repeat(32) };
    const own = accountOf({});
    expect(own).toMatch(/^[0-9a-f]{64}$/);
    expect([accountOf({ id: 'b', weight: 2 }), accountOf({}, { appId: 'Q'.repeat(32) }), accountOf({}, { endpoint: 'http://127.0.0.1:1/e9/' })]).toEqual([own, own, own]);
    const others = [accountOf({}, { accountSid: 'B'.repeat(32) }), accountOf({}, { endpoint: 'http://127.0.0.1:2/e9' }), accountOf({ account: 'sales' }), accountOf({ account: 'service' })];
    expect(new Set([own, ...others]).size).toBe(5);
    expect(accountOf({ account: 'sales' }, { accountSid: 'B'.repeat(32) })).toBe(accountOf({ account: 'sales' }));
    expect(faultsOf(e9('a', { account: 'Sales!' }))).toEqual([expect.stringContaining('channels[0].account: expected 1 to 32')]);
  });

  it('names every fault of these at once, each with its path', () => {
    const faults = faultsOf(e9('a', {
      limits: { concurrentCalls: 0, callsPerSecond: -1, callsPerCallerPerMinute: 1.5, callsPerCallerPerDay: '9', queriesPerMinute: 0, longestCallSeconds: 59, more: 1 },
      numbers: { from: { only: [] }, to: { except: ['86138', '+86138x'] }, display: {} },
      health: { windowSeconds: 0, minDials: 0, degradedShare: 1.1, downShare: -0.1, downInARow: 0, silenceSeconds: 0, silentCalls: 0, probeSeconds: 0, probeFailures: 0, coolDownSeconds: 100_000, trialCalls: 0 },
      repair: { ringingSeconds: 0, talkingSeconds: '9', windowSeconds: 604_801, again: 1 },
      without: ['followUp'], tenants: [], lines: [{ id: '20011' }],
    }));
    const expected = [
      ...['concurrentCalls', 'callsPerSecond', 'callsPerCallerPerMinute', 'callsPerCallerPerDay', 'queriesPerMinute', 'longestCallSeconds'].map((name) => `limits.${name}: `), 'limits: ',
      'numbers.from.only: ', 'numbers.to.except[0]: expected the beginning of an E.164 number', 'numbers.to.except[1]: ', 'numbers: ',
      ...['windowSeconds', 'minDials', 'degradedShare', 'downShare', 'downInARow', 'silenceSeconds', 'silentCalls', 'probeSeconds', 'probeFailures', 'coolDownSeconds', 'trialCalls'].map((name) => `health.${name}: `),
      'repair.ringingSeconds: ', 'repair.talkingSeconds: ', 'repair.windowSeconds: ', 'repair: ',
      'without[0]: ', 'tenants: ', 'lines: not allowed',
    ];
    for (const beginning of expected) expect([beginning, faults.filter((fault) => fault.startsWith(`channels[0].${beginning}`)).length]).toEqual([beginning, 1]);
    expect(faults).toHaveLength(expected.length);
  });

  it.each<[string, readonly Entry[], RegExp]>([
    ['a duplicate id', [e9('a'), e9('b'), e9('a')], /^channels\[2\]\.id: the same id as channels\[0\] \(channel a\)$/],
    ['an unknown vendor', [e9('a', { vendor: 'nn' })], /^channels\[0\]\.vendor: no such vendor; known are e9, hw/],
    ['an unknown protocol', [e9('a', { protocol: 'nn' })], /^channels\[0\]\.protocol: e9 has no such protocol; known are callback/],
    ['a missing secret', [e9('a', { settings: { endpoint: 'http://127.0.0.1:1/e9/', accountSid: 'A'.repeat(32), authToken: { file: '/nowhere' }, appId: 'P'.repeat(32) } })], /^channels\[0\]\.settings\.authToken\.file: the secret's file cannot be read/],
    ['a missing callback secret', [e9('a', { callbackSecrets: [{ file: '/nowhere' }] })], /^channels\[0\]\.callbackSecrets\[0\]\.file: the secret's file cannot be read/],
  ])('is refused with %s', (_name, entries, fault) => {
    expect(faultsOf(...entries)).toEqual([expect.stringMatching(fault)]);
  });
});

describe('the seats of an entry', () => {
  const vendor = defineVendor({
    code: 'xx', protocol: 'seats', callbacks: 'never', line: 'seat', account: () => [], settings: z.strictObject({}), seat: z.strictObject({ password: z.string().min(8) }),
    capabilities: { cancel: true, query: true, recording: true, displayNumbers: true, maxDuration: true, ivrText: false, probe: false, followUp: 'seats' },
    open: () => {
      throw new Error('nothing is opened here');
    },
  });
  const configure = (lines?: readonly unknown[]) => vendor.configure({ settings: {}, lines, callsBack: false });

  it('are named in their order', () => {
    expect(configure([{ id: '2', password: 'long-enough' }, { id: '1', password: 'long-enough' }])).toMatchObject({ ok: true, seats: ['2', '1'] });
  });

  it.each<[readonly unknown[] | undefined, readonly (readonly PropertyKey[])[]]>([
    [undefined, [['lines']]],
    [[{ id: 'no spaces', password: 'long-enough' }, { password: 'long-enough' }, 'text'], [['lines', 0, 'id'], ['lines', 1, 'id'], ['lines', 2]]],
    [[{ id: '1', password: 'short' }, { id: '1', password: 'long-enough' }], [['lines', 0, 'password']]],
    [[{ id: '1', password: 'long-enough' }, { id: '1', password: 'long-enough', more: 1 }], [['lines', 1, 'id'], ['lines', 1]]],
  ])('are refused: %j', (lines, paths) => {
    const configured = configure(lines);
    expect(configured.ok ? [] : configured.faults.map(({ path }) => path)).toEqual(paths);
  });
});

it('refuses one seat in two lines, of one channel or of two', () => {
  const line = (id: string, agentId: number): string => `{ id: "${id}", agentId: ${agentId}, password: { value: p }, phone: "40001" }`;
  const channel = (id: string, endpoint: string, ...lines: readonly string[]): string => `  - { id: ${id}, vendor: hw, protocol: agentGateway, lines: [${lines.join(', ')}], settings: { endpoint: "${endpoint}" } }\n`;
  const file = parseChannelFile(`channels:\n${channel('one', 'http://a:1', line('x', 101), line('y', 101), line('z', 102))}${channel('two', 'http://a:1/', line('w', 102))}${channel('three', 'http://b:1', line('w', 101))}`, () => '');
  expect(file).toEqual({ ok: false, faults: ['channels[0].lines[1]: the same seat at the vendor as channels[0].lines[0] (channel one)', 'channels[1].lines[0]: the same seat at the vendor as channels[0].lines[2] (channel two)'] });
});
