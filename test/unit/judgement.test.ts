// The table that judges failed attempts, and everything that providers send in place of Retry-After.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { judge, type Kind } from '../../proxy/judgement.ts';
import { durationMs, resetMs, retryAfterMs } from '../../proxy/retry-after.ts';
import type { DialectId } from '../../schemas/call.ts';

const NOW = Date.parse('2026-11-22T12:00:00Z');

const kind = (dialect: DialectId | '', status: number, body: unknown, errorType = String(status)): Kind => {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return judge({ dialect, errorType, status, headers: {}, body: text }, NOW).kind;
};

const openai = (message: string, code: string | null = null) => ({
  error: { message, type: 'invalid_request_error', code },
});
const claude = (type: string, message: string) => ({ type: 'error', error: { type, message } });
const google = (code: number, status: string, message: string, details: unknown[] = []) => ({
  error: { code, status, message, details },
});

const CASES: readonly (readonly [Kind, DialectId | '', number, unknown])[] = [
  // statuses alone, in every family
  ...(['openai_chat', 'openai_responses', 'anthropic', 'gemini', 'bedrock', 'cohere', 'ollama_chat', ''] as const).flatMap(
    (dialect) =>
      [
        ['permanent', dialect, 400, '{}'],
        ['permanent', dialect, 404, '{}'],
        ['permanent', dialect, 422, '{}'],
        ['auth', dialect, 401, '{}'],
        ['auth', dialect, 403, '{}'],
        ['quota', dialect, 402, '{}'],
        ['retryable', dialect, 408, '{}'],
        ['throttled', dialect, 429, '{}'],
        ['retryable', dialect, 500, '<html>'],
        ['retryable', dialect, 503, ''],
        ['retryable', dialect, 529, '{}'],
      ] as const,
  ),
  // a prompt that is too long
  ['context_too_long', 'openai_chat', 400, openai("This model's maximum context length is 8192 tokens.", 'context_length_exceeded')],
  ['context_too_long', 'openai_responses', 400, openai('Your input exceeds the context window of this model.')],
  ['context_too_long', 'openai_chat', 400, openai("This model's maximum context length is 4096 tokens. However, you requested 5000 tokens")],
  ['context_too_long', 'openai_chat', 400, { error: { code: 400, type: 'exceed_context_size_error', message: 'the request exceeds the available context size' } }],
  ['context_too_long', 'openai_chat', 422, { error: 'Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4096' }],
  ['context_too_long', 'openai_chat', 400, { object: 'error', message: 'Prompt contains 40000 tokens, too large for model with 32768 maximum context length' }],
  ['context_too_long', 'openai_chat', 400, { error: "This model's maximum prompt length is 131072 but the request contains 200000 tokens." }],
  ['context_too_long', 'openai_chat', 400, { message: "The input (9000 tokens) is longer than the model's context length (8192 tokens)." }],
  ['context_too_long', 'anthropic', 400, claude('invalid_request_error', 'prompt is too long: 210000 tokens > 200000 maximum')],
  ['context_too_long', 'anthropic', 400, claude('invalid_request_error', 'input length and `max_tokens` exceed context limit: 190000 + 20000 > 200000')],
  ['context_too_long', 'gemini', 400, google(400, 'INVALID_ARGUMENT', 'The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).')],
  ['context_too_long', 'bedrock', 400, { message: 'Input is too long for requested model.' }],
  ['context_too_long', 'cohere', 400, { message: 'too many tokens: total number of tokens in the prompt cannot exceed 4081 - received 5000.' }],
  ['context_too_long', 'ollama_chat', 400, { error: 'input length exceeds maximum context length' }],
  // what the provider will not answer
  ['content_filter', 'openai_chat', 400, { error: { code: 'content_filter', message: "The response was filtered due to the prompt triggering Azure OpenAI's content management policy.", innererror: { code: 'ResponsibleAIPolicyViolation' } } }],
  ['content_filter', 'openai_chat', 400, openai('Your request was rejected.', 'content_policy_violation')],
  ['content_filter', 'openai_responses', 400, openai('Invalid prompt', 'invalid_prompt')],
  ['content_filter', 'anthropic', 400, claude('invalid_request_error', 'Output blocked by content filtering policy')],
  ['content_filter', 'gemini', 400, google(400, 'INVALID_ARGUMENT', 'Request blocked: PROHIBITED_CONTENT')],
  // money
  ['quota', 'openai_chat', 429, openai('You exceeded your current quota', 'insufficient_quota')],
  ['quota', 'anthropic', 400, claude('invalid_request_error', 'Your credit balance is too low to access the Anthropic API.')],
  ['quota', 'gemini', 429, google(429, 'RESOURCE_EXHAUSTED', 'You exceeded your current quota', [{ violations: [{ quotaId: 'GenerateRequestsPerDayPerProject' }] }])],
  ['throttled', 'gemini', 429, google(429, 'RESOURCE_EXHAUSTED', 'You exceeded your current quota', [{ violations: [{ quotaId: 'GenerateRequestsPerMinute' }] }])],
  ['quota', 'bedrock', 429, { message: 'Too many tokens per day, please wait before trying again.' }],
  // keys
  ['auth', 'openai_chat', 401, openai('Incorrect API key provided', 'invalid_api_key')],
  ['auth', 'anthropic', 401, claude('authentication_error', 'invalid x-api-key')],
  ['auth', 'gemini', 400, google(400, 'INVALID_ARGUMENT', 'API key not valid. Please pass a valid API key.')],
  ['auth', 'bedrock', 403, { message: 'The security token included in the request is invalid.' }],
  // overload
  ['retryable', 'anthropic', 529, claude('overloaded_error', 'Overloaded')],
  ['retryable', 'gemini', 503, google(503, 'UNAVAILABLE', 'The model is overloaded.')],
  ['retryable', 'bedrock', 424, { message: 'The model returned an error.' }],
]; // prettier-ignore

describe('what a failed attempt was', () => {
  for (const [expected, dialect, status, body] of CASES) {
    const text = JSON.stringify(body).slice(0, 60);
    test(`${dialect || 'no dialect'} ${status} ${text} is ${expected}`, () =>
      assert.equal(kind(dialect, status, body), expected));
  }

  test('the words of the wire, and errors inside an answer that began well', () => {
    const words = { connect: 'retryable', reset: 'retryable', timeout: 'silent', truncated: 'permanent' } as const;
    for (const [word, expected] of Object.entries(words)) assert.equal(kind('openai_chat', 0, '', word), expected);
    assert.equal(kind('anthropic', 200, 'Overloaded', 'overloaded_error'), 'retryable');
    assert.equal(kind('openai_chat', 200, '', 'server_error'), 'retryable');
    assert.equal(kind('openai_chat', 200, '', 'rate_limit_exceeded'), 'throttled');
    assert.equal(kind('openai_chat', 200, 'no', 'invalid_request_error'), 'permanent');
  });

  test('a caller who quotes an error in a prompt that comes back is not believed for another family', () => {
    assert.equal(kind('anthropic', 400, '"context_length_exceeded"'), 'permanent');
  });
});

describe('when to come back', () => {
  const at = (headers: Record<string, string>) => retryAfterMs(headers, NOW);

  test('seconds, milliseconds and dates', () => {
    assert.equal(at({ 'retry-after': '2' }), 2_000);
    assert.equal(at({ 'retry-after': '0.5' }), 500);
    assert.equal(at({ 'retry-after-ms': '250', 'retry-after': '9' }), 250);
    assert.equal(at({ 'x-ms-retry-after-ms': '1250' }), 1_250);
    assert.equal(at({ 'retry-after': 'Sun, 22 Nov 2026 12:00:30 GMT' }), 30_000);
    assert.equal(at({ 'retry-after': 'Sun, 22 Nov 2026 11:00:00 GMT' }), 0);
    for (const nonsense of ['', '-1', 'soon', '1e9', 'NaN', '12 34']) {
      assert.equal(at({ 'retry-after': nonsense }), undefined, nonsense);
    }
    assert.equal(at({ 'retry-after': '999999999999' }), 86_400_000);
  });

  test('durations', () => {
    const cases: [string, number | undefined][] = [
      ['6m0s', 360_000],
      ['1s', 1_000],
      ['20ms', 20],
      ['2m59.56s', 179_560],
      ['1h2m3s', 3_723_000],
      ['7', 7_000],
      ['1d', 86_400_000],
      ['1x', undefined],
      ['', undefined],
      ['9'.repeat(80), undefined],
    ];
    for (const [text, ms] of cases) assert.equal(durationMs(text), ms, text);
  });

  test('counters that are used up; one with something left is not what failed', () => {
    const openai = (left: string) => ({
      'x-ratelimit-remaining-requests': '10',
      'x-ratelimit-reset-requests': '1h',
      'x-ratelimit-remaining-tokens': left,
      'x-ratelimit-reset-tokens': '6m0s',
    });
    assert.equal(resetMs(openai('0'), NOW), 360_000);
    assert.equal(resetMs(openai('5'), NOW), undefined);
    const anthropic = {
      'anthropic-ratelimit-input-tokens-remaining': '0',
      'anthropic-ratelimit-input-tokens-reset': '2026-11-22T12:00:07Z',
    };
    assert.equal(resetMs(anthropic, NOW), 7_000);
  });

  test('a throttled answer: the header, then the body, then the counters', () => {
    const wait = (headers: Record<string, string>, body = '') =>
      judge({ dialect: 'gemini', errorType: '429', status: 429, headers, body }, NOW).waitMs;
    const body = JSON.stringify(google(429, 'RESOURCE_EXHAUSTED', 'x', [{ retryDelay: '37s' }]));
    const counters = { 'x-ratelimit-remaining-requests': '0', 'x-ratelimit-reset-requests': '3s' };
    assert.equal(wait({ 'retry-after': '5' }, body), 5_000);
    assert.equal(wait(counters, body), 37_000);
    assert.equal(wait(counters), 3_000);
    assert.equal(wait({}), undefined);
    // A good counter on a failed server says nothing about when it works again.
    const failed = judge({ dialect: 'openai_chat', errorType: '503', status: 503, headers: counters, body: '' }, NOW);
    assert.equal(failed.waitMs, undefined);
  });
});
