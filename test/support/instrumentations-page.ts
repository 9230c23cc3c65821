// docs/instrumentations.md, made from the tables of the collector's dialects.
// `node test/support/instrumentations-page.ts` writes it; a test compares.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ATTRIBUTE_DIALECTS } from '../../collector/processors/dialects/index.ts';
import { WORDS } from '../../collector/processors/dialects/operations.ts';
import type { AttributeDialect, Source } from '../../collector/processors/types.ts';

export const PAGE = join(import.meta.dirname, '../../docs/instrumentations.md');

const HEAD = `# Instrumentations

Any OpenTelemetry SDK can send its spans to the collector: OTLP over HTTP to \`http://127.0.0.1:4318\`, JSON or protobuf, plain
or gzip. The GenAI conventions are read as they are. What other instrumentations call the same things is translated on arrival
by the tables below; this page is made from them.

- Every attribute is kept under the name it came with, beside the one it was translated to. Prompts and answers are kept as the
  span's conversation and not as attributes. Vectors of embeddings are not kept.
- A name of today's conventions on the same span always wins. Otherwise the first name in a row that is there is taken, and the
  instrumentations win over one another in the order of this page.
- Only calls of a model (\`chat\`, \`generate_content\`, \`text_completion\`, \`embeddings\`) are counted and cost money: spans of
  agents and workflows repeat the usage of the calls inside. A call that comes without a cost is priced like one of the proxy.
- A cost that the sender states is taken over as it is.`;

const code = (text: string): string => `\`${text}\``;
const list = (names: readonly string[]): string => names.map(code).join(', ');

/** The names of a row, places in the same JSON together. */
function sourcesOf(sources: readonly (string | Source)[]): string {
  const all = sources.map((source) => (typeof source === 'string' ? { from: source } : source));
  return [...new Set(all.map(({ from }) => from))]
    .map((from) => {
      const own = all.filter((source) => source.from === from);
      const places = own.flatMap(({ at }) => (at === undefined ? [] : [at]));
      const converted = own.some(({ value }) => value !== undefined) ? ['converted'] : [];
      const notes = [...converted, ...(places.length > 0 ? [`its ${list(places)}`] : [])];
      return notes.length > 0 ? `${code(from)} (${notes.join(', or ')})` : code(from);
    })
    .join(', ');
}

/** What a pattern stands for, as a person would write it. */
function nameOf(pattern: string | RegExp): string {
  if (typeof pattern === 'string') return pattern;
  return pattern.source
    .replace(/^\^|\$$/g, '')
    .replace(/\\d(\{1,5\}|\+)?/g, 'N')
    .replaceAll('\\', '')
    .replace(/([^N])N$/, '$1N…')
    .replace(/\.$/, '.…');
}

function section({
  title,
  senders,
  when,
  aliases,
  tags = [],
  input = [],
  output = [],
  content = [],
  events,
}: AttributeDialect): string {
  const rows = Object.entries(aliases).map(([to, sources]) => `| ${code(to)} | ${sourcesOf(sources)} |`);
  const payload = [...input, ...output, ...content.map(nameOf), ...(events ?? [])];
  return [
    `## ${title}\n\nSent by ${senders}.`,
    ...(when ? [`Read so only on spans that have ${when.map(code).join(' or ')}.`] : []),
    `| becomes | from |\n|---|---|\n${rows.join('\n')}`,
    ...(payload.length > 0 ? [`Prompts and answers: ${list(payload)}.`] : []),
    ...(tags.length > 0 ? [`Tags: ${list(tags.map((tag) => (tag.endsWith('.') ? `${tag}*` : tag)))}.`] : []),
  ].join('\n\n');
}

function operations(): string {
  const rows = Object.entries(WORDS).flatMap(([operation, words]) => {
    const others = words.length > 0 ? list(words) : 'the same word';
    return [`| ${operation === '' ? 'none: a plain step' : code(operation)} | ${others} |`];
  });
  return `## What a span does\n\nWhere a sender says it in another word, in any case:\n\n| operation | words |\n|---|---|\n${rows.join('\n')}`;
}

export function instrumentationsPage(): string {
  return `${[HEAD, operations(), ...ATTRIBUTE_DIALECTS.map(section)].join('\n\n')}\n`;
}

if (import.meta.main) writeFileSync(PAGE, instrumentationsPage());
