// What a benchmark is. The registry (run.ts) knows their names; test/bench is free of the product's layers.

export interface BenchOptions {
  /** `--rounds`, `--spans`, `--data` ...: what stood on the command line. */
  readonly values: Readonly<Record<string, string>>;
  readonly say: (line: string) => void;
}

export interface BenchResult {
  readonly tables: readonly Table[];
  /** The keys of section 7 of the contract. */
  readonly json: Readonly<Record<string, unknown>>;
}

export interface Table {
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** What a reader must know to read it right. */
  readonly notes: readonly string[];
}

export interface Bench {
  readonly name: string;
  readonly summary: string;
  run(options: BenchOptions): Promise<BenchResult>;
}
