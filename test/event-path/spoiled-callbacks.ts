import fc from 'fast-check';

/** A callback's body that is no more what the vendor would send, and what was done to it. */
export interface Spoiled {
  readonly what: string;
  readonly body: Buffer;
}

const LAUGHS = '<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY lol "lol"><!ENTITY lol1 "&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;"><!ENTITY lol2 "&lol1;&lol1;&lol1;&lol1;&lol1;&lol1;&lol1;&lol1;">]>';
const FILE_ENTITY = '<?xml version="1.0"?><!DOCTYPE foo [<!ENTITY xxe SYSTEM "file:///etc/passwd">]>';
const STRANGE = ['\0', '\\u0000', '&#0;', '\uFFFF', '&lol2;', '&xxe;', '<![CDATA[', '\r\n\r\n', '\u202E', '"', '<', '\\ud800', '%00', "'; DROP TABLE call_record; --"];
const TIMES = ['0', '-1', '19700101000000', '19700101080000', '29991231235959', '99991231235959', '9999999999999', '1e999', '253402300800000', 'null'];
const insideXml = (text: string, more: string): string => text.replace(/<\/?req>/, (tag) => `${tag}${more}`);
const insideJson = (text: string, more: string): string => text.replace(/^\{/, `{${more},`);
const inside = (text: string, xml: string, json: string): string => (text.trimStart().startsWith('{') ? insideJson(text, json) : insideXml(text, xml));

/** One thing done to a text, chosen by a number. */
const changes: Readonly<Record<string, (text: string, at: number) => string | Buffer>> = {
  'cut off': (text, at) => text.slice(0, at % (text.length + 1)),
  'with something strange in it': (text, at) => `${text.slice(0, at % text.length)}${STRANGE[at % STRANGE.length] ?? ''}${text.slice(at % text.length)}`,
  'with something strange in a value': (text, at) => text.replace(/(normal|CallInvite|Hangup|mp3|Talking|ended|disconnect)/, (word) => `${word}${STRANGE[at % STRANGE.length] ?? ''}`),
  'with other times': (text, at) => text.replaceAll(/\b(\d{13,14})\b/g, TIMES[at % TIMES.length] ?? ''),
  'with an id of 10 kB': (text, at) => text.replace(at % 2 === 0 ? /att-\d{32}/ : /(a1b2c3d4e5f60718293a4b5c6d|1202_566_0_20161228|20231115061320\.|1037058396471)/, (id) => id.repeat(Math.ceil(10_240 / id.length))),
  'in UTF-16': (text) => Buffer.from(text, 'utf16le'),
  'with a byte-order mark': (text) => `\uFEFF${text}`,
  'with bytes of GBK': (text, at) => Buffer.concat([Buffer.from(text.slice(0, at % text.length)), Buffer.from([0xd6, 0xd0, 0xce, 0xc4, 0x81]), Buffer.from(text.slice(at % text.length))]),
  'with entities that expand': (text) => `${LAUGHS}${text.replace(/<\?xml[^>]*\?>/, '').replace(/<action>[^<]*/, '<action>&lol2;')}`,
  'with an entity of a file': (text) => `${FILE_ENTITY}${text.replace(/<\?xml[^>]*\?>/, '').replace(/<action>[^<]*/, '<action>&xxe;')}`,
  'nested deeply': (text) => inside(text, `${'<a>'.repeat(15_000)}${'</a>'.repeat(15_000)}`, `"a":${'['.repeat(60_000)}${']'.repeat(60_000)}`),
  'with 10,000 attributes': (text) => inside(text, `<a ${Array.from({ length: 10_000 }, (_, index) => `a${index}="v"`).join(' ')}/>`, Array.from({ length: 10_000 }, (_, index) => `"a${index}":"v"`).join(',')),
  'of a newer version': (text) => inside(text, '<version>9</version><later><x>1</x></later>', '"version":9,"later":{"x":[1]}'),
  'twice in one': (text) => text + text,
  huge: (text) => inside(text, `<filling>${'x'.repeat(100_000)}</filling>`, `"filling":"${'x'.repeat(100_000)}"`),
  empty: () => '',
};

/** Real callbacks, each spoiled by one or two of the changes. */
export const spoiled = (texts: readonly string[]): fc.Arbitrary<Spoiled> =>
  fc.record({ text: fc.constantFrom(...texts), names: fc.uniqueArray(fc.constantFrom(...Object.keys(changes)), { minLength: 1, maxLength: 2 }), at: fc.nat({ max: 1_000_000 }) }).map(({ text, names, at }) => {
    const body = names.reduce<string | Buffer>((before, name) => changes[name]?.(before.toString() === '' ? text : before.toString(), at) ?? before, text);
    return { what: names.join(', '), body: Buffer.from(body) };
  });

/** Each of the changes by itself, done to every text. */
export const eachSpoiling = (texts: readonly string[]): readonly Spoiled[] =>
  Object.entries(changes).flatMap(([what, change]) => texts.map((text, index) => ({ what, body: Buffer.from(change(text, 1000 * index + 37)) })));
