// The trace list behind a range and a filter: the first page follows them, more pages are added on demand.
import type { TraceList, TraceSummary } from '../schemas/api.ts';
import { api, ApiError } from './api.ts';
import { Resource } from './resource.svelte.ts';
import { view } from './view.svelte.ts';
import { untrack } from 'svelte';

const PAGE = 100;

export class Feed {
  readonly first: Resource<TraceList>;
  #rest = $state.raw<readonly TraceList[]>([]);
  #busy = false;
  failed = $state.raw<ApiError | undefined>();

  readonly traces = $derived.by((): readonly TraceSummary[] => this.#pages().flatMap(({ traces }) => traces));
  readonly more = $derived((this.#pages().at(-1)?.next_cursor ?? null) !== null);

  constructor() {
    let key = '';
    this.first = new Resource(() => {
      const { from, to, q } = view;
      void view.tick;
      const wanted = JSON.stringify([from, to, q]);
      // A refresh must not take away the pages that someone has scrolled into.
      if (wanted === key && untrack(() => this.#rest.length) > 0) return undefined;
      key = wanted;
      this.#rest = [];
      this.failed = undefined;
      return (signal) => api.traces({ from, to, q, limit: PAGE }, signal);
    });
  }

  async loadMore(): Promise<void> {
    const pages = this.#pages();
    const cursor = pages.at(-1)?.next_cursor;
    if (this.#busy || cursor === null || cursor === undefined || this.first.loading) return;
    this.#busy = true;
    const { from, to, q } = view;
    try {
      const next = await api.traces({ from, to, q, limit: PAGE, cursor });
      const same = pages[0] === this.first.data && from === view.from && to === view.to && q === view.q;
      if (same) this.#rest = [...this.#rest, next];
      this.failed = undefined;
    } catch (error) {
      this.failed = error instanceof ApiError ? error : undefined;
    }
    this.#busy = false;
  }

  #pages(): readonly TraceList[] {
    return this.first.data ? [this.first.data, ...this.#rest] : [];
  }
}
