import { CallEvent } from '@cc/contracts';
import { conclude, objectKey, type ArchiveTask } from '../src/domain/archive-task';
import { audioTypeOf } from '../src/domain/audio';

const task: ArchiveTask = { attemptId: 'call-1-1', callId: 'call-1', tenant: 'acme', channel: 'e9-main', vendorCallId: 'v-1', vendorUrl: undefined, availableAt: Date.UTC(2026, 10, 30, 23, 59), giveUpAt: 100_000, tries: 0 };
const about = { callId: 'call-1', tenant: 'acme', attemptId: 'call-1-1', channel: 'e9-main', occurredAt: 5000, recordedAt: 5000, source: 'archiver' };

describe('the end of an archive task', () => {
  it('is an archived recording', () => {
    const recording = { object: 'o', url: 'https://oss.example/o', vendorUrl: 'https://v.example/r', sizeBytes: 9, sha256: 'a'.repeat(64) };
    const conclusion = conclude(task, { kind: 'stored', recording }, 5000, 1000);
    const event = { type: 'cc.call.recording-archived.v1', id: 'call-1-1/recording-archived', ...about, ...recording };
    expect(conclusion).toEqual({ kind: 'concluded', event });
    expect(conclusion.kind === 'concluded' && CallEvent.parse(conclusion.event)).toEqual(event);
  });
  it('is a failure, at once when there will never be one', () => {
    expect(conclude(task, { kind: 'never', reason: 'gone' }, 5000, 1000)).toEqual({ kind: 'concluded', event: { type: 'cc.call.recording-failed.v1', id: 'call-1-1/recording-failed', ...about, reason: 'gone' } });
  });
  it('is put off, more and more, and not beyond the limit', () => {
    const again = (tries: number, nowMs: number) => conclude({ ...task, tries }, { kind: 'again', reason: 'later' }, nowMs, 1000);
    expect([0, 1, 2].map((tries) => again(tries, 5000))).toEqual([1000, 2000, 4000].map((inMs) => ({ kind: 'again', reason: 'later', inMs })));
    expect(conclude({ ...task, tries: 5000, giveUpAt: 1e12 }, { kind: 'again', reason: 'later' }, 0, 1000)).toMatchObject({ inMs: 600_000 });
    expect(again(0, 99_000)).toMatchObject({ kind: 'again' });
    expect(again(0, 99_001)).toMatchObject({ kind: 'concluded', event: { type: 'cc.call.recording-failed.v1', reason: 'given up after 1 tries: later' } });
  });
  it('has a key by day in UTC, call and content', () => {
    expect(objectKey(task, '0123456789abcdef0123', 'mp3')).toBe('recordings/2026/11/30/call-1/0123456789abcdef.mp3');
  });
});

describe('the type of audio', () => {
  const wav = Buffer.concat([Buffer.from('RIFF'), Buffer.alloc(4), Buffer.from('WAVE')]);
  it.each([
    ['wav', wav, 'audio/wav'], ['mp3 with a tag', Buffer.from('ID3\u0003'), 'audio/mpeg'], ['mp3 frame', Buffer.of(0xff, 0xfb, 0x90), 'audio/mpeg'], ['mp3 frame of MPEG 2', Buffer.of(0xff, 0xf3), 'audio/mpeg'],
    ['a page', Buffer.from('<html>'), undefined], ['nothing', Buffer.alloc(0), undefined], ['RIFF of another kind', Buffer.concat([Buffer.from('RIFF'), Buffer.alloc(4), Buffer.from('AVI ')]), undefined], ['half a wav', wav.subarray(0, 11), undefined], ['layer two', Buffer.of(0xff, 0xfd), undefined], ['text in UTF-16', Buffer.of(0xff, 0xfe), undefined],
  ])('of %s', (_name, bytes, contentType) => expect(audioTypeOf(bytes)?.contentType).toBe(contentType));
});
