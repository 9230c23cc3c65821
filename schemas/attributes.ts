// Every span attribute that Signalbox writes, under the name it is stored by.
// GenAI names follow the main branch of the OpenTelemetry GenAI conventions; older generations are read, never written
// (collector/processors/normalise). Token and cost attributes stand only on the CLIENT span of an attempt: every
// consumer sums spans, so a second copy on the SERVER span would be billed twice.

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

  // the SERVER span of one request
  HTTP_METHOD: 'http.request.method',
  HTTP_ROUTE: 'http.route',
  URL_PATH: 'url.path',
  HTTP_STATUS: 'http.response.status_code',
  CLIENT_ADDRESS: 'client.address',
  USER_AGENT: 'user_agent.original',
  USER_ID: 'user.id',
  SESSION_ID: 'session.id',

  // both
  REQUEST_ID: 'signalbox.request.id',
  /** ok | client_cancelled | upstream_error | truncated | refused | gateway_error | crashed; on the SERVER span. */
  OUTCOME: 'signalbox.outcome',
  ROUTE: 'signalbox.route.name',
  STRATEGY: 'signalbox.route.strategy',
  /** Why this target was chosen, as a person would say it. */
  REASON: 'signalbox.route.reason',
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
  /** list | override | unpriced */
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

export const SCOPE_PROXY = 'signalbox.proxy';
