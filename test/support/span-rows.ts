// Rows as the processors make them: requests through the gateway with their attempts, and traces of agents, from a
// seeded generator, so that tests know every number in the store.

import type { IoRow, SpanRow } from '../../schemas/span.ts';

const EMPTY: SpanRow = {
  team: 'default',
  ts: 0,
  ts_received: 0,
  trace_id: '',
  span_id: '',
  parent_span_id: '',
  is_root: false,
  is_entry: false,
  name: '',
  kind: 'internal',
  op: '',
  service: 'signalbox',
  env: '',
  source: 'gateway',
  provider: '',
  model: '',
  model_returned: '',
  deployment: '',
  route: '',
  reason: '',
  attempt: 0,
  prompt_name: '',
  prompt_version: '',
  key_id: '',
  user_id: '',
  session_id: '',
  tags: {},
  status: 'unset',
  status_message: '',
  error_type: '',
  http_status: 0,
  outcome: '',
  finish_reason: '',
  cache: 'none',
  stream: false,
  duration_ns: 0,
  ttft_us: 0,
  overhead_us: 0,
  in_tok: 0,
  in_cache_read: 0,
  in_cache_write: 0,
  out_tok: 0,
  out_reasoning: 0,
  usage_source: 'none',
  cost_usd: 0,
  cost_known: false,
  price_id: '',
  tools_called: [],
  in_preview: '',
  out_preview: '',
  attrs: {},
  events: [],
  links: [],
  service_tier: '',
  units: {},
  saved_usd: 0,
};

/** A span row of which a test says only what matters to it. */
export function spanRow(given: Partial<SpanRow>): SpanRow {
  const ts = given.ts ?? Date.now() * 1000;
  return { ...structuredClone(EMPTY), ts, ts_received: Math.floor(ts / 1000) + 5, ...given };
}

export function ioRow(span: SpanRow, given: Partial<IoRow>): IoRow {
  const { team, ts, trace_id, span_id } = span;
  const none = { input: '', output: '', raw_request: '', raw_response: '', request_size: 0, response_size: 0 };
  return { team, ts, trace_id, span_id, ...none, ...given };
}

/** mulberry32: the same numbers on every machine. */
export class Dice {
  #seed: number;

  constructor(seed: number) {
    this.#seed = seed;
  }

  next(): number {
    this.#seed = (this.#seed + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#seed ^ (this.#seed >>> 15), 1 | this.#seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  }

  upTo(most: number): number {
    return Math.floor(this.next() * most);
  }

  pick<const T extends readonly [unknown, ...unknown[]]>(of: T): T[number] {
    return of[this.upTo(of.length)];
  }

  hex(digits: number): string {
    let text = '';
    while (text.length < digits)
      text += this.upTo(2 ** 32)
        .toString(16)
        .padStart(8, '0');
    return text.slice(0, digits);
  }
}

const MODELS = [
  ['openai', 'gpt-5-mini'],
  ['openai', 'gpt-5'],
  ['anthropic', 'claude-haiku-4-5'],
  ['local', 'llama-3.3-70b'],
] as const;

/** One request through the gateway: its SERVER span and a CLIENT span an attempt. */
export function requestRows(dice: Dice, ts: number): SpanRow[] {
  const ids = { trace_id: dice.hex(32), span_id: dice.hex(16) };
  const failed = dice.next() < 0.1;
  const attempts = dice.next() < 0.15 ? 2 : 1;
  const stream = dice.next() < 0.5;
  const duration_ns = (50 + dice.upTo(5000)) * 1_000_000;
  const who = {
    team: dice.pick(['search', 'support', 'default']),
    user_id: `user-${dice.upTo(40)}`,
    session_id: `session-${dice.upTo(60)}`,
    key_id: `key-${dice.upTo(5)}`,
    route: dice.pick(['assistant', 'cheap', '']),
    tags: { feature: dice.pick(['chat', 'mail']) },
    stream,
  };
  const server = spanRow({
    ...ids,
    ...who,
    ts,
    is_root: true,
    is_entry: true,
    name: 'POST /v1/chat/completions',
    kind: 'server',
    duration_ns,
    status: failed ? 'error' : 'unset',
    outcome: failed ? 'upstream_error' : 'ok',
    error_type: failed ? 'rate_limit' : '',
    http_status: failed ? 502 : 200,
    overhead_us: dice.upTo(900),
    attrs: { 'http.route': '/v1/chat/completions', 'signalbox.request.id': dice.hex(8) },
  });
  const calls = Array.from({ length: attempts }, (_none, index) =>
    callRow(dice, server, { index, bad: failed || index < attempts - 1 }),
  );
  return [server, ...calls];
}

function callRow(dice: Dice, server: SpanRow, { index, bad }: { index: number; bad: boolean }): SpanRow {
  const [provider, model] = dice.pick(MODELS);
  const { team, user_id, session_id, key_id, route, tags, stream, trace_id } = server;
  const in_tok = bad ? 0 : 10 + dice.upTo(3000);
  const out_tok = bad ? 0 : 1 + dice.upTo(600);
  const priced = provider !== 'local' && !bad;
  return spanRow({
    team,
    user_id,
    session_id,
    key_id,
    route,
    tags,
    stream,
    trace_id,
    ts: server.ts + 400 + index * 1000,
    span_id: dice.hex(16),
    parent_span_id: server.span_id,
    name: `chat ${model}`,
    kind: 'client',
    op: 'chat',
    provider,
    model,
    model_returned: bad ? '' : `${model}-2026`,
    deployment: `${provider}-${dice.pick(['eu', 'us'])}`,
    attempt: index + 1,
    status: bad ? 'error' : 'unset',
    error_type: bad ? 'rate_limit' : '',
    http_status: bad ? 429 : 200,
    finish_reason: bad ? '' : dice.pick(['stop', 'length']),
    duration_ns: Math.floor(server.duration_ns * 0.9),
    ttft_us: stream && !bad ? 1000 + dice.upTo(300_000) : 0,
    in_tok,
    in_cache_read: Math.floor(in_tok / 4),
    out_tok,
    usage_source: bad ? 'none' : dice.pick(['provider', 'estimated']),
    cost_usd: priced ? Number((in_tok * 0.25e-6 + out_tok * 2e-6).toFixed(9)) : 0,
    cost_known: priced,
    price_id: priced ? `${provider}/${model}` : '',
    in_preview: `question ${dice.upTo(1000)}`,
    out_preview: bad ? '' : `answer ${dice.upTo(1000)}`,
  });
}

/** A trace of an agent over OTLP: a root that ends last, calls to models and tools under it. */
export function agentRows(dice: Dice, ts: number): SpanRow[] {
  const trace_id = dice.hex(32);
  const common = { trace_id, service: 'agent-app', source: 'otlp', team: 'agents' } as const;
  const root = spanRow({
    ...common,
    ts,
    span_id: dice.hex(16),
    is_root: true,
    is_entry: true,
    name: 'invoke_agent planner',
    op: 'invoke_agent',
    duration_ns: 9e9,
  });
  const children = Array.from({ length: 1 + dice.upTo(3) }, (_none, index) => {
    const start = ts + 1000 + index * 2_000_000;
    const call = { provider: 'openai', model: 'gpt-5', op: 'chat', kind: 'client', name: 'chat gpt-5' } as const;
    const usage = { in_tok: 500, out_tok: 50, usage_source: 'provider', cost_usd: 0.001125, cost_known: true } as const;
    return [
      spanRow({
        ...common,
        ...call,
        ...usage,
        ts: start,
        span_id: dice.hex(16),
        parent_span_id: root.span_id,
        duration_ns: 1e9,
      }),
      spanRow({
        ...common,
        ts: start + 1_100_000,
        span_id: dice.hex(16),
        parent_span_id: root.span_id,
        name: 'execute_tool search',
        op: 'execute_tool',
        duration_ns: 3e8,
      }),
    ];
  });
  return [...children.flat(), root];
}
