import { inspect } from 'node:util';
import { parseChannelFile, type ChannelFile } from '@cc/vendors';

const files: Readonly<Record<string, string>> = {
  '/run/secrets/e9-token': 'TOKEN000TOKEN000TOKEN000TOKEN000\n',
  '/run/secrets/hw-secret': 'hw-app-secret',
};
const parse = (text: string): ChannelFile =>
  parseChannelFile(text, (path) => {
    const content = files[path];
    if (content === undefined) throw Object.assign(new Error(`cannot open ${path}: its text is private`), { code: 'ENOENT' });
    return content;
  });

const e9 = `
  - id: e9-main
    vendor: e9
    protocol: callback
    tenants: [sales]
    weight: 2
    callbackSecrets: [{ value: development-secret-1 }, { file: /run/secrets/e9-token }]
    callbackSources: [203.0.113.0/24]
    settings:
      endpoint: http://127.0.0.1:3100/e9/
      accountSid: ACCOUNT0ACCOUNT0ACCOUNT0ACCOUNT0
      authToken: { file: /run/secrets/e9-token }
      appId: APP00000APP00000APP00000APP00000`;
const hw = `
  - id: hw-main
    vendor: hw
    protocol: createCall
    enabled: false
    settings: { endpoint: 'https://service.besclouds.com', appKey: key, appSecret: { file: /run/secrets/hw-secret } }`;

it('gives every channel with its defaults; secrets are told by nothing but reveal', () => {
  const file = parse(`channels:${e9}${hw}`);
  if (!file.ok) throw new Error(file.faults.join('\n'));
  expect(file.channels).toMatchObject([
    { id: 'e9-main', vendor: 'e9', protocol: 'callback', enabled: true, weight: 2, tenants: ['sales'], capabilities: { followUp: 'callbacks' } },
    { id: 'hw-main', vendor: 'hw', protocol: 'createCall', enabled: false, weight: 1, callbackSecrets: [], capabilities: { cancel: false } },
  ]);
  const [first, second] = file.channels[0]?.callbackSecrets ?? [];
  expect(file.channels.map(({ callbackSources }) => callbackSources?.includes('203.0.113.7'))).toEqual([true, undefined]);
  expect(first?.equals('development-secret-1')).toBe(true);
  expect(first?.equals('development-secret-2')).toBe(false);
  expect(second?.reveal()).toBe('TOKEN000TOKEN000TOKEN000TOKEN000');
  for (const told of [JSON.stringify(file), inspect(file, { depth: 9 }), String(first)]) expect(told).not.toMatch(/development-secret|TOKEN000|hw-app-secret/);
});

it('names every fault at once, each with its path, and repeats no value', () => {
  const file = parse(`channels:${e9}${e9.replace('authToken: { file: /run/secrets/e9-token }', 'authToken: plain-PRIVATE').replace('weight: 2', 'weight: -1\n    colour: red')}
  - { id: Bad_Id, vendor: nn, protocol: x }
  - { id: hw-2, vendor: hw, protocol: click2Call, settings: {} }
  - { id: hw-3, vendor: hw, protocol: createCall, callbackSecrets: [{ value: long-enough-secret }], settings: { endpoint: 'ftp://PRIVATE', appSecret: { file: /nowhere }, more: 1 } }
  - { id: e9-3, vendor: e9, protocol: callback, callbackSecrets: [{ value: PRIVATE }], callbackSources: [10.0.0.0/8, PRIVATE], settings: { timeZone: Europe/Berlin, accountSid: PRIVATE } }
  - text`);
  expect(file.ok).toBe(false);
  const faults = file.ok ? [] : file.faults;
  expect(faults.join('\n')).not.toContain('PRIVATE');
  const expected = [
    /^channels\[1\]\.weight: /, /^channels\[1\]: .*colour/, /^channels\[1\]\.settings\.authToken: expected a secret: /, /^channels\[1\]\.id: the same id as channels\[0\]/,
    /^channels\[2\]\.id: expected/, /^channels\[2\]\.vendor: no such vendor; known are e9, hw/,
    /^channels\[3\]\.protocol: hw has no such protocol; known are agentGateway, createCall, voiceCall/,
    /^channels\[4\]\.settings\.endpoint: /, /^channels\[4\]\.settings\.appKey: /, /^channels\[4\]\.settings\.appSecret\.file: .*ENOENT/, /^channels\[4\]\.settings: .*more/,
    /^channels\[5\]\.callbackSecrets\[0\]: the secret must have/, /^channels\[5\]\.settings\.timeZone: expected Asia\/Shanghai/,
    /^channels\[5\]\.settings\.accountSid: /, /^channels\[5\]\.settings\.authToken: /, /^channels\[5\]\.settings\.appId: /,
    /^channels\[5\]\.callbackSources: entry 2: expected an IP address/,
    /^channels\[6\]: /,
  ];
  for (const pattern of expected) expect(faults.filter((fault) => pattern.test(fault))).toHaveLength(1);
  expect(faults).toHaveLength(expected.length);
});

it('names sources only where somebody calls back', () => {
  const file = parse(`channels:${hw}\n    callbackSources: [10.0.0.1]`);
  expect(file).toMatchObject({ ok: false, faults: [expect.stringMatching(/^channels\[0\]\.callbackSources: not allowed without callbackSecrets/)] });
});

it.each([
  ['channels: []', /^channels: /],
  ['channel: []', /channel/],
  ['', /^file: /],
  ['channels: [', /^line 1: not valid YAML/],
  ['channels: PRIVATE: 1: 2', /^line 1: not valid YAML/],
  ['a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nchannels: [*c,*c,*c,*c,*c,*c]', /^file: /],
  [`channels:${e9.replace(/\n {4}callbackSecrets.*/, '')}`, /^channels\[0\]\.callbackSecrets: needed/],
  [`channels:${hw.replace('enabled: false', 'callbackSecrets: [{value: long-enough-secret}]')}`, /^channels\[0\]\.settings\.callbackUrl: needed, since the channel has callbackSecrets/],
  [`channels:${hw.replace('appKey: key', "appKey: key, callbackUrl: { value: 'https://PRIVATE.example/callbacks' }")}`, /^channels\[0\]\.callbackSecrets: needed, since settings.callbackUrl/],
])('refuses %j', (text, fault) => {
  const file = parse(text);
  expect(file).toEqual({ ok: false, faults: expect.arrayContaining([expect.stringMatching(fault)]) });
  expect(JSON.stringify(file)).not.toContain('PRIVATE');
});
