// Record -> spans: one SERVER span for the request, one CLIENT span for each attempt at a provider. Pure.
// Tokens and cost stand on CLIENT spans only: whoever sums spans must not count them twice.

import { ATTR, UNIT_ATTRS } from '../../schemas/attributes.ts';
import type { UsageUnits } from '../../schemas/call.ts';
import type { AttemptRecord, BeginRecord, EndRecord } from './record.ts';

export type SpanValue = string | number | boolean | readonly string[] | Uint8Array;

export interface SpanData {
  readonly kind: 'server' | 'client';
  readonly name: string;
  readonly spanId: string;
  readonly startUs: number;
  readonly endUs: number;
  /** Of a failed operation: what is said about it, possibly ''. Undefined: the status stays unset. */
  readonly error: string | undefined;
  readonly attributes: Readonly<Record<string, SpanValue>>;
}

/** The spans of one request share a trace and the caller's span as their root's parent. */
export interface RequestSpans {
  readonly traceId: string;
  readonly parentSpanId: string;
  readonly traceState: string;
  readonly server: SpanData;
  readonly clients: readonly SpanData[];
}

/** Redacted bodies; undefined where there are none, or none any more. */
export interface Bodies {
  readonly request: Uint8Array;
  readonly response: Uint8Array;
}

export function spansOf(record: EndRecord, bodies: Bodies | undefined): RequestSpans {
  const { attempts } = record;
  const costs = attempts.flatMap(({ cost }) => (cost ? [cost.total] : []));
  const server = serverSpan(record, {
    endUs: record.endUs,
    error: isServerError(record) ? record.errorType || record.outcome : undefined,
    more: [
      routeAttributes(record),
      {
        [ATTR.SKIPPED]: record.skipped,
        [ATTR.OUTCOME]: record.outcome,
        [ATTR.HTTP_STATUS]: record.httpStatus || undefined,
        [ATTR.ERROR_TYPE]: record.errorType,
        [ATTR.ATTEMPTS]: attempts.length,
        [ATTR.STREAM]: record.stream || undefined,
        [ATTR.REQUEST_COST]: costs.length > 0 ? costs.reduce((sum, cost) => sum + cost, 0) : undefined,
        [ATTR.OVERHEAD_US]: record.overheadUs || undefined,
      },
    ],
  });
  const clients = attempts.map((attempt, index) =>
    clientSpan(record, attempt, index === attempts.length - 1 ? captureAttributes(record, bodies) : {}),
  );
  return { ...rootOf(record), server, clients };
}

/** A request whose worker died before it was over: what is known is how it began. */
export function crashedSpans(record: BeginRecord, endUs: number): RequestSpans {
  const more = [{ [ATTR.OUTCOME]: 'crashed', [ATTR.ERROR_TYPE]: 'crashed' }];
  const error = 'the proxy process ended while this request was under way';
  return { ...rootOf(record), server: serverSpan(record, { endUs, error, more }), clients: [] };
}

function rootOf({ traceId, parentSpanId, traceState }: BeginRecord) {
  return { traceId, parentSpanId, traceState };
}

/** A caller's own mistake (4xx) is no error of the server; a broken answer is one, whatever its status was. */
function isServerError({ outcome, httpStatus }: EndRecord): boolean {
  if (httpStatus >= 500 || outcome === 'truncated' || outcome === 'gateway_error' || outcome === 'crashed') return true;
  return outcome === 'upstream_error' && httpStatus < 400;
}

interface ServerEnd {
  readonly endUs: number;
  readonly error: string | undefined;
  readonly more: readonly Loose[];
}

function serverSpan(record: BeginRecord, { endUs, error, more }: ServerEnd): SpanData {
  return {
    kind: 'server',
    name: `${record.method} ${record.httpRoute}`,
    spanId: record.spanId,
    startUs: record.startUs,
    endUs: Math.max(record.startUs, endUs),
    error,
    attributes: present(
      {
        [ATTR.HTTP_METHOD]: record.method,
        [ATTR.HTTP_ROUTE]: record.httpRoute,
        [ATTR.URL_PATH]: record.path,
        [ATTR.CLIENT_ADDRESS]: record.address,
        [ATTR.USER_AGENT]: record.userAgent,
      },
      commonAttributes(record),
      tagAttributes(record),
      ...more,
    ),
  };
}

function commonAttributes(record: BeginRecord): Loose {
  return {
    [ATTR.REQUEST_ID]: record.requestId,
    [ATTR.KEY_ID]: record.keyId,
    [ATTR.TEAM]: record.team,
    [ATTR.USER_ID]: record.userId,
    [ATTR.SESSION_ID]: record.sessionId,
    [ATTR.DIALECT]: record.dialect,
    [ATTR.MODEL_ASKED]: record.modelAsked,
  };
}

function tagAttributes({ tags }: BeginRecord): Loose {
  return Object.fromEntries(Object.entries(tags).map(([key, value]) => [`${ATTR.TAG_PREFIX}${key}`, value]));
}

function routeAttributes(record: EndRecord): Loose {
  return { [ATTR.ROUTE]: record.route, [ATTR.STRATEGY]: record.strategy, [ATTR.REASON]: record.reason };
}

/** What the GenAI conventions have no name for. */
const NO_OPERATION: ReadonlySet<string> = new Set(['passthrough', 'count']);

function clientSpan(record: EndRecord, attempt: AttemptRecord, capture: Loose): SpanData {
  const operation = NO_OPERATION.has(record.operation) ? '' : record.operation;
  const failed = attempt.errorType !== '' && attempt.errorType !== 'cancelled';
  return {
    kind: 'client',
    name: `${operation || record.operation} ${attempt.model || attempt.deployment}`.toWellFormed(),
    spanId: attempt.spanId,
    startUs: attempt.startUs,
    endUs: Math.max(attempt.startUs, attempt.endUs),
    // That the caller went away is no fault of the provider.
    error: failed ? attempt.errorMessage.toWellFormed() : undefined,
    attributes: present(
      {
        [ATTR.OPERATION]: operation,
        [ATTR.PROVIDER]: attempt.provider,
        [ATTR.UPSTREAM_DIALECT]: attempt.dialect,
        [ATTR.REQUEST_MODEL]: attempt.model,
        [ATTR.SERVER_ADDRESS]: attempt.serverAddress,
        [ATTR.SERVER_PORT]: attempt.serverPort || undefined,
        [ATTR.DEPLOYMENT]: attempt.deployment,
        [ATTR.ATTEMPT]: attempt.index,
        [ATTR.ATTEMPT_REASON]: attempt.reason,
        [ATTR.HTTP_STATUS]: attempt.httpStatus || undefined,
        [ATTR.ERROR_TYPE]: attempt.errorType,
        [ATTR.UPSTREAM_REQUEST_ID]: attempt.upstreamRequestId,
        [ATTR.PROMPT_NAME]: record.promptName,
        [ATTR.PROMPT_VERSION]: record.promptVersion,
      },
      commonAttributes(record),
      tagAttributes(record),
      routeAttributes(record),
      requestAttributes(record),
      answerAttributes(record, attempt),
      usageAttributes(attempt),
      capture,
    ),
  };
}

function requestAttributes({ params, stream }: EndRecord): Loose {
  return {
    [ATTR.STREAM]: stream || undefined,
    [ATTR.TEMPERATURE]: params.temperature,
    [ATTR.TOP_P]: params.topP,
    [ATTR.MAX_TOKENS]: params.maxTokens,
    [ATTR.SEED]: params.seed,
    [ATTR.CHOICES]: params.choices === 1 ? undefined : params.choices,
    [ATTR.REASONING_LEVEL]: params.reasoning,
    [ATTR.OUTPUT_TYPE]: params.outputType,
    [ATTR.CONVERSATION]: params.conversation,
  };
}

const API_TYPES: Readonly<Record<string, string>> = {
  openai_chat: 'chat_completions',
  openai_responses: 'responses',
};

function answerAttributes(record: EndRecord, attempt: AttemptRecord): Loose {
  const broken = record.operation === 'chat' && !attempt.complete && attempt.finishReasons.length === 0;
  const streamed = record.stream && attempt.firstTokenUs > attempt.startUs;
  return {
    [ATTR.RESPONSE_MODEL]: attempt.modelReturned,
    [ATTR.RESPONSE_ID]: attempt.responseId,
    [ATTR.FINISH_REASONS]: broken ? ['error'] : attempt.finishReasons,
    [ATTR.TTFT]: streamed ? (attempt.firstTokenUs - attempt.startUs) / 1e6 : undefined,
    [ATTR.CHUNKS]: record.stream ? attempt.chunks : undefined,
    [ATTR.TOOLS_CALLED]: attempt.toolsCalled,
    [ATTR.SYSTEM_FINGERPRINT]: attempt.systemFingerprint,
    [ATTR.SERVICE_TIER]: attempt.serviceTier,
    [ATTR.OPENAI_API_TYPE]: attempt.provider === 'openai' ? API_TYPES[attempt.dialect ?? record.dialect] : undefined,
  };
}

function usageAttributes({ usage, usageSource, cost }: AttemptRecord): Loose {
  const counts = usage && {
    [ATTR.INPUT_TOKENS]: usage.input,
    [ATTR.OUTPUT_TOKENS]: usage.output,
    [ATTR.CACHE_READ_TOKENS]: usage.cacheRead || undefined,
    [ATTR.CACHE_WRITE_TOKENS]: usage.cacheWrite || undefined,
    [ATTR.REASONING_TOKENS]: usage.reasoning || undefined,
    [ATTR.TIER]: usage.tier || undefined,
    [ATTR.USAGE_REGION]: usage.region || undefined,
    ...unitAttributes(usage.units),
  };
  const amounts = cost && {
    [ATTR.COST_TOTAL]: cost.total,
    // A provider that says what it charged says it in one number.
    [ATTR.COST_INPUT]: cost.source === 'provider' ? undefined : cost.input,
    [ATTR.COST_OUTPUT]: cost.source === 'provider' ? undefined : cost.output,
    [ATTR.COST_PRICE_ID]: cost.priceId,
    [ATTR.COST_SAVED]: cost.saved,
  };
  return { ...counts, ...amounts, [ATTR.USAGE_SOURCE]: usageSource, [ATTR.COST_SOURCE]: cost?.source ?? 'unpriced' };
}

function unitAttributes(units: UsageUnits = {}): Loose {
  const counts = Object.entries(units) as [keyof UsageUnits, number][];
  return Object.fromEntries(counts.map(([name, count]) => [UNIT_ATTRS[name], count]));
}

function captureAttributes({ capture }: EndRecord, bodies: Bodies | undefined): Loose {
  if (!capture) return {};
  return {
    [ATTR.CAPTURE_REQUEST]: bodies?.request,
    [ATTR.CAPTURE_RESPONSE]: bodies?.response,
    [ATTR.CAPTURE_REQUEST_SIZE]: capture.requestSize,
    [ATTR.CAPTURE_RESPONSE_SIZE]: capture.responseSize,
    [ATTR.CAPTURE_DROPPED]: bodies || capture.requestSize + capture.responseSize === 0 ? undefined : true,
  };
}

type Loose = Readonly<Record<string, SpanValue | undefined>>;

/** Without what is unknown: absent is honest, '' and [] are noise. Half a surrogate pair would spoil the whole batch. */
function present(...parts: readonly Loose[]): Record<string, SpanValue> {
  const found: Record<string, SpanValue> = {};
  for (const part of parts) {
    for (const key in part) {
      const value = part[key];
      if (value === undefined || value === '' || (typeof value === 'object' && value.length === 0)) continue;
      found[key] = typeof value === 'string' ? value.toWellFormed() : value;
    }
  }
  return found;
}
