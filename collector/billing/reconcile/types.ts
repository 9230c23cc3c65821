// What a provider says was used: one row a day, model and kind of use, whatever the file or API it came from.

export interface ProviderRow {
  /** `2026-11-22`, UTC. */
  readonly day: string;
  /** '' where the provider does not say it (costs by line item). */
  readonly model: string;
  /** All input, cached tokens included; 0 in reports of money alone. */
  readonly input: number;
  readonly cacheRead: number;
  readonly cacheWrite: number;
  readonly output: number;
  /** undefined where the report does not count them. */
  readonly requests: number | undefined;
  /** undefined where the report has no money. */
  readonly usd: number | undefined;
}

export interface ReportReader {
  readonly id: 'openai' | 'anthropic';
  readonly summary: string;
  /** Rows of one page of the usage or of the cost API; undefined when it is none of this provider's. */
  readPage(page: unknown): ProviderRow[] | undefined;
  /** Rows of an exported CSV by its columns; undefined when it is none of this provider's. */
  readTable(rows: readonly Readonly<Record<string, string>>[]): ProviderRow[] | undefined;
  /** The reports to fetch: paths below the API's address, without the page. */
  readonly reports: (from: Date, to: Date) => readonly string[];
  readonly headers: (key: string) => Readonly<Record<string, string>>;
  readonly baseUrl: string;
}

/** Thrown for files and answers that cannot be used, worded for the person who gave them. */
export class ReportError extends Error {
  override readonly name = 'ReportError';
}
