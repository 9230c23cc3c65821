// npm run bench [-- NAME] [--json] [--rounds N] [--spans N] ...: runs one benchmark, or lists them.

import { parseArgs } from 'node:util';
import { availableParallelism, cpus } from 'node:os';
import { ingest } from './ingest.ts';
import { queries } from './queries.ts';
import { proxy } from './proxy.ts';
import { translate } from './translate.ts';
import type { Bench, Table } from './types.ts';

const BENCHES: Readonly<Record<string, Bench>> = { proxy, translate, ingest, queries };

function print({ title, columns, rows, notes }: Table): void {
  const widths = columns.map((column, at) => Math.max(column.length, ...rows.map((row) => row[at]?.length ?? 0)));
  const line = (cells: readonly string[]) => `| ${cells.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join(' | ')} |`;
  process.stdout.write(`\n${title}\n\n${line(columns)}\n${line(widths.map((width) => '-'.repeat(width)))}\n`);
  for (const row of rows) process.stdout.write(`${line(row)}\n`);
  for (const note of notes) process.stdout.write(`\n${note}\n`);
}

function list(): void {
  process.stdout.write('npm run bench -- NAME [--json]\n\n');
  for (const bench of Object.values(BENCHES)) process.stdout.write(`  ${bench.name.padEnd(12)}${bench.summary}\n`);
}

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'boolean', default: false },
    data: { type: 'string' },
    train: { type: 'string' },
    spans: { type: 'string' },
    rounds: { type: 'string' },
    peers: { type: 'string' },
    shapes: { type: 'string' },
  },
});
const name = positionals[0];
const bench = name === undefined ? undefined : BENCHES[name];
if (name === undefined) list();
else if (!bench) {
  process.stderr.write(`there is no benchmark "${name}"; there are: ${Object.keys(BENCHES).join(', ')}\n`);
  process.exitCode = 2;
} else {
  const { json, ...texts } = values;
  const given = Object.fromEntries(
    Object.entries(texts).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
  const say = (text: string) => process.stderr.write(`${text}\n`);
  const result = await bench.run({ values: given, say });
  process.stdout.write(
    `${bench.summary}\nNode ${process.version}, ${availableParallelism()} cores, ${cpus()[0]?.model ?? ''}\n`,
  );
  for (const table of result.tables) print(table);
  if (json) process.stdout.write(`${JSON.stringify({ bench: bench.name, node: process.version, ...result.json })}\n`);
}
