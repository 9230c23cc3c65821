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
  /** The command that makes the file anew. */
  readonly generated: string;
  readonly features: readonly string[];
  readonly dialects: readonly string[];
  readonly providers: readonly string[];
  /** The official clients that spoke each dialect. */
  readonly clients?: Readonly<Record<string, readonly string[]>>;
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

/** One dialect's part, with the features that mean something in it: embeddings have no tools. */
export function partOf({ features, cells, ...rest }: Conformance, dialect: string): Conformance {
  const own = cells.filter((cell) => cell.dialect === dialect);
  return { ...rest, features: features.filter((name) => own.some(({ feature }) => feature === name)), cells: own };
}

/** The rows of a part, by feature. A cell that the file does not have is untested, never green. */
export function rowsOf(part: Conformance, dialect: string): { provider: string; cells: Cell[] }[] {
  const { features, providers, cells } = part;
  const known = new Map(cells.map((cell) => [`${cell.provider}\n${cell.feature}`, cell]));
  const cellOf = (provider: string, feature: string): Cell =>
    known.get(`${provider}\n${feature}`) ?? { dialect, provider, feature, result: 'untested' };
  return providers.map((provider) => ({ provider, cells: features.map((feature) => cellOf(provider, feature)) }));
}

export function countOf(cells: readonly Cell[], result: Result): number {
  return cells.filter((cell) => cell.result === result).length;
}
