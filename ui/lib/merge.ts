// Live tells of a trace in parts, as its spans come in: an agent's own spans apart from the calls it made through the
// proxy. The parts have no span in common, so their sums add up.
import type { TraceSummary } from '../../schemas/api.ts';

/** One line of both parts. The one that began first is what the trace is called after. */
export function merge(a: TraceSummary, b: TraceSummary): TraceSummary {
  const [head, other] = a.start <= b.start ? [a, b] : [b, a];
  const filled = (key: 'route' | 'team' | 'user_id' | 'session_id' | 'in_preview' | 'out_preview'): string =>
    head[key] || other[key];
  const cost = [a.cost_usd, b.cost_usd].filter((usd) => usd !== null);
  const firsts = [a, b].flatMap(({ start, ttft }) => (ttft === null ? [] : [start + ttft - head.start]));
  return {
    ...head,
    duration: Math.max(head.start + head.duration, other.start + other.duration) - head.start,
    route: filled('route'),
    team: filled('team'),
    user_id: filled('user_id'),
    session_id: filled('session_id'),
    providers: both(a.providers, b.providers),
    models: both(a.models, b.models),
    ttft: firsts.length === 0 ? null : Math.min(...firsts),
    spans: a.spans + b.spans,
    errors: a.errors + b.errors,
    attempts: a.attempts + b.attempts,
    in_tok: a.in_tok + b.in_tok,
    out_tok: a.out_tok + b.out_tok,
    tok_estimated: a.tok_estimated || b.tok_estimated,
    cost_usd: cost.length === 0 ? null : cost.reduce((sum, usd) => sum + usd, 0),
    cost_partial: a.cost_partial || b.cost_partial || unpriced(a) !== unpriced(b),
    in_preview: filled('in_preview'),
    out_preview: filled('out_preview'),
  };
}

function unpriced({ cost_usd, attempts, in_tok, out_tok }: TraceSummary): boolean {
  return cost_usd === null && attempts > 0 && in_tok + out_tok > 0;
}

function both(a: readonly string[], b: readonly string[]): readonly string[] {
  return [...new Set([...a, ...b])];
}

/** The newest first; a part of a trace that is known joins its line, which comes to the top. */
export function join(fresh: readonly TraceSummary[], known: readonly TraceSummary[], most: number): TraceSummary[] {
  const lines = new Map(known.map((trace) => [trace.trace_id, trace]));
  const moved = new Map<string, TraceSummary>();
  for (const part of fresh) {
    const before = moved.get(part.trace_id) ?? lines.get(part.trace_id);
    moved.delete(part.trace_id);
    moved.set(part.trace_id, before ? merge(before, part) : part);
  }
  const rest = known.filter(({ trace_id }) => !moved.has(trace_id));
  return [...[...moved.values()].reverse(), ...rest].slice(0, most);
}
