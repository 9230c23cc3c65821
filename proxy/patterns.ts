// Names with `*` in them, compiled once: `openai/*`, `gpt-5*`, `assistant`.

export class Patterns {
  readonly #exact = new Set<string>();
  readonly #wild: RegExp[] = [];

  constructor(patterns: readonly string[]) {
    for (const pattern of patterns) {
      if (!pattern.includes('*')) this.#exact.add(pattern);
      else this.#wild.push(new RegExp(`^${pattern.split('*').map(literal).join('.*')}$`, 's'));
    }
  }

  /** No pattern at all lets everything through. */
  get all(): boolean {
    return this.#exact.size === 0 && this.#wild.length === 0;
  }

  match(name: string): boolean {
    return this.all || this.#exact.has(name) || this.#wild.some((pattern) => pattern.test(name));
  }
}

function literal(text: string): string {
  return text.replace(/[\\^$.|?+()[\]{}]/g, '\\$&');
}
