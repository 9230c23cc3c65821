-- One row a span, written once and never changed, and the prompts and answers beside it in a table of their own,
-- which lives shorter. Placeholders in braces are filled in by collector/store/migrate.ts.
--
-- The key starts with the time, so that the newest rows are read first whatever the filter; within five minutes the
-- spans of a trace lie together. Partitions are weeks, or days where the retention is short: a TTL drops whole parts,
-- few partitions keep few parts, and one batch touches at most 32.
CREATE TABLE IF NOT EXISTS spans
(
    team LowCardinality(String) CODEC(ZSTD(3)),
    ts DateTime64(6, 'UTC') CODEC(ZSTD(1)),
    ts_received DateTime64(3, 'UTC') CODEC(ZSTD(1)),
    trace_id FixedString(32) CODEC(ZSTD(1)),
    span_id FixedString(16) CODEC(ZSTD(1)),
    parent_span_id String CODEC(ZSTD(1)),
    is_root Bool,
    is_entry Bool,
    name LowCardinality(String) CODEC(ZSTD(3)),
    kind Enum8('internal' = 0, 'server' = 1, 'client' = 2, 'producer' = 3, 'consumer' = 4),
    op LowCardinality(String) CODEC(ZSTD(3)),
    service LowCardinality(String) CODEC(ZSTD(3)),
    env LowCardinality(String) CODEC(ZSTD(3)),
    source Enum8('gateway' = 0, 'otlp' = 1, 'eval' = 2, 'playground' = 3, 'canary' = 4),
    provider LowCardinality(String) CODEC(ZSTD(3)),
    model LowCardinality(String) CODEC(ZSTD(3)),
    model_returned LowCardinality(String) CODEC(ZSTD(3)),
    deployment LowCardinality(String) CODEC(ZSTD(3)),
    route LowCardinality(String) CODEC(ZSTD(3)),
    reason String CODEC(ZSTD(3)),
    attempt UInt8,
    prompt_name LowCardinality(String) CODEC(ZSTD(3)),
    prompt_version LowCardinality(String) CODEC(ZSTD(3)),
    key_id LowCardinality(String) CODEC(ZSTD(3)),
    user_id String CODEC(ZSTD(3)),
    session_id String CODEC(ZSTD(3)),
    tags Map(LowCardinality(String), String) CODEC(ZSTD(3)),
    status Enum8('unset' = 0, 'ok' = 1, 'error' = 2),
    status_message String CODEC(ZSTD(3)),
    error_type LowCardinality(String) CODEC(ZSTD(3)),
    http_status UInt16,
    outcome LowCardinality(String) CODEC(ZSTD(3)),
    finish_reason LowCardinality(String) CODEC(ZSTD(3)),
    cache Enum8('none' = 0, 'exact' = 1, 'semantic' = 2),
    stream Bool,
    duration_ns UInt64 CODEC(T64, ZSTD(1)),
    ttft_us UInt64 CODEC(T64, ZSTD(1)),
    overhead_us UInt32 CODEC(T64, ZSTD(1)),
    in_tok UInt32 CODEC(T64, ZSTD(1)),
    in_cache_read UInt32 CODEC(T64, ZSTD(1)),
    in_cache_write UInt32 CODEC(T64, ZSTD(1)),
    out_tok UInt32 CODEC(T64, ZSTD(1)),
    out_reasoning UInt32 CODEC(T64, ZSTD(1)),
    usage_source Enum8('none' = 0, 'estimated' = 1, 'provider' = 2),
    cost_usd Decimal64(9) CODEC(ZSTD(1)),
    cost_known Bool,
    price_id LowCardinality(String) CODEC(ZSTD(3)),
    tools_called Array(LowCardinality(String)) CODEC(ZSTD(3)),
    in_preview String CODEC(ZSTD(3)),
    out_preview String CODEC(ZSTD(3)),
    attrs Map(LowCardinality(String), String) CODEC(ZSTD(3)),
    -- JSON arrays, read back whole
    events String CODEC(ZSTD(3)),
    links String CODEC(ZSTD(3)),
    -- one call to a model: the only rows whose tokens and cost are summed (isModelCall of schemas/span.ts)
    is_call Bool MATERIALIZED op IN ('chat', 'generate_content', 'text_completion', 'embeddings') AND kind != 'server',
    -- what people mean by "went wrong": an error, or a request that ended badly without one
    failed Bool MATERIALIZED status = 'error' OR outcome IN ('upstream_error', 'truncated', 'gateway_error', 'crashed'),
    INDEX i_received ts_received TYPE minmax GRANULARITY 1
)
ENGINE = {engine:MergeTree}
PARTITION BY {partition:spans}(ts)
ORDER BY (toStartOfFiveMinutes(ts), trace_id, ts)
TTL toDateTime(ts) + toIntervalSecond({ttl:spans})
SETTINGS ttl_only_drop_parts = 1, non_replicated_deduplication_window = 1000;

CREATE TABLE IF NOT EXISTS span_io
(
    team LowCardinality(String) CODEC(ZSTD(3)),
    ts DateTime64(6, 'UTC') CODEC(ZSTD(1)),
    trace_id FixedString(32) CODEC(ZSTD(1)),
    span_id FixedString(16) CODEC(ZSTD(1)),
    input String CODEC(ZSTD(3)),
    output String CODEC(ZSTD(3)),
    raw_request String CODEC(ZSTD(3)),
    raw_response String CODEC(ZSTD(3)),
    request_size UInt64 CODEC(T64, ZSTD(1)),
    response_size UInt64 CODEC(T64, ZSTD(1)),
    INDEX t_input lower(input) TYPE text(tokenizer = splitByNonAlpha),
    INDEX t_output lower(output) TYPE text(tokenizer = splitByNonAlpha)
)
ENGINE = {engine:MergeTree}
PARTITION BY {partition:payloads}(ts)
ORDER BY (toStartOfFiveMinutes(ts), trace_id, ts)
TTL toDateTime(ts) + toIntervalSecond({ttl:payloads})
SETTINGS ttl_only_drop_parts = 1, non_replicated_deduplication_window = 1000,
    index_granularity = 1024, index_granularity_bytes = 67108864;
