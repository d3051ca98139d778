// The page of the simulator. Whatever comes from a call is set as text, never as markup.
'use strict';

const POLL_EVERY_MS = 500;
const MANNERS = ['accepted', 'refused', 'unavailable', 'failed', 'answer-lost', 'slow', 'html', 'truncated', 'error-inside', 'redirect', 'answer-after-callbacks', 'never'];
const ACTS = [['answer', 'Answer', 'main'], ['decline', 'Decline', 'bad'], ['hang-up', 'Hang up', 'bad']];

const byId = (id) => document.getElementById(id);

function element(name, properties = {}, ...children) {
  const node = Object.assign(document.createElement(name), properties);
  node.append(...children);
  return node;
}

function write(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** Makes `parent` hold one node per item in their order; nodes that stay are kept, so that focus and selection stay as well. */
function arrange(parent, items, keyOf, create) {
  const kept = (parent.kept ??= new Map());
  const wanted = new Set(items.map(keyOf));
  for (const [key, { node }] of kept) {
    if (wanted.has(key)) continue;
    node.remove();
    kept.delete(key);
  }
  let place = parent.firstElementChild;
  for (const item of items) {
    const key = keyOf(item);
    if (!kept.has(key)) kept.set(key, create(item));
    const { node, update } = kept.get(key);
    update(item);
    if (node === place) place = place.nextElementSibling;
    else parent.insertBefore(node, place);
  }
}

let messageTimer;
function say(text) {
  const message = byId('message');
  write(message, text);
  message.hidden = text === '';
  clearTimeout(messageTimer);
  if (text !== '') messageTimer = setTimeout(say, 8000, '');
}

async function send(method, path, body) {
  try {
    const response = await fetch(path, { method, ...(body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }) });
    if (response.ok) say('');
    else say((await response.json()).detail);
    await look();
    return response.ok;
  } catch {
    say('The simulator does not answer');
    return false;
  }
}

const view = { nowMs: 0, speed: 1 };

/** Simulated time since then, as minutes and seconds. */
function clockSince(sinceMs) {
  const seconds = Math.max(0, Math.floor(((view.nowMs - sinceMs) / 1000) * view.speed));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}

/** What one phone of an ended call had to do with it. */
function pastOf({ times }, leg) {
  const [ringAt, answeredAt] = leg === 'A' ? [times.aRingAt, times.aAnsweredAt] : [times.bRingAt, times.connectedAt];
  if (ringAt === undefined || ringAt > times.endedAt) return 'never rang';
  if (answeredAt !== undefined) return 'answered';
  return times.end === `${leg.toLowerCase()}-busy` ? 'busy or declined' : 'not answered';
}

function legNode(call, { leg }) {
  const number = element('span', { className: 'mono' });
  const state = element('span');
  const buttons = ACTS.map(([act, label, className]) => {
    const button = element('button', { type: 'button', className }, label);
    button.addEventListener('click', async () => {
      const path = ['control', 'calls', call.vendor, call.id, leg, act].map(encodeURIComponent).join('/');
      await send('POST', path);
      if (button.hidden) (buttons.find((other) => !other.hidden) ?? node.closest('.card')).focus();
    });
    return button;
  });
  const node = element('div', { className: 'leg' }, element('b', {}, leg), number, state, element('div', { className: 'hands' }, ...buttons));
  const update = (now, whole) => {
    write(number, now.number);
    state.className = `state ${now.state}`;
    write(state, now.state === 'idle' ? 'not called yet' : now.state === 'ended' ? pastOf(whole, leg) : `${now.state} ${clockSince(now.since)}`);
    ACTS.forEach(([act, label], index) => {
      buttons[index].hidden = !now.can.includes(act);
      buttons[index].setAttribute('aria-label', `${label}: leg ${leg}, ${now.number}`);
    });
  };
  return { node, update };
}

function callNode(call) {
  const phase = element('span', { className: 'phase' });
  const legs = call.legs.map((leg) => legNode(call, leg));
  const ids = [`${call.id}`, ...(call.echo === undefined ? [] : [`echo ${call.echo}`])].map((text) => element('span', { className: 'mono' }, text));
  const node = element('li', { className: 'card', tabIndex: -1 },
    element('div', { className: 'top' }, element('span', { className: 'vendor' }, [call.vendor, call.protocol].filter(Boolean).join(' ')), element('span', { className: 'scenario' }, call.scenario), phase),
    element('div', { className: 'ids' }, ...ids), ...legs.map((leg) => leg.node));
  const update = (now) => {
    node.classList.toggle('ended', now.phase === 'ended');
    const { connectedAt, endedAt, end } = now.times;
    write(phase, now.phase === 'ended' ? `${end.replaceAll('-', ' ')}, ${clockSince(endedAt)} ago` : now.phase === 'talking' ? `talking ${clockSince(connectedAt)}` : `${now.phase} ${clockSince(now.dialledAt)}`);
    now.legs.forEach((leg, index) => legs[index].update(leg, now));
  };
  return { node, update };
}

function describeOutage(outage) {
  if (outage === null) return 'no outage';
  const { dial, placed, answerAfterSeconds, callbacks, refuse, until } = outage;
  return [
    ...(refuse > 0 ? [`${Math.round(refuse * 100)} % turned away`] : []),
    ...(dial === undefined ? [] : [`dials: ${dial}${placed === undefined ? '' : placed ? ', placed' : ', not placed'}${answerAfterSeconds === undefined ? '' : ` after ${answerAfterSeconds} s`}`]),
    ...(callbacks === undefined ? [] : ['no callbacks']),
    ...(until === undefined ? [] : [`until ${new Date(until).toLocaleTimeString()}`]),
  ].join(' · ') || 'on, without effect';
}

const select = (options) => element('select', {}, ...options.map(([value, label]) => element('option', { value }, label)));
const labelled = (text, control) => element('label', {}, text, control);

function outageNode({ vendor }) {
  const now = element('p', { className: 'now' });
  const dial = select([['', 'as the scenario says'], ...MANNERS.map((manner) => [manner, manner])]);
  const placed = select([['', 'as usual'], ['yes', 'yes'], ['no', 'no']]);
  const share = element('input', { type: 'number', min: 0, max: 100, step: 5, value: 0 });
  const silent = element('input', { type: 'checkbox' });
  const begin = element('button', { type: 'submit', className: 'main' }, 'Begin');
  const end = element('button', { type: 'button' }, 'End');
  const form = element('form', {}, element('div', { className: 'switches' },
    labelled('Dials', dial), labelled('Call placed', placed), labelled('Turned away, %', share), labelled('No callbacks', silent), element('div', { className: 'hands' }, begin, end)));
  let changed = false;
  form.addEventListener('input', () => { changed = true; });
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const body = {
      ...(dial.value === '' ? {} : { dial: dial.value }), ...(placed.value === '' ? {} : { placed: placed.value === 'yes' }),
      ...(share.valueAsNumber > 0 ? { refuse: share.valueAsNumber / 100 } : {}), ...(silent.checked ? { callbacks: 'none' } : {}),
    };
    if (await send('PUT', `control/outages/${encodeURIComponent(vendor)}`, body)) changed = false;
  });
  end.addEventListener('click', async () => {
    if (!(await send('DELETE', `control/outages/${encodeURIComponent(vendor)}`))) return;
    changed = false;
    begin.focus();
  });
  const update = ({ outage }) => {
    write(now, describeOutage(outage));
    now.classList.toggle('on', outage !== null);
    end.hidden = outage === null;
    write(begin, outage === null ? 'Begin' : 'Change');
    if (changed) return;
    dial.value = outage?.dial ?? '';
    placed.value = outage?.placed === undefined ? '' : outage.placed ? 'yes' : 'no';
    share.value = String(Math.round((outage?.refuse ?? 0) * 100));
    silent.checked = outage?.callbacks === 'none';
  };
  return { node: element('fieldset', {}, element('legend', {}, vendor), now, form), update };
}

function scriptNode(script) {
  const { name, end, dial, placed, callbacks, recording, times } = script.scenario;
  const seconds = Object.entries(times).map(([key, value]) => `${key} ${value}`);
  const parts = [`dial ${dial}${placed ? '' : ' (not placed)'}`, `end ${end}`, `callbacks ${callbacks}`, `recording ${recording}`, ...seconds].join(', ');
  const text = element('span');
  const button = element('button', { type: 'button', className: 'bad', ariaLabel: `Delete the script ${name}` }, 'Delete');
  button.addEventListener('click', () => send('DELETE', `control/scenarios/${encodeURIComponent(script.id)}`));
  const update = ({ vendor, number, callsLeft }) =>
    write(text, `${name}: ${vendor ?? 'every vendor'}, ${number ?? 'every number'}, ${callsLeft === undefined ? 'until deleted' : `${callsLeft} left`}. ${parts}`);
  return { node: element('li', {}, text, button), update };
}

function ringNode(ring) {
  const what = element('span', { className: 'what' });
  const node = element('li', {}, element('span', {}, new Date(ring.ringAt).toLocaleTimeString([], { hour12: false })), element('span', {}, ring.vendor), element('span', {}, ring.leg),
    element('span', { className: 'mono' }, ring.number), what);
  const update = (now) => {
    const result = now.busy ? 'busy' : now.answeredAt !== undefined ? 'answered' : now.endedAt !== undefined ? 'not answered' : 'rings';
    write(what, [result, now.scenario, now.userData ?? now.callData ?? now.attemptId].filter((part) => part !== undefined).join(' · '));
  };
  return { node, update };
}

function show(live) {
  Object.assign(view, { nowMs: live.nowMs, speed: live.speed });
  const status = byId('status');
  status.className = '';
  const pace = live.speed === 1 ? '' : ` · ${live.speed} times as fast as life, clocks show simulated time`;
  const shown = live.calls.filter(({ phase }) => phase !== 'ended').length;
  const newestOnly = shown < live.liveCalls ? `, the newest ${shown} are shown` : '';
  write(status, `${live.liveCalls === 1 ? '1 live call' : `${live.liveCalls} live calls`}${newestOnly}${pace}`);
  byId('no-calls').hidden = live.calls.length > 0;
  byId('no-scripts').hidden = live.scripts.length > 0;
  byId('no-rings').hidden = live.rings.length > 0;
  arrange(byId('calls'), live.calls, ({ vendor, id }) => `${vendor}/${id}`, callNode);
  arrange(byId('outages'), live.outages, ({ vendor }) => vendor, outageNode);
  arrange(byId('scripts'), live.scripts, ({ id }) => id, scriptNode);
  arrange(byId('rings'), live.rings, ({ vendor, vendorCallId, leg }) => `${vendor}/${vendorCallId}/${leg}`, ringNode);
}

let newest = 0;
async function look() {
  newest += 1;
  const mine = newest;
  const live = await (await fetch('control/live')).json();
  // An answer that was overtaken would show the past.
  if (mine === newest) show(live);
}

async function poll() {
  try {
    if (!document.hidden) await look();
  } catch {
    byId('status').className = 'away';
    write(byId('status'), 'The simulator does not answer; trying again');
  }
  setTimeout(poll, POLL_EVERY_MS);
}

async function listScenarios() {
  try {
    const { items } = await (await fetch('control/scenarios')).json();
    for (const { digits, name, happens } of items) byId('scenarios').append(element('dt', {}, digits), element('dd', {}, `${name} `, element('span', {}, happens)));
  } catch {
    setTimeout(listScenarios, 2000);
  }
}

void listScenarios();
void poll();
