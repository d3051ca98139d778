import type { DeadLetterRelease, DeadLetterView, ParkedKeyList } from '@cc/contracts';
import type { DeadLetterDetail, DeadLetters, EventLog, ParkedKeySummary, Released } from '@cc/event-log';
import { defined, maskNumbersIn } from '@cc/kernel';
import type { OperatorDesk } from './operator-desk';

const MAX_LISTED_TEXT = 300;
const MAX_HEADER = 1000;
const MAX_HEADERS = 60;
const MAX_VALUE = 16_000;

/** What every service does with the dead letters of its group. */
export function addDeadLetterActions(desk: OperatorDesk, group: string, eventLog: EventLog): void {
  const letters = (): Promise<DeadLetters> => eventLog.deadLetters(group);
  desk.add('cc.operator.list-dead-letters.v1', async ({ topic, after, limit }, tx): Promise<ParkedKeyList> => {
    const { items, total } = await (await letters()).list(tx, { limit, ...defined({ topic, after }) });
    return { items: items.map(listed), total };
  });
  desk.add('cc.operator.show-dead-letter.v1', async ({ letter }, tx) => viewOf(await (await letters()).show(tx, letter)));
  desk.add('cc.operator.release-dead-letters.v1', async ({ letter, operator, reason }, tx) => releaseOf(await (await letters()).release(tx, letter, { operator, reason })));
  desk.add('cc.operator.drop-dead-letter.v1', async ({ letter, operator, reason }, tx) => releaseOf(await (await letters()).drop(tx, letter, { operator, reason })));
}

const shown = (text: string, length = MAX_LISTED_TEXT): string => maskNumbersIn(text).slice(0, length);

function listed({ parkedAtMs, key, reason, type, ...item }: ParkedKeySummary): ParkedKeyList['items'][number] {
  return { ...item, key: shown(key), type: shown(type), reason: shown(reason), parkedAt: parkedAtMs };
}

function releaseOf({ reason, ...told }: Released): DeadLetterRelease {
  return { ...told, ...defined({ reason: reason === undefined ? undefined : shown(reason, 2000) }) };
}

function viewOf({ key, parked, history, ...letter }: DeadLetterDetail): DeadLetterView {
  return {
    ...letter,
    key: shown(key),
    history: history.map(({ atMs, reason, ...line }) => ({ ...line, reason: shown(reason, 2000), at: atMs })),
    ...(parked === undefined ? {} : { parked: parkedView(parked) }),
  };
}

function parkedView({ record, reason, held, parkedAtMs, appendedAtMs }: NonNullable<DeadLetterDetail['parked']>): NonNullable<DeadLetterView['parked']> {
  const headers = Object.entries(record.headers).slice(0, MAX_HEADERS).map(([name, text]): [string, string] => [name.slice(0, MAX_LISTED_TEXT), shown(text, MAX_HEADER)]);
  const isText = record.headers['content-type']?.startsWith('application/json') === true && record.value !== null;
  return {
    reason: shown(reason, 4000), held, parkedAt: parkedAtMs, appendedAt: appendedAtMs, headers: Object.fromEntries(headers), sizeBytes: record.value?.length ?? 0,
    ...(isText ? { value: readable(record.value.toString('utf8')) } : {}),
  };
}

/** JSON without what is sealed in it; anything else as it is, masked alike. */
function readable(text: string): string {
  try {
    return shown(JSON.stringify(JSON.parse(text, (name, value: unknown) => (name === 'sealed' ? '…' : value))), MAX_VALUE);
  } catch {
    return shown(text, MAX_VALUE);
  }
}
