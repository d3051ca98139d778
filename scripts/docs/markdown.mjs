const cell = (text) => String(text).replaceAll('|', '\\|').replaceAll('\n', ' ');

/** A Markdown table of the columns' titles and rows of cells. */
export function table(titles, rows) {
  const line = (cells) => `| ${cells.map(cell).join(' | ')} |`;
  return [line(titles), `|${titles.map(() => '---').join('|')}|`, ...rows.map(line)].join('\n');
}

export const code = (text) => `\`${text}\``;

/** The head of each generated page: who wrote it and how to write it anew. */
export const generatedFrom = (source) => `<!-- Generated from ${source} by \`node scripts/generate-docs.mjs\`: do not edit. -->`;
