// Data from the API that follows what it depends on: stops an overtaken request, keeps the last answer while the next one
// is under way or the collector is away, and tries again with growing pauses.
import { ApiError } from './api.ts';
import { view } from './view.svelte.ts';

type Load<T> = (signal: AbortSignal) => Promise<T>;

const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 30_000;

export class Resource<T> {
  data = $state.raw<T | undefined>();
  error = $state.raw<ApiError | undefined>();
  loading = $state(false);
  /** When `data` arrived. */
  at = $state(0);
  readonly #retried: number;

  /**
   * Call while a component is being set up.
   * @param plan reads what the data depends on and returns how to load it; undefined means nothing to load
   * @param retried a status that is worth another try here, beside those that always are
   */
  constructor(plan: () => Load<T> | undefined, retried = 0) {
    this.#retried = retried;
    $effect(() => {
      const load = plan();
      if (!load) return;
      const abort = new AbortController();
      void this.#run(load, { abort, pause: FIRST_PAUSE_MS });
      return () => abort.abort();
    });
  }

  async #run(load: Load<T>, { abort, pause }: { abort: AbortController; pause: number }): Promise<void> {
    this.loading = true;
    try {
      const data = await load(abort.signal);
      if (abort.signal.aborted) return;
      this.data = data;
      this.error = undefined;
      this.at = Date.now();
    } catch (error) {
      if (abort.signal.aborted) return;
      this.error = asApiError(error);
      view.keyNeeded ||= this.error.status === 401;
      if (this.error.passing || this.error.status === this.#retried) this.#later(load, { abort, pause });
    }
    this.loading = false;
  }

  #later(load: Load<T>, { abort, pause }: { abort: AbortController; pause: number }): void {
    const timer = setTimeout(() => {
      void this.#run(load, { abort, pause: Math.min(pause * 2, LONGEST_PAUSE_MS) });
    }, pause);
    abort.signal.addEventListener('abort', () => clearTimeout(timer));
  }
}

function asApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  const detail = error instanceof Error ? error.message : String(error);
  return new ApiError({ status: 0, title: 'This page failed', detail: `${detail}. Reload it.`, request_id: '' });
}
