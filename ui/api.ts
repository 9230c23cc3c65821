// The collector's API, typed by schemas/api.ts. Every failure becomes one ApiError that says what happened and what to do.
import type {
  CostReport,
  Facets,
  Metric,
  PriceList,
  Problem,
  ProviderReport,
  Series,
  SeriesBy,
  SpanIo,
  Status,
  TraceDetail,
  TraceList,
} from '../schemas/api.ts';

const BASE = '/api/v1';
const TIMEOUT_MS = 30_000;

export class ApiError extends Error {
  override readonly name = 'ApiError';
  /** 0 when there was no answer at all. */
  readonly status: number;
  readonly title: string;
  readonly requestId: string;

  constructor(problem: Pick<Problem, 'status' | 'title' | 'detail' | 'request_id'>) {
    super(problem.detail);
    this.status = problem.status;
    this.title = problem.title;
    this.requestId = problem.request_id;
  }

  /** Whether asking again later can help. */
  get passing(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

type Query = Readonly<Record<string, string | number | undefined>>;

async function call<T>(method: string, path: string, more: { query?: Query; body?: unknown; signal?: AbortSignal }) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(more.query ?? {})) {
    if (value !== undefined && value !== '') query.set(name, String(value));
  }
  const search = query.size > 0 ? `?${query.toString()}` : '';
  const timeout = AbortSignal.timeout(TIMEOUT_MS);
  const answer = await send(`${BASE}${path}${search}`, {
    method,
    headers: more.body === undefined ? {} : { 'content-type': 'application/json' },
    body: more.body === undefined ? null : JSON.stringify(more.body),
    signal: more.signal ? AbortSignal.any([more.signal, timeout]) : timeout,
  });
  if (!answer.ok) throw await problemOf(answer);
  return (answer.status === 204 ? undefined : await parse(answer)) as T;
}

async function send(url: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, init);
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    const late = error instanceof DOMException && error.name === 'TimeoutError';
    throw new ApiError({
      status: 0,
      title: late ? 'The collector took too long' : 'The collector cannot be reached',
      detail: late
        ? `No answer within ${TIMEOUT_MS / 1000} s. Try a shorter time range, or look at its log.`
        : 'Nothing answers at this address. Check that `signalbox up` is running; this page tries again by itself.',
      request_id: '',
    });
  }
}

async function parse(answer: Response): Promise<unknown> {
  try {
    return await answer.json();
  } catch {
    throw new ApiError({
      status: answer.status,
      title: 'The answer is not JSON',
      detail: 'Something between this page and the collector changed the answer. Check proxies in front of it.',
      request_id: answer.headers.get('x-request-id') ?? '',
    });
  }
}

async function problemOf(answer: Response): Promise<ApiError> {
  const body: unknown = await answer.json().catch(() => undefined);
  const given = typeof body === 'object' && body !== null ? (body as Partial<Problem>) : {};
  return new ApiError({
    status: answer.status,
    title: given.title ?? `The collector answered ${answer.status}`,
    detail: given.detail ?? 'It gave no reason. Its log has more under the same time.',
    request_id: given.request_id ?? answer.headers.get('x-request-id') ?? '',
  });
}

export interface Span {
  readonly from: string;
  readonly to: string;
}

export interface Window extends Span {
  readonly q: string;
}

const segment = encodeURIComponent;

export const api = {
  traces: (window: Window & { cursor?: string; limit?: number }, signal?: AbortSignal) =>
    call<TraceList>('GET', '/traces', { query: { ...window }, ...(signal && { signal }) }),
  trace: (id: string, signal?: AbortSignal) =>
    call<TraceDetail>('GET', `/traces/${segment(id)}`, { ...(signal && { signal }) }),
  io: (id: string, span: string, signal?: AbortSignal) =>
    call<SpanIo>('GET', `/traces/${segment(id)}/spans/${segment(span)}/io`, { ...(signal && { signal }) }),
  facets: (window: Window, signal?: AbortSignal) =>
    call<Facets>('GET', '/facets', { query: { ...window }, ...(signal && { signal }) }),
  series: (ask: Window & { metric: readonly Metric[]; by?: SeriesBy; step?: string }, signal?: AbortSignal) =>
    call<Series>('GET', '/series', { query: { ...ask, metric: ask.metric.join(',') }, ...(signal && { signal }) }),
  cost: (ask: Span & { by: string; step: string }, signal?: AbortSignal) =>
    call<CostReport>('GET', '/cost', { query: { ...ask }, ...(signal && { signal }) }),
  providers: (ask: Span & { step: string }, signal?: AbortSignal) =>
    call<ProviderReport>('GET', '/providers', { query: { ...ask }, ...(signal && { signal }) }),
  prices: (ask: Span & { q: string; limit: number }, signal?: AbortSignal) =>
    call<PriceList>('GET', '/prices', { query: { ...ask }, ...(signal && { signal }) }),
  status: (signal?: AbortSignal) => call<Status>('GET', '/status', { ...(signal && { signal }) }),
  /** Trades the admin key for a session cookie. */
  signIn: (key: string) => call<undefined>('POST', '/session', { body: { key } }),
};
