// The one table that judges a failed attempt: what kind of failure it was decides whether the same target is asked
// again, after how long, whether another one is, or whether the caller hears of it as it is.

import type { IncomingHttpHeaders } from 'node:http';
import type { DialectId } from '../schemas/call.ts';
import type { FallbackReason } from '../schemas/config.ts';
import { durationMs, resetMs, retryAfterMs } from './retry-after.ts';

/**
 * permanent: the call itself is wrong. retryable: worth the same call again. throttled: the same, later. silent: no
 * answer in time, so that asking again would only wait again. inexpressible: it was never sent, this provider has no
 * words for it. The others say what they are.
 */
export type Kind =
  | 'permanent'
  | 'retryable'
  | 'throttled'
  | 'silent'
  | 'context_too_long'
  | 'content_filter'
  | 'auth'
  | 'quota'
  | 'inexpressible';

export interface Judgement {
  readonly kind: Kind;
  /** How long the provider asked to be left alone; undefined where it did not say. */
  readonly waitMs: number | undefined;
}

/** What is known of a failed attempt. */
export interface Failed {
  /** What was spoken with the provider. */
  readonly dialect: DialectId | '';
  /** error.type of the attempt: a status, a word of the wire, or the provider's own word in an answer with status 200. */
  readonly errorType: string;
  /** 0 without an answer. */
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** The answer's body as text, or the error's own words. */
  readonly body: string;
}

/** For which `on` of a fallback a failure counts; undefined: it does not go elsewhere. */
export const FALLBACK_REASONS: Readonly<Record<Kind, FallbackReason | undefined>> = {
  permanent: undefined,
  retryable: 'error',
  throttled: 'rate_limit',
  silent: 'timeout',
  context_too_long: 'context',
  content_filter: 'content_filter',
  // A refused key is a thing for the operator to know: another provider's good answer would hide it.
  auth: undefined,
  quota: 'rate_limit',
  inexpressible: 'error',
};

/** Words of the wire (stream/failure.ts) and of translate. */
const WIRE: Readonly<Record<string, Kind>> = {
  connect: 'retryable',
  reset: 'retryable',
  timeout: 'silent',
  inexpressible: 'inexpressible',
  cancelled: 'permanent',
  // Bytes of an answer are work done and billed: a second run is a second bill.
  truncated: 'permanent',
  protocol: 'permanent',
};

const STATUSES: ReadonlyMap<number, Kind> = new Map<number, Kind>([
  [401, 'auth'],
  [402, 'quota'],
  [403, 'auth'],
  [408, 'retryable'],
  [424, 'retryable'],
  [429, 'throttled'],
  [500, 'retryable'],
  [502, 'retryable'],
  [503, 'retryable'],
  [504, 'retryable'],
  [529, 'retryable'],
]);

/** What a provider's words mean, whatever its status; the first that fits. */
type Rule = readonly [kind: Kind, words: RegExp];

/** OpenAI, Azure, and the servers that speak like them: vLLM, llama.cpp, SGLang, TGI, LM Studio, Groq, Mistral, xAI. */
const OPENAI: readonly Rule[] = [
  [
    'context_too_long',
    /context_length_exceeded|exceed_context_size|maximum context length|maximum prompt length|exceeds? the (?:model'?s? |available )?context (?:window|size|length)|longer than the model'?s? context|tokens? \+ .?max_new_tokens.? must be|too large for model with|prompt is too long|context (?:the )?overflows/i,
  ],
  [
    'content_filter',
    /"content_filter"|ResponsibleAIPolicyViolation|content_policy_violation|content management policy|"code":\s*"invalid_prompt"/i,
  ],
  ['quota', /insufficient_quota|insufficient balance|billing_hard_limit|billing_not_active|insufficient credits/i],
  ['auth', /"invalid_api_key"|"code":\s*"account_deactivated"/i],
];

const ANTHROPIC: readonly Rule[] = [
  ['context_too_long', /prompt is too long|exceed(?:s|ed)? (?:the )?(?:context limit|context window)/i],
  ['content_filter', /blocked by (?:our )?content filter/i],
  ['quota', /credit balance is too low|billing_error|usage limits? (?:reached|exceeded)/i],
  ['auth', /authentication_error/],
];

const GEMINI: readonly Rule[] = [
  ['context_too_long', /input (?:token count|context)[^"]{0,80}exceeds|exceeds the maximum number of tokens/i],
  ['content_filter', /PROHIBITED_CONTENT|blocked (?:by|due to) (?:the )?safety/],
  // What it calls a quota is most often the minute's: only a day's or the account's is worth no waiting.
  ['quota', /PerDay|BILLING_DISABLED/],
  ['auth', /API_KEY_INVALID|API key not valid|API key expired/],
];

const BEDROCK: readonly Rule[] = [
  ['context_too_long', /input is too long|prompt is too long|too many input tokens|maximum context length/i],
  ['content_filter', /blocked by (?:our )?content filter|content filters? (?:policy|blocked)/i],
  ['quota', /tokens per day|ServiceQuotaExceeded/i],
  ['auth', /UnrecognizedClient|ExpiredToken|security token included in the request is/i],
  ['retryable', /ModelNotReady/],
];

const COHERE: readonly Rule[] = [
  ['context_too_long', /too many tokens|maximum context length|exceeds? the (?:model'?s? )?context/i],
  ['content_filter', /blocked (?:by|due to) (?:our )?content/i],
  ['quota', /trial key[^"]{0,120}limited to[^"]{0,40}month|billing/i],
];

const OLLAMA: readonly Rule[] = [
  ['context_too_long', /input length exceeds|exceeds (?:the )?(?:maximum |available )?context/i],
];

const FAMILIES: readonly (readonly [prefix: string, rules: readonly Rule[]])[] = [
  ['openai', OPENAI],
  ['anthropic', ANTHROPIC],
  ['gemini', GEMINI],
  ['bedrock', BEDROCK],
  ['cohere', COHERE],
  ['ollama', OLLAMA],
];

/** Errors inside an answer that began with 200, by the words of all families. */
const INSIDE: readonly Rule[] = [
  ['throttled', /rate.?limit|throttl|resource_?exhausted|too.?many.?requests|^429$/i],
  ['retryable', /overload|unavailable|server.?error|api_error|internal|timeout|^5\d\d$/i],
];

export function judge(failed: Failed, now: number): Judgement {
  const kind = kindOf(failed);
  const waits = kind === 'throttled' || kind === 'retryable' || kind === 'quota';
  return { kind, waitMs: waits ? waitOf(failed, kind, now) : undefined };
}

function kindOf({ dialect, errorType, status, body }: Failed): Kind {
  const wire = WIRE[errorType];
  if (wire !== undefined) return wire;
  const rules = FAMILIES.find(([prefix]) => dialect.startsWith(prefix))?.[1] ?? [];
  const said = rules.find(([, words]) => words.test(body));
  if (said !== undefined) return said[0];
  if (status >= 400) return STATUSES.get(status) ?? 'permanent';
  return INSIDE.find(([, words]) => words.test(errorType))?.[0] ?? 'permanent';
}

function waitOf({ dialect, headers, body }: Failed, kind: Kind, now: number): number | undefined {
  const asked = retryAfterMs(headers, now);
  if (asked !== undefined || kind !== 'throttled') return asked;
  const delay = dialect.startsWith('gemini') ? /"retryDelay":\s*"([\d.]{1,16}s)"/.exec(body)?.[1] : undefined;
  return (delay === undefined ? undefined : durationMs(delay)) ?? resetMs(headers, now);
}
