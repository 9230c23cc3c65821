// Counters, gauges and histograms in Prometheus text format. Label values come from closed sets (statuses, reasons,
// names out of the config), never from callers: the number of lines stays bounded.

type Labels = Readonly<Record<string, string>>;

interface Family {
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  readonly lines: () => string[];
}

export class Metrics {
  readonly #families = new Map<string, Family>();
  readonly #counters = new Map<string, Counter>();

  /** @param name with its unit, as Prometheus wants it: `signalbox_requests_total` */
  counter(name: string, help: string): Counter {
    const counter = new Counter(name);
    this.#counters.set(name, counter);
    this.#families.set(name, { type: 'counter', help, lines: () => counter.lines() });
    return counter;
  }

  /** A value read when somebody looks. */
  gauge(name: string, help: string, read: () => number | readonly (readonly [Labels, number])[]): void {
    const lines = () => {
      const value = read();
      if (typeof value === 'number') return [`${name} ${value}`];
      return value.map(([labels, each]) => `${name}${labelText(labels)} ${each}`);
    };
    this.#families.set(name, { type: 'gauge', help, lines });
  }

  /** @param bounds upper bounds in the metric's unit, ascending */
  histogram(name: string, help: string, bounds: readonly number[]): Histogram {
    const histogram = new Histogram(name, bounds);
    this.#families.set(name, { type: 'histogram', help, lines: () => histogram.lines() });
    return histogram;
  }

  /** What a counter of this process says, all of it or under one value of a label; 0 for one that is not there. */
  counted(name: string, label?: string, value = ''): number {
    const counter = this.#counters.get(name);
    return (label === undefined ? counter?.total : counter?.by(label)[value]) ?? 0;
  }

  /** The text that `GET /metrics` answers with. */
  text(): string {
    const out: string[] = [];
    for (const [name, family] of this.#families) {
      out.push(`# HELP ${name} ${family.help}`, `# TYPE ${name} ${family.type}`, ...family.lines());
    }
    return `${out.join('\n')}\n`;
  }
}

export class Counter {
  readonly #name: string;
  readonly #values = new Map<string, number>();

  constructor(name: string) {
    this.#name = name;
  }

  add(amount = 1, labels: Labels = {}): void {
    const text = labelText(labels);
    this.#values.set(text, (this.#values.get(text) ?? 0) + amount);
  }

  /** The same with its labels settled, for paths where making their text would cost more than the counting. */
  bind(labels: Labels): (amount?: number) => void {
    const text = labelText(labels);
    return (amount = 1) => void this.#values.set(text, (this.#values.get(text) ?? 0) + amount);
  }

  /** Sum over all labels. */
  get total(): number {
    return [...this.#values.values()].reduce((sum, value) => sum + value, 0);
  }

  /** Values by the text of one label. */
  by(label: string): Record<string, number> {
    const found: Record<string, number> = {};
    for (const [text, value] of this.#values) {
      const match = new RegExp(`${label}="([^"]*)"`).exec(text);
      if (match?.[1] !== undefined) found[match[1]] = (found[match[1]] ?? 0) + value;
    }
    return found;
  }

  lines(): string[] {
    if (this.#values.size === 0) return [`${this.#name} 0`];
    return [...this.#values].map(([labels, value]) => `${this.#name}${labels} ${value}`);
  }
}

export class Histogram {
  readonly #name: string;
  readonly #bounds: readonly number[];
  readonly #counts: number[];
  #sum = 0;

  constructor(name: string, bounds: readonly number[]) {
    this.#name = name;
    this.#bounds = bounds;
    this.#counts = Array.from({ length: bounds.length + 1 }, () => 0);
  }

  observe(value: number): void {
    const found = this.#bounds.findIndex((bound) => value <= bound);
    const at = found < 0 ? this.#bounds.length : found;
    this.#counts[at] = (this.#counts[at] ?? 0) + 1;
    this.#sum += value;
  }

  lines(): string[] {
    let cumulative = 0;
    const lines = this.#counts.map((count, index) => {
      cumulative += count;
      return `${this.#name}_bucket{le="${this.#bounds[index] ?? '+Inf'}"} ${cumulative}`;
    });
    return [...lines, `${this.#name}_sum ${this.#sum}`, `${this.#name}_count ${cumulative}`];
  }
}

function labelText(labels: Labels): string {
  const pairs = Object.entries(labels).map(
    ([key, value]) => `${key}="${value.replace(/[\\"\n]/g, (c) => (c === '\n' ? '\\n' : `\\${c}`))}"`,
  );
  return pairs.length > 0 ? `{${pairs.join(',')}}` : '';
}

/** Adds up the texts of several processes: the same line in two is one line with the sum. */
export function mergeMetrics(texts: readonly string[]): string {
  const sums = new Map<string, number | undefined>();
  for (const line of texts.flatMap((text) => text.split('\n'))) {
    if (line === '') continue;
    const at = line.startsWith('#') ? -1 : line.lastIndexOf(' ');
    if (at < 0) sums.set(line, undefined);
    else sums.set(line.slice(0, at), (sums.get(line.slice(0, at)) ?? 0) + Number(line.slice(at + 1)));
  }
  return `${[...sums].map(([line, sum]) => (sum === undefined ? line : `${line} ${sum}`)).join('\n')}\n`;
}
