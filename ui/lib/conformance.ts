// The matrix that the conformance tests leave behind: which dialect reaches which provider with which feature.

export const RESULTS = ['pass', 'fail', 'refused', 'untested'] as const;
export type Result = (typeof RESULTS)[number];

export interface Cell {
  readonly dialect: string;
  readonly provider: string;
  readonly feature: string;
  readonly result: Result;
  readonly note?: string;
}

export interface Conformance {
  /** When the tests ran. */
  readonly generated: string;
  readonly features: readonly string[];
  readonly dialects: readonly string[];
  readonly providers: readonly string[];
  readonly cells: readonly Cell[];
}

export const NOTHING: Conformance = { generated: '', features: [], dialects: [], providers: [], cells: [] };

/** What each result means, in the words of the legend. */
export const MEANING: Readonly<Record<Result, string>> = {
  pass: 'a test ran and it works',
  fail: 'a test ran and it does not work',
  refused: 'the target cannot express it, and the caller is told so',
  untested: 'no test says anything',
};

/** The rows of one dialect, by feature. A cell that the file does not have is untested, never green. */
export function rowsOf(
  { features, providers, cells }: Conformance,
  dialect: string,
): { provider: string; cells: Cell[] }[] {
  const own = cells.filter((cell) => cell.dialect === dialect);
  const known = new Map(own.map((cell) => [`${cell.provider}\n${cell.feature}`, cell]));
  const cellOf = (provider: string, feature: string): Cell =>
    known.get(`${provider}\n${feature}`) ?? { dialect, provider, feature, result: 'untested' };
  return providers.map((provider) => ({ provider, cells: features.map((feature) => cellOf(provider, feature)) }));
}

export function countOf(cells: readonly Cell[], result: Result): number {
  return cells.filter((cell) => cell.result === result).length;
}
