// Draws docs/performance/growth.svg from the figures of `npm run bench -- --only growth --json docs/performance/growth.json`.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const folder = join(import.meta.dirname, '..', 'docs', 'performance');
const { rows } = JSON.parse(readFileSync(join(folder, 'growth.json'), 'utf8'));

const WIDTH = 760;
const HEIGHT = 320;
const LEFT = 56;
const TOP = 48;
const PLOT = 200;
const BAR = 54;
const COLOURS = ['#4878a8', '#e0a040', '#b05050'];

/** `growth: WHAT, SCALE`: by what is measured, then by scale, in the order of the file. */
const figures = new Map();
for (const { name, unit, product } of rows) {
  const [what, scale] = splitName(name.replace(/^growth: /, ''));
  if (!figures.has(what)) figures.set(what, { unit, scales: new Map() });
  figures.get(what).scales.set(scale, product[0]);
}
const scales = [...new Set([...figures.values()].flatMap(({ scales: own }) => [...own.keys()]))];
const most = Math.max(1, ...[...figures.values()].flatMap(({ scales: own }) => relative(own)));
const yOf = (share) => TOP + PLOT * (1 - share / (1.15 * most));

function splitName(name) {
  const at = name.lastIndexOf(', ');
  return [name.slice(0, at), name.slice(at + 2)];
}

/** To the first scale. */
function relative(own) {
  const [first] = own.values();
  return [...own.values()].map((figure) => figure / first);
}

const text = (x, y, content, more = '') => `<text x="${x}" y="${y}" ${more}>${content}</text>`;
const groupWidth = (WIDTH - LEFT) / Math.max(1, figures.size);
const bars = [...figures].flatMap(([what, { unit, scales: own }], group) => {
  const x = LEFT + group * groupWidth + 12;
  const shares = relative(own);
  const drawn = [...own.values()].map((figure, nth) => {
    const y = yOf(shares[nth]);
    const left = x + nth * (BAR + 10);
    return `<rect x="${left}" y="${y.toFixed(1)}" width="${BAR}" height="${(TOP + PLOT - y).toFixed(1)}" fill="${COLOURS[nth % COLOURS.length]}"/>${text(left + BAR / 2, (y - 5).toFixed(1), Math.round(figure).toLocaleString('en-US'), 'text-anchor="middle"')}`;
  });
  const [first, rest = ''] = what.split(', ');
  return [...drawn, text(x, TOP + PLOT + 18, first, 'font-weight="bold"'), text(x, TOP + PLOT + 33, `${rest === '' ? '' : `${rest}; `}${unit}`)];
});
const grid = [0, 0.25, 0.5, 0.75, 1].map((share) => `<line x1="${LEFT}" x2="${WIDTH - 8}" y1="${yOf(share).toFixed(1)}" y2="${yOf(share).toFixed(1)}" stroke="#ddd"/>${text(LEFT - 6, (yOf(share) + 4).toFixed(1), `${share * 100} %`, 'text-anchor="end"')}`);
const legend = scales.map((scale, nth) => `<rect x="${LEFT + nth * 210}" y="14" width="12" height="12" fill="${COLOURS[nth % COLOURS.length]}"/>${text(LEFT + nth * 210 + 18, 24, scale)}`);

writeFileSync(join(folder, 'growth.svg'), `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT}" font-family="sans-serif" font-size="12" fill="#222">
<rect width="100%" height="100%" fill="#fff"/>
${[...grid, ...bars, ...legend].join('\n')}
</svg>
`);
