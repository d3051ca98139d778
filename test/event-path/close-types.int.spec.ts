import { channels, EventPath, golden, newCall, type Call, type Channel, type Message } from './event-path';

/** A golden message with another cause in it. */
function changed(channel: Channel, name: string, from: string, to: string): Message {
  const message = golden(channel.folder, name);
  if (!message.body.includes(from)) throw new Error(`${name} has no ${from}`);
  return { ...message, body: message.body.replace(from, to) };
}

type Row = readonly [closeType: string, vendorCode: string, messages: readonly Message[]];

const byeType = (closeType: number, code = closeType): Row => [String(closeType), String(code), [changed(channels.e9, 'hangup-answered', '<byeType>0<', `<byeType>${code}<`)]];
const queriedByeType = (closeType: number): Row => [String(closeType), String(closeType), [changed(channels.e9, 'query-found', '"byeType": 0', `"byeType": ${closeType}`)]];
const reasonCode = (closeType: number, code: number): Row => [String(closeType), String(code), [changed(channels.createCall, 'state-ended-reason-2', '"reasonCode": 2', `"reasonCode": ${code}`)]];
const stateCode = (closeType: number, code: number, ...before: readonly string[]): Row => [String(closeType), String(code), [...before.map((name) => golden(channels.voiceCall.folder, name)), changed(channels.voiceCall, 'disconnect-8102-b-busy', '"stateCode": 8102', `"stateCode": ${code}`)]];
const fee = (closeType: number, name: string, code: string): Row => [String(closeType), code, [golden(channels.voiceCall.folder, name)]];
const cause = (closeType: number, word: string): Row => [String(closeType), word, [changed(channels.jy, 'ended-answered', '"cause": "normal"', `"cause": "${word}"`)]];

const tables: readonly (readonly [protocol: string, channel: Channel, rows: readonly Row[]])[] = [
  ['e9, by callback', channels.e9, [0, 1, 2, 3, 4, 5, 6, 7, 255].map((closeType) => byeType(closeType)).concat([byeType(255, 200), byeType(255, 8)])],
  ['e9, by query', channels.e9, [0, 1, 2, 3, 4, 5, 6, 7, 255].map(queriedByeType)],
  // The page knows no busy, no maximum and no network.
  ['hw createCall', channels.createCall, [reasonCode(0, 0), reasonCode(0, 1), reasonCode(1, 2), reasonCode(2, 3), reasonCode(1, 4), reasonCode(2, 5), reasonCode(6, 6), reasonCode(255, 99)]],
  ['hw voiceCall', channels.voiceCall, [
    stateCode(0, 0), stateCode(1, 8107), stateCode(2, 8101), stateCode(3, 8108), stateCode(4, 8102), stateCode(5, 8010), stateCode(6, 8008), stateCode(7, 7506), stateCode(255, 9999),
    stateCode(1, 8003, 'alerting-a'), stateCode(2, 8003, 'alerting-a', 'answer-a'), fee(3, 'fee-a-busy', 'Q.850-17'), fee(4, 'fee-b-busy', 'Q.850-17'), fee(7, 'fee-b-network', 'Q.850-38'),
  ]],
  ['jy, by the contract that CC ships', channels.jy, [
    cause(0, 'normal'), cause(1, 'a-unreachable'), cause(2, 'b-unreachable'), cause(3, 'a-busy'), cause(4, 'b-busy'), cause(5, 'max-duration'), cause(6, 'server-error'), cause(7, 'network-error'), cause(255, 'flooded'),
  ]],
];

describe('the close type, from the bytes that a vendor sends to the row', () => {
  let path: EventPath;
  beforeAll(async () => {
    path = await EventPath.start();
  }, 60_000);
  afterAll(() => path.stop(), 30_000);

  it.each(tables)('of %s', async (_name, channel, rows) => {
    const ran: [Call, Row][] = [];
    for (const row of rows) {
      const call = newCall(channel);
      ran.push([call, row]);
      await path.begin(call);
      await path.notify(call, row[2]);
    }
    await path.settled();
    const found = await Promise.all(ran.map(async ([call]) => [(await path.rowOf(call))['close_type'], path.vendorCodeOf(call)]));
    expect(found).toEqual(rows.map(([closeType, code]) => [closeType, code]));
    for (const [call] of ran) expect(await path.rowOf(call)).toMatchObject({ state: 'close', record_state: 'complete', channel: channel.vendor, call_id: call.vendorCallId });
    expect(await path.unused()).toEqual([]);
  }, 60_000);
});
