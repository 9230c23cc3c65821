// Every span attribute that Signalbox writes, under the name it is stored by.
// GenAI names follow the main branch of the OpenTelemetry GenAI conventions; older generations are read, never written
// (collector/processors/normalise). Token and cost attributes stand only on the CLIENT span of an attempt: every
// consumer sums spans, so a second copy on the SERVER span would be billed twice.

import type { UsageUnits } from './call.ts';

export const ATTR = {
  // the CLIENT span of one attempt at one provider
  OPERATION: 'gen_ai.operation.name',
  PROVIDER: 'gen_ai.provider.name',
  REQUEST_MODEL: 'gen_ai.request.model',
  RESPONSE_MODEL: 'gen_ai.response.model',
  RESPONSE_ID: 'gen_ai.response.id',
  FINISH_REASONS: 'gen_ai.response.finish_reasons',
  /** Seconds from sending the request to the first chunk that carries content. */
  TTFT: 'gen_ai.response.time_to_first_chunk',
  STREAM: 'gen_ai.request.stream',
  TEMPERATURE: 'gen_ai.request.temperature',
  TOP_P: 'gen_ai.request.top_p',
  MAX_TOKENS: 'gen_ai.request.max_tokens',
  SEED: 'gen_ai.request.seed',
  CHOICES: 'gen_ai.request.choice.count',
  REASONING_LEVEL: 'gen_ai.request.reasoning.level',
  OUTPUT_TYPE: 'gen_ai.output.type',
  CONVERSATION: 'gen_ai.conversation.id',
  PROMPT_NAME: 'gen_ai.prompt.name',
  PROMPT_VERSION: 'gen_ai.prompt.version',
  /** All input tokens, cached ones included. */
  INPUT_TOKENS: 'gen_ai.usage.input_tokens',
  /** All output tokens, reasoning included. */
  OUTPUT_TOKENS: 'gen_ai.usage.output_tokens',
  /** A subset of the input tokens. */
  CACHE_READ_TOKENS: 'gen_ai.usage.cache_read.input_tokens',
  /** A subset of the input tokens. */
  CACHE_WRITE_TOKENS: 'gen_ai.usage.cache_write.input_tokens',
  /** A subset of the output tokens. */
  REASONING_TOKENS: 'gen_ai.usage.reasoning.output_tokens',
  // parts of the above that are billed apart; counts that are no tokens
  AUDIO_INPUT_TOKENS: 'gen_ai.usage.audio.input_tokens',
  AUDIO_CACHE_READ_TOKENS: 'gen_ai.usage.audio.cache_read.input_tokens',
  AUDIO_OUTPUT_TOKENS: 'gen_ai.usage.audio.output_tokens',
  IMAGE_INPUT_TOKENS: 'gen_ai.usage.image.input_tokens',
  IMAGE_OUTPUT_TOKENS: 'gen_ai.usage.image.output_tokens',
  /** Of the tokens written to the cache: kept for an hour. */
  CACHE_WRITE_1H_TOKENS: 'signalbox.usage.cache_write_1h.input_tokens',
  /** Prompt tokens that hosted tools added. */
  TOOL_INPUT_TOKENS: 'signalbox.usage.tool.input_tokens',
  SEARCHES: 'signalbox.usage.searches',
  IMAGES: 'signalbox.usage.images',
  AUDIO_SECONDS: 'signalbox.usage.audio_seconds',
  CHARACTERS: 'signalbox.usage.characters',
  /** Where the call ran, as the provider says it, where that changes the price. */
  USAGE_REGION: 'signalbox.usage.region',
  /** The tier that is billed: as the answer names it, else as it was asked for; absent for the standard one. */
  TIER: 'signalbox.service_tier',
  OPENAI_API_TYPE: 'openai.api.type',
  SYSTEM_FINGERPRINT: 'openai.response.system_fingerprint',
  SERVICE_TIER: 'openai.response.service_tier',
  SERVER_ADDRESS: 'server.address',
  SERVER_PORT: 'server.port',
  ERROR_TYPE: 'error.type',

  // content, on spans that others send (ours travels as raw bytes, see CAPTURE_*)
  SYSTEM_INSTRUCTIONS: 'gen_ai.system_instructions',
  INPUT_MESSAGES: 'gen_ai.input.messages',
  OUTPUT_MESSAGES: 'gen_ai.output.messages',
  TOOL_DEFINITIONS: 'gen_ai.tool.definitions',
  TOOL_NAME: 'gen_ai.tool.name',
  TOOL_CALL_ID: 'gen_ai.tool.call.id',
  TOOL_ARGUMENTS: 'gen_ai.tool.call.arguments',
  TOOL_RESULT: 'gen_ai.tool.call.result',
  AGENT_NAME: 'gen_ai.agent.name',
  WORKFLOW_NAME: 'gen_ai.workflow.name',

  // the SERVER span of one request
  HTTP_METHOD: 'http.request.method',
  HTTP_ROUTE: 'http.route',
  URL_PATH: 'url.path',
  HTTP_STATUS: 'http.response.status_code',
  CLIENT_ADDRESS: 'client.address',
  USER_AGENT: 'user_agent.original',
  USER_ID: 'user.id',
  SESSION_ID: 'session.id',
  ENVIRONMENT: 'deployment.environment.name',

  // both
  REQUEST_ID: 'signalbox.request.id',
  /** ok | client_cancelled | upstream_error | truncated | refused | gateway_error | crashed; on the SERVER span. */
  OUTCOME: 'signalbox.outcome',
  ROUTE: 'signalbox.route.name',
  STRATEGY: 'signalbox.route.strategy',
  /** Why this target was chosen, as a person would say it. */
  REASON: 'signalbox.route.reason',
  /** Targets that were passed over, each with its reason; on the SERVER span. */
  SKIPPED: 'signalbox.route.skipped',
  /** The `model` the caller wrote, before routing. */
  MODEL_ASKED: 'signalbox.request.model',
  DIALECT: 'signalbox.dialect',
  /** Of the attempt, where its provider was spoken to in another dialect than the caller's: what its answer is in. */
  UPSTREAM_DIALECT: 'signalbox.upstream.dialect',
  KEY_ID: 'signalbox.key.id',
  TEAM: 'signalbox.team',
  /** Prefix of the caller's tags: `signalbox.tag.feature` from `x-signalbox-tags: feature=...`. */
  TAG_PREFIX: 'signalbox.tag.',
  CACHE_STATUS: 'signalbox.cache.status',
  ATTEMPTS: 'signalbox.attempt.count',
  /** 1 for the first attempt of a request. */
  ATTEMPT: 'signalbox.attempt.index',
  ATTEMPT_REASON: 'signalbox.attempt.reason',
  /** Deployment the attempt went to: the provider's name in the config. */
  DEPLOYMENT: 'signalbox.deployment',
  /** provider | estimated | none */
  USAGE_SOURCE: 'signalbox.usage.source',
  /** USD of this attempt; absent when the model has no price (then COST_SOURCE says unpriced). */
  COST_TOTAL: 'signalbox.cost.total',
  COST_INPUT: 'signalbox.cost.input',
  COST_OUTPUT: 'signalbox.cost.output',
  /** USD that cached input saved against fresh input; negative where writing the cache cost more. */
  COST_SAVED: 'signalbox.cost.cache_saved',
  /** list | override | provider | unpriced */
  COST_SOURCE: 'signalbox.cost.source',
  COST_PRICE_ID: 'signalbox.cost.price_id',
  /** USD of all attempts, on the SERVER span. */
  REQUEST_COST: 'signalbox.request.cost',
  CHUNKS: 'signalbox.stream.chunks',
  TOOLS_CALLED: 'signalbox.tools_called',
  UPSTREAM_REQUEST_ID: 'signalbox.upstream.request_id',
  /** Microseconds Signalbox itself added before the first byte of the answer. */
  OVERHEAD_US: 'signalbox.overhead_us',
  /** Raw bytes as they passed, secrets redacted; parsed in the collector (schemas/dialects). */
  CAPTURE_REQUEST: 'signalbox.capture.request',
  CAPTURE_RESPONSE: 'signalbox.capture.response',
  /** Original sizes in bytes, before `capture.max_bytes` cut them. */
  CAPTURE_REQUEST_SIZE: 'signalbox.capture.request_size',
  CAPTURE_RESPONSE_SIZE: 'signalbox.capture.response_size',
  /** Set when the payload was captured and then dropped because the spool was full. */
  CAPTURE_DROPPED: 'signalbox.capture.dropped',
  /** Set by the collector when it moved a time stamp that was out of bounds. */
  CLOCK_SKEW: 'signalbox.clock_skew',
} as const;

/** The units of a call's usage under the names of their attributes. */
export const UNIT_ATTRS = {
  cacheWrite1h: ATTR.CACHE_WRITE_1H_TOKENS,
  audioInput: ATTR.AUDIO_INPUT_TOKENS,
  audioCacheRead: ATTR.AUDIO_CACHE_READ_TOKENS,
  audioOutput: ATTR.AUDIO_OUTPUT_TOKENS,
  imageInput: ATTR.IMAGE_INPUT_TOKENS,
  imageOutput: ATTR.IMAGE_OUTPUT_TOKENS,
  toolInput: ATTR.TOOL_INPUT_TOKENS,
  searches: ATTR.SEARCHES,
  images: ATTR.IMAGES,
  seconds: ATTR.AUDIO_SECONDS,
  characters: ATTR.CHARACTERS,
} as const satisfies Record<keyof UsageUnits, string>;

export const SCOPE_PROXY = 'signalbox.proxy';
