// `signalbox reprice` and `signalbox reconcile`: questions to the running collector, which alone owns the store, and
// their answers as text.

import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { basename } from 'node:path';
import { splitAddress } from '../../runtime/address.ts';
import type { RepriceReport, UsageReport } from '../../schemas/api.ts';
import type { Config } from '../../schemas/config.ts';
import { reconcile, type Reconciliation } from './reconcile/compare.ts';
import { fetchReport, READERS, readReport, type ProviderReport } from './reconcile/read.ts';
import { ReportError } from './reconcile/types.ts';

export interface CommandOptions {
  readonly config: Config;
  readonly print: (text: string) => void;
}

export interface RepriceArguments {
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly model?: string | undefined;
  readonly dryRun: boolean;
}

/** @throws ReportError with one plain sentence */
export async function repriceCommand({ config, print }: CommandOptions, asked: RepriceArguments): Promise<void> {
  const { dryRun, ...rest } = asked;
  const report = (await ask(config, '/api/v1/reprice', { ...rest, dry_run: dryRun })) as RepriceReport;
  const rows = report.models.map((model) => [
    `${model.provider}/${model.model}`,
    String(model.calls),
    String(model.changed),
    money(model.old_usd),
    money(model.new_usd),
    signed(model.new_usd - model.old_usd),
    `${model.old_unpriced} -> ${model.new_unpriced}`,
  ]);
  const sum = (of: (model: RepriceReport['models'][number]) => number) => report.models.reduce((all, model) => all + of(model), 0); // prettier-ignore
  const [old, now] = [sum((model) => model.old_usd), sum((model) => model.new_usd)];
  const total = ['all', String(report.calls), String(report.changed), money(old), money(now), signed(now - old), ''];
  print(table([['model', 'calls', 'changed', 'old USD', 'new USD', 'difference', 'unpriced'], ...rows, total]));
  const range = `${iso(report.from)} to ${iso(report.to)}`;
  print(`${range}: ${dryRun ? 'a dry run, nothing was changed' : `${report.changed} calls have a new cost`}\n`);
}

export interface ReconcileArguments {
  /** '' to ask the provider's API. */
  readonly file: string;
  readonly provider?: string | undefined;
  readonly url?: string | undefined;
  readonly key: string;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}

const DAY = 86_400_000;

/** @throws ReportError with one plain sentence */
export async function reconcileCommand({ config, print }: CommandOptions, asked: ReconcileArguments): Promise<void> {
  const theirs = asked.file === '' ? await fetched(asked) : readFile(asked.file);
  const days = theirs.rows.map(({ day }) => day).filter((day) => day !== '').sort(); // prettier-ignore
  const [first, last] = [days[0], days.at(-1)];
  if (first === undefined || last === undefined) throw new ReportError('the report has no days with usage');
  const range = `from=${first}&to=${new Date(Date.parse(last) + DAY).toISOString().slice(0, 10)}`;
  const ours = (await ask(config, `/api/v1/usage?${range}&provider=${theirs.provider}`)) as UsageReport;
  printGaps(reconcile(theirs.provider, ours.rows, theirs.rows), print);
}

function readFile(file: string): ProviderReport {
  try {
    return readReport(readFileSync(file, 'utf8'), basename(file));
  } catch (error) {
    if (error instanceof ReportError) throw error;
    throw new ReportError(`${file} cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'})`);
  }
}

function fetched({ provider, url = '', key, from, to }: ReconcileArguments): Promise<ProviderReport> {
  const id = Object.values(READERS).find((reader) => reader.id === provider)?.id;
  if (id === undefined) throw new ReportError(`--provider must be ${Object.keys(READERS).join(' or ')}`);
  if (key === '')
    throw new ReportError(`no key: set ${id.toUpperCase()}_ADMIN_KEY to an admin key of the organisation`);
  const end = to === undefined ? new Date() : dateOf('--to', to);
  const begin = from === undefined ? new Date(end.getTime() - 30 * DAY) : dateOf('--from', from);
  return fetchReport({ provider: id, url, key, from: begin, to: end });
}

function dateOf(name: string, text: string): Date {
  const date = new Date(text);
  if (Number.isNaN(date.getTime())) throw new ReportError(`${name} must be a day like 2026-11-22`);
  return date;
}

function printGaps(found: Reconciliation, print: (text: string) => void): void {
  const maybe = (usd: number | undefined) => (usd === undefined ? '' : money(usd));
  const cells = (gap: Omit<Reconciliation['gaps'][number], 'causes'>) => [
    gap.day,
    gap.model || '(no model)',
    String(gap.ours.input + gap.ours.output),
    String(gap.theirs.input + gap.theirs.output),
    String(gap.input + gap.output),
    maybe(gap.ours.usd),
    maybe(gap.theirs.usd),
    gap.usd === undefined ? '' : signed(gap.usd),
  ];
  const head = ['day', 'model', 'tokens here', 'provider', 'missing', 'USD here', 'provider', 'missing'];
  const total = cells({ ...found.total, day: 'all', model: found.provider });
  print(table([head, ...found.gaps.map(cells), total]));
  print(`${found.agreeing} days and models agree, ${found.gaps.length} do not.\n`);
  for (const cause of found.causes) print(`- ${cause}\n`);
}

/** The first column to the left, numbers to the right. */
function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]?.map((_cell, at) => Math.max(...rows.map((row) => row[at]?.length ?? 0))) ?? [];
  const line = (row: readonly string[]) =>
    row.map((cell, at) =>
      /^[\d$+-]/.test(cell) && at > 0 ? cell.padStart(widths[at] ?? 0) : cell.padEnd(widths[at] ?? 0),
    );
  return rows.map((row) => `${line(row).join('  ').trimEnd()}\n`).join(''); // prettier-ignore
}

const money = (usd: number): string => usd.toFixed(usd !== 0 && Math.abs(usd) < 1 ? 6 : 2);
const signed = (usd: number): string => `${usd < 0 ? '-' : '+'}${money(Math.abs(usd))}`;
const iso = (time: number): string => new Date(time).toISOString().slice(0, 16).replace('T', ' ');

/** Asks, or with a body has something done. @throws ReportError when there is no collector, or it refuses */
async function ask(config: Config, path: string, body?: object): Promise<unknown> {
  const { host, port } = splitAddress(config.collector.listen);
  const { admin_key: key } = config.collector;
  const headers = {
    ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
  };
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; text: string }>();
  const anywhere = host === '0.0.0.0' || host === '::';
  const method = body === undefined ? 'GET' : 'POST';
  // No timeout: a year of calls takes as long as it takes.
  const call = request({ host: anywhere ? '127.0.0.1' : host, port, method, path, headers });
  call.on('error', () => reject(new ReportError(`no collector answers at ${config.collector.listen}: start it (signalbox up), or say --config`)));
  call.on('response', (response) => {
    const chunks: Buffer[] = [];
    response.on('data', (chunk: Buffer) => chunks.push(chunk));
    response.on('error', reject);
    response.on('end', () => resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString() }));
  });
  call.end(body === undefined ? undefined : JSON.stringify(body));
  const { status, text } = await promise;
  if (status === 200) return JSON.parse(text);
  throw new ReportError(`the collector refuses: ${detailOf(text) || status}`);
} // prettier-ignore

function detailOf(problem: string): string {
  try {
    return String((JSON.parse(problem) as { detail?: unknown }).detail ?? '');
  } catch {
    return '';
  }
}
