import { Given, given } from '../src/command';
import { gatewayUrl, keyFrom } from '../src/cc-cli.config';
import { commands } from '../src/commands/all';
import { callBody } from '../src/commands/call-body';
import { problemText } from '../src/problem-text';
import { serviceNames, settingsOfService } from '../src/settings-listing';
import { fields, localTime, table } from '../src/text-table';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

describe('a table', () => {
  it('has its columns aligned, also where letters are wide, and no blanks at the end', () => {
    expect(table(['user', 'agent'], [['ann', 'a'], ['张三', undefined], ['x', 7]], 'none')).toBe('user  agent\nann   a\n张三\nx     7');
    expect(table(['user'], [], 'none')).toBe('none');
    expect(fields([['state', 'init'], ['agent', undefined], ['recording', { status: 'none' }]])).toBe('state      init\nrecording  {"status":"none"}');
  });
  it('cannot steer the terminal', () => expect(table(['reason'], [['\u001b[2Jgone\n\u202e']], '')).toBe('reason\n�[2Jgone��'));
  it('has local times', () => {
    const at = new Date(2026, 10, 4, 8, 5, 9, 7);
    expect(localTime(at.getTime())).toBe('2026-11-04 08:05:09.007');
    expect(localTime(undefined)).toBe('');
  });
});

describe('a problem', () => {
  it('is told with its code, detail and what else it has', () => {
    expect(problemText({ type: 'about:blank', title: 'Line busy', status: 409, code: 'line-busy', detail: 'The line has another call', retriable: false, requestId: 'req-1', callId: 'call-1' })).toBe('line-busy (409): The line has another call\n  callId: call-1\n  request req-1');
  });
  it('is told with each faulty field, and whether trying again may help', () => {
    const errors = [{ pointer: '/from', detail: 'is no number' }, { pointer: '', detail: 'must be an object' }];
    expect(problemText({ status: 422, code: 'invalid-request', detail: 'all in one line', errors, retriable: true })).toBe('invalid-request (422)\n  field          fault\n  /from          is no number\n  (the request)  must be an object\n  Trying again later may help.');
  });
});

describe('what is typed', () => {
  it('becomes the body of a call: only what was typed, each of its type', () => {
    const typed = new Given([], { to: '1', 'biz-data': '{"order":[7]}', record: true, 'max-duration': '60', 'not-after': '5', 'when-busy': 'reject', 'ivr-text': 'hi' });
    expect(callBody(typed)).toEqual({ to: '1', bizData: { order: [7] }, record: true, maxDurationSeconds: 60, notAfterSeconds: 5, whenBusy: 'reject', ivr: { text: 'hi' } });
    expect(callBody(new Given([], { to: '1' }))).toEqual({ to: '1' });
    expect(callBody(new Given([], { to: '1', 'biz-data': '{broken' }))).toEqual({ to: '1', bizData: '{broken' });
    expect(() => callBody(new Given([], { to: '1', 'max-duration': '1m' }))).toThrow('--max-duration must be a whole number');
    expect(given({ a: undefined, b: false })).toEqual({ b: false });
  });
  it('fits one command: no name begins another', () => {
    const names = commands.map(({ name }) => name);
    for (const name of names) expect(names.filter((other) => other === name || other.startsWith(`${name} `))).toEqual([name]);
    expect(names).toEqual(expect.arrayContaining(['call place', 'call show', 'call watch', 'call cancel', 'channel list', 'channel drain', 'channel resume', 'attempts list-unknown', 'attempts resolve', 'config']));
  });
});

describe('the environment', () => {
  it('tells where the gateway is, and the keys, by value or file', () => {
    const folder = mkdtempSync(join(tmpdir(), 'cc-cli-'));
    writeFileSync(join(folder, 'key'), 'cck_by_file\n');
    expect(gatewayUrl({})).toBe('http://127.0.0.1:3000');
    expect(gatewayUrl({ CC_URL: 'https://cc.example/' })).toBe('https://cc.example');
    expect(gatewayUrl({ CC_URL: ' ' })).toBe('http://127.0.0.1:3000');
    for (const CC_URL of ['cc.example', 'ftp://cc.example']) expect(() => gatewayUrl({ CC_URL })).toThrow(/CC_URL/);
    expect(keyFrom({ CC_API_KEY: 'k' }, 'CC_API_KEY')).toBe('k');
    expect(keyFrom({ CC_API_KEY_FILE: join(folder, 'key') }, 'CC_API_KEY')).toBe('cck_by_file');
    expect(keyFrom({ CC_API_KEY: 'k', CC_OPERATOR_KEY: '' }, 'CC_OPERATOR_KEY')).toBeUndefined();
    expect(keyFrom({ CC_API_KEY: '', CC_API_KEY_FILE: join(folder, 'key') }, 'CC_API_KEY')).toBe('cck_by_file');
    expect(() => keyFrom({ CC_OPERATOR_KEY_FILE: join(folder, 'none') }, 'CC_OPERATOR_KEY')).toThrow(/cannot be read/);
    expect(() => keyFrom({ CC_API_KEY: 'two words' }, 'CC_API_KEY')).toThrow(/^(?!.*two words)/);
    rmSync(folder, { recursive: true });
  });
});

describe('the settings of a service', () => {
  const of = (name: string) => settingsOfService('call-gateway')?.find((setting) => setting.name === name);
  it('are all that it reads, with type, default, unit and meaning', () => {
    expect(of('CC_CALL_GATEWAY_NOT_AFTER_SECONDS')).toEqual({ name: 'CC_CALL_GATEWAY_NOT_AFTER_SECONDS', type: 'integer 1..3600', required: false, default: '60', unit: 's', secret: false, meaning: expect.stringContaining('closed'), example: '60' });
    expect(of('CC_API_KEYS')).toMatchObject({ type: 'text, secret', required: true, secret: true });
    expect(of('CC_CALL_GATEWAY_OPERATOR_KEYS')).toEqual(expect.not.objectContaining({ default: expect.anything() }));
    expect(of('CC_CALL_GATEWAY_COUNTRY')).toMatchObject({ default: 'CN' });
    expect(of('CC_LOG_LEVEL')).toMatchObject({ type: 'debug | info | warn | error', default: 'info' });
    expect(of('CC_OSS_PATH_STYLE')).toMatchObject({ type: 'true | false', default: 'false' });
    expect(of('CC_KAFKA_BROKERS')).toMatchObject({ type: 'list', required: false });
    expect(of('CC_DATABASE_URL')).toMatchObject({ required: true });
  });
  it('are there for every service, and for nothing else', () => {
    expect(serviceNames).toHaveLength(8);
    for (const name of serviceNames) expect(settingsOfService(name)?.length).toBeGreaterThan(0);
    expect(settingsOfService('cc-cli')).toBeUndefined();
  });
});
