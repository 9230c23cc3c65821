// What happened in a trace, in time order, as sentences: why this target, what failed, what it cost.
import type { ApiSpan } from '../../schemas/api.ts';
import { count, duration, money } from './format.ts';

export interface Step {
  /** Milliseconds after the trace's start. */
  readonly at: number;
  readonly tone: 'plain' | 'good' | 'warn' | 'bad';
  readonly title: string;
  readonly detail: string;
  readonly span_id: string;
}

const MODEL_OPS: ReadonlySet<string> = new Set(['chat', 'generate_content', 'text_completion', 'embeddings']);

export function isCall(span: ApiSpan): boolean {
  return MODEL_OPS.has(span.op) && span.kind !== 'server';
}

/** provider/model of a call. */
export function target(span: ApiSpan): string {
  return [span.deployment || span.provider, span.model || span.model_returned].filter(Boolean).join('/') || span.name;
}

export function story(spans: readonly ApiSpan[], start: number): Step[] {
  const steps = spans.flatMap((span) => [...stepsOf(span), ...eventsOf(span)]);
  return steps.map((step) => ({ ...step, at: step.at - start })).sort((a, b) => a.at - b.at);
}

function stepsOf(span: ApiSpan): Step[] {
  if (isCall(span)) return callSteps(span);
  if (span.kind === 'server' && span.source === 'gateway') return requestSteps(span);
  return plainSteps(span);
}

function requestSteps(span: ApiSpan): Step[] {
  const asked = span.attrs['signalbox.request.model'] ?? span.model;
  const who = [span.team && `team ${span.team}`, span.user_id && `user ${span.user_id}`].filter(Boolean).join(', ');
  const steps = [step(span, 0, { title: `Request for ${asked || span.name}`, detail: who })];
  if (span.route) steps.push(step(span, 0, { title: `Route ${span.route}`, detail: span.reason }));
  if (span.cache !== 'none') {
    steps.push(step(span, 0, { tone: 'good', title: `Answered from the ${span.cache} cache` }));
  }
  const bad = span.status === 'error';
  const overhead = span.overhead === null ? '' : `Signalbox itself took ${duration(span.overhead)} of it`;
  const title = `Request ended: ${outcomeWords(span.outcome || span.status)}, after ${duration(span.duration)}`;
  steps.push(step(span, span.duration, { tone: bad ? 'bad' : 'plain', title, detail: overhead }));
  return steps;
}

function callSteps(span: ApiSpan): Step[] {
  const nth = span.attempt > 1 ? `Attempt ${span.attempt}` : 'Call';
  const steps = [step(span, 0, { title: `${nth} to ${target(span)}`, detail: span.reason })];
  if (span.ttft !== null && span.ttft > 0) {
    steps.push(step(span, span.ttft, { title: `First token after ${duration(span.ttft)}` }));
  }
  if (span.status === 'error') {
    const what = errorOf(span);
    const title = `Failed after ${duration(span.duration)}${what ? `: ${what}` : ''}`;
    return [...steps, step(span, span.duration, { tone: 'bad', title, detail: span.status_message })];
  }
  const title = `Answer complete after ${duration(span.duration)}${span.finish_reason ? ` (${span.finish_reason})` : ''}`;
  return [...steps, step(span, span.duration, { tone: 'good', title, detail: usageWords(span) })];
}

function usageWords(span: ApiSpan): string {
  const mark = span.usage_source === 'estimated' ? ' (estimated)' : '';
  const cached = span.in_cache_read > 0 ? `, ${count(span.in_cache_read)} of them from the provider's cache` : '';
  const cost = span.cost_usd === null ? 'unpriced' : money(span.cost_usd);
  return `${count(span.in_tok)} tokens in${cached}, ${count(span.out_tok)} out${mark}, ${cost}`;
}

function plainSteps(span: ApiSpan): Step[] {
  const bad = span.status === 'error';
  const detail = bad ? [span.error_type, span.status_message].filter(Boolean).join(': ') : '';
  return [step(span, 0, { tone: bad ? 'bad' : 'plain', title: `${span.name}, ${duration(span.duration)}`, detail })];
}

function eventsOf(span: ApiSpan): Step[] {
  return span.events.map(({ ts, name, attrs }) => {
    const detail = Object.entries(attrs)
      .map(([key, value]) => `${key} ${value}`)
      .join(', ');
    return { at: ts / 1000, tone: 'plain' as const, title: name, detail, span_id: span.span_id };
  });
}

function step(span: ApiSpan, after: number, words: Partial<Step> & { title: string }): Step {
  return { at: span.start + after, tone: 'plain', detail: '', span_id: span.span_id, ...words };
}

const OUTCOME_WORDS: Readonly<Record<string, string>> = {
  ok: 'ok',
  unset: 'ok',
  client_cancelled: 'cancelled by the caller',
  upstream_error: 'the provider failed',
  truncated: 'the stream broke off',
  refused: 'refused',
  gateway_error: 'Signalbox failed',
  crashed: 'the proxy crashed',
};

/** Providers' failures are named by their HTTP status where they gave nothing better. */
export function errorWords(type: string): string {
  return /^\d{3}$/.test(type) ? `HTTP ${type}` : type;
}

/** rate_limited, HTTP 429 */
export function errorOf({ error_type, http_status }: ApiSpan): string {
  const status = http_status > 0 ? `HTTP ${http_status}` : '';
  return [...new Set([errorWords(error_type), status])].filter(Boolean).join(', ');
}

export function outcomeWords(outcome: string): string {
  return OUTCOME_WORDS[outcome] ?? outcome;
}
