// The last project to finish ends what the first one started.
const HELD = Symbol.for('cc.test.backends');

export default async function tearDown() {
  const held = globalThis[HELD];
  if (held === undefined) return;
  held.users -= 1;
  if (held.users > 0) return;
  delete globalThis[HELD];
  await (await held.backends).stop();
}
