// A provider's report out of a file (JSON pages or CSV) or out of its API, page after page.

import { fields, list } from '../../../schemas/dialects/read.ts';
import { anthropic } from './anthropic.ts';
import { openai } from './openai.ts';
import { ReportError, type ProviderRow, type ReportReader } from './types.ts';

export const READERS = { openai, anthropic } as const satisfies Record<ReportReader['id'], ReportReader>;

export interface ProviderReport {
  readonly provider: ReportReader['id'];
  readonly rows: readonly ProviderRow[];
}

const MOST_PAGES = 1_000;
const TIMEOUT_MS = 60_000;

/** @param name of the file, for messages. @throws ReportError */
export function readReport(content: string, name: string): ProviderReport {
  const text = content.replace(/^\uFEFF/, '').trim();
  if (/^[[{]/.test(text)) return ofPages(parsed(text, name), name);
  const table = readCsv(text);
  if (table.length === 0) throw new ReportError(`${name} has no rows`);
  for (const reader of Object.values(READERS)) {
    const rows = reader.readTable(table);
    if (rows !== undefined) return { provider: reader.id, rows };
  }
  throw new ReportError(`${name} is no usage or cost export of ${Object.keys(READERS).join(' or ')} (columns: ${Object.keys(table[0] ?? {}).slice(0, 8).join(', ')})`); // prettier-ignore
}

function parsed(text: string, name: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new ReportError(`${name} is not complete JSON`);
  }
}

/** One page, or a list of pages. */
function ofPages(value: unknown, name: string): ProviderReport {
  const pages = Array.isArray(value) ? list(value) : [value];
  for (const reader of Object.values(READERS)) {
    const rows = pages.map((page) => reader.readPage(page));
    if (rows.some((each) => each !== undefined))
      return { provider: reader.id, rows: rows.flatMap((each) => each ?? []) };
  }
  throw new ReportError(`${name} is no answer of the usage or cost API of ${Object.keys(READERS).join(' or ')}`);
}

export interface FetchOptions {
  readonly provider: ReportReader['id'];
  /** '' for the provider's own address. */
  readonly url: string;
  readonly key: string;
  readonly from: Date;
  readonly to: Date;
}

/** All reports of a provider's API for whole days. @throws ReportError */
export async function fetchReport({ provider, url, key, from, to }: FetchOptions): Promise<ProviderReport> {
  const reader: ReportReader = READERS[provider];
  const base = (url || reader.baseUrl).replace(/\/+$/, '');
  const rows: ProviderRow[] = [];
  for (const path of reader.reports(from, to)) {
    let page = '';
    for (let turn = 0; turn < MOST_PAGES; turn++) {
      const answer = await fetchPage(`${base}${path}${page === '' ? '' : `&page=${encodeURIComponent(page)}`}`, reader.headers(key));
      rows.push(...(reader.readPage(answer) ?? []));
      page = String(fields(answer)['next_page'] ?? '');
      if (fields(answer)['has_more'] !== true || page === '') break;
    }
  } // prettier-ignore
  return { provider, rows };
}

async function fetchPage(url: string, headers: Readonly<Record<string, string>>): Promise<unknown> {
  const at = new URL(url);
  const place = `${at.origin}${at.pathname}`;
  let answer: Response;
  try {
    answer = await fetch(url, { headers, signal: AbortSignal.timeout(TIMEOUT_MS) });
  } catch {
    throw new ReportError(`${place} does not answer`);
  }
  if (!answer.ok) {
    const hint = answer.status === 401 || answer.status === 403 ? ': it takes an admin key of the organisation' : '';
    throw new ReportError(`${place} answers ${answer.status}${hint}`);
  }
  const body: unknown = await answer.json().catch(() => undefined);
  if (body === undefined) throw new ReportError(`${place} does not answer in JSON`);
  return body;
}

/** CSV as RFC 4180 has it, by the names of the first line. */
export function readCsv(text: string): Record<string, string>[] {
  const cells = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/gy;
  const lines: string[][] = [[]];
  for (let match = cells.exec(text); match !== null; match = cells.exec(text)) {
    lines.at(-1)?.push(match[1]?.replaceAll('""', '"') ?? match[2]?.trim() ?? '');
    if (match[3] !== ',' && match[3] !== '') lines.push([]);
    if (match[3] === '') break;
  }
  const [names = [], ...rows] = lines.filter((line) => line.length > 1 || (line[0] ?? '') !== '');
  return rows.map((row) => Object.fromEntries(names.map((name, at) => [name.trim().toLowerCase(), row[at] ?? ''])));
}
