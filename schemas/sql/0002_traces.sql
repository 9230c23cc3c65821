-- From when to when a trace lies, so that a trace is found by its id alone: one row a trace once parts have merged.
CREATE TABLE IF NOT EXISTS trace_index
(
    trace_id FixedString(32) CODEC(ZSTD(1)),
    day Date,
    t0 SimpleAggregateFunction(min, DateTime64(6, 'UTC')) CODEC(ZSTD(1)),
    t1 SimpleAggregateFunction(max, DateTime64(6, 'UTC')) CODEC(ZSTD(1)),
    spans SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1))
)
ENGINE = {engine:AggregatingMergeTree}
PARTITION BY {partition:spans}(day)
ORDER BY (trace_id, day)
TTL day + toIntervalSecond({ttl:spans})
SETTINGS ttl_only_drop_parts = 1, index_granularity = 1024, non_replicated_deduplication_window = 1000;

CREATE MATERIALIZED VIEW IF NOT EXISTS trace_index_mv TO trace_index AS
SELECT trace_id, toDate(ts) AS day, min(ts) AS t0, max(ts) AS t1, count() AS spans
FROM spans
GROUP BY trace_id, day;

-- What the lists and facets read: one row a request (has_entry) with the totals of its own calls, as far as they came
-- in one batch, which the gateway's do. Calls without their request in the batch, and all other spans, stand in rows
-- without an entry, so that the sum over the rows of a trace is the trace, however its spans were cut into batches.
CREATE TABLE IF NOT EXISTS trace_parts
(
    ts DateTime64(6, 'UTC') CODEC(ZSTD(1)),
    trace_id FixedString(32) CODEC(ZSTD(1)),
    span_id String CODEC(ZSTD(1)),
    has_entry Bool,
    is_root Bool,
    t_end DateTime64(6, 'UTC') CODEC(ZSTD(1)),
    team LowCardinality(String) CODEC(ZSTD(3)),
    name LowCardinality(String) CODEC(ZSTD(3)),
    service LowCardinality(String) CODEC(ZSTD(3)),
    env LowCardinality(String) CODEC(ZSTD(3)),
    source Enum8('gateway' = 0, 'otlp' = 1, 'eval' = 2, 'playground' = 3, 'canary' = 4),
    route LowCardinality(String) CODEC(ZSTD(3)),
    key_id LowCardinality(String) CODEC(ZSTD(3)),
    user_id String CODEC(ZSTD(3)),
    session_id String CODEC(ZSTD(3)),
    tags Map(LowCardinality(String), String) CODEC(ZSTD(3)),
    status Enum8('unset' = 0, 'ok' = 1, 'error' = 2),
    failed Bool,
    error_type LowCardinality(String) CODEC(ZSTD(3)),
    http_status UInt16,
    outcome LowCardinality(String) CODEC(ZSTD(3)),
    cache Enum8('none' = 0, 'exact' = 1, 'semantic' = 2),
    stream Bool,
    duration_ns UInt64 CODEC(T64, ZSTD(1)),
    ttft_us UInt64 CODEC(T64, ZSTD(1)),
    in_preview String CODEC(ZSTD(3)),
    out_preview String CODEC(ZSTD(3)),
    spans UInt32 CODEC(T64, ZSTD(1)),
    errors UInt32 CODEC(T64, ZSTD(1)),
    calls UInt32 CODEC(T64, ZSTD(1)),
    ops Array(LowCardinality(String)) CODEC(ZSTD(3)),
    providers Array(LowCardinality(String)) CODEC(ZSTD(3)),
    models Array(LowCardinality(String)) CODEC(ZSTD(3)),
    deployments Array(LowCardinality(String)) CODEC(ZSTD(3)),
    prompts Array(LowCardinality(String)) CODEC(ZSTD(3)),
    finishes Array(LowCardinality(String)) CODEC(ZSTD(3)),
    in_tok UInt64 CODEC(T64, ZSTD(1)),
    out_tok UInt64 CODEC(T64, ZSTD(1)),
    estimated UInt32 CODEC(T64, ZSTD(1)),
    cost_usd Decimal64(9) CODEC(ZSTD(1)),
    priced UInt32 CODEC(T64, ZSTD(1)),
    unpriced UInt32 CODEC(T64, ZSTD(1)),
    INDEX i_user user_id TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX i_session session_id TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX t_preview lower(concat(in_preview, ' ', out_preview)) TYPE text(tokenizer = splitByNonAlpha)
)
ENGINE = {engine:MergeTree}
PARTITION BY {partition:spans}(ts)
ORDER BY (has_entry, ts, trace_id)
TTL toDateTime(ts) + toIntervalSecond({ttl:spans})
SETTINGS ttl_only_drop_parts = 1, index_granularity = 1024, non_replicated_deduplication_window = 1000;

CREATE MATERIALIZED VIEW IF NOT EXISTS trace_parts_mv TO trace_parts AS
WITH
    -- when the caller saw the first token: the request's own word for it, else that of its calls
    minIf(toUnixTimestamp64Micro(s.ts) + toInt64(s.ttft_us), s.ttft_us > 0 AND (s.is_call OR s.is_entry)) AS first_token
SELECT
    s.trace_id AS trace_id,
    max(s.is_entry) AS has_entry,
    if(has_entry, anyIf(s.ts, s.is_entry), min(s.ts)) AS ts,
    if(has_entry, s.owner, '') AS span_id,
    maxIf(s.is_root, s.is_entry) AS is_root,
    max(s.ts + toIntervalMicrosecond(intDiv(s.duration_ns, 1000))) AS t_end,
    if(has_entry, anyIf(s.team, s.is_entry), any(s.team)) AS team,
    anyIf(s.name, s.is_entry) AS name,
    if(has_entry, anyIf(s.service, s.is_entry), any(s.service)) AS service,
    anyIf(s.env, s.is_entry) AS env,
    if(has_entry, anyIf(s.source, s.is_entry), any(s.source)) AS source,
    anyIf(s.route, s.is_entry) AS route,
    anyIf(s.key_id, s.is_entry) AS key_id,
    anyIf(s.user_id, s.is_entry) AS user_id,
    anyIf(s.session_id, s.is_entry) AS session_id,
    anyIf(s.tags, s.is_entry) AS tags,
    anyIf(s.status, s.is_entry) AS status,
    maxIf(s.failed, s.is_entry) AS failed,
    anyIf(s.error_type, s.is_entry) AS error_type,
    anyIf(s.http_status, s.is_entry) AS http_status,
    anyIf(s.outcome, s.is_entry) AS outcome,
    anyIf(s.cache, s.is_entry) AS cache,
    anyIf(s.stream, s.is_entry) AS stream,
    anyIf(s.duration_ns, s.is_entry) AS duration_ns,
    if(has_entry AND first_token > 0, toUInt64(greatest(0, first_token - toUnixTimestamp64Micro(ts))), 0) AS ttft_us,
    if(has_entry, anyIf(s.in_preview, s.in_preview != ''), '') AS in_preview,
    if(has_entry, anyLastIf(s.out_preview, s.out_preview != ''), '') AS out_preview,
    count() AS spans,
    countIf(s.failed) AS errors,
    countIf(s.is_call) AS calls,
    arrayFilter(x -> x != '', groupUniqArray(s.op)) AS ops,
    arrayFilter(x -> x != '', groupUniqArrayIf(s.provider, s.is_call)) AS providers,
    arrayFilter(x -> x != '', groupUniqArrayIf(s.model, s.is_call)) AS models,
    arrayFilter(x -> x != '', groupUniqArrayIf(s.deployment, s.is_call)) AS deployments,
    arrayFilter(x -> x != '', groupUniqArrayIf(s.prompt_name, s.is_call)) AS prompts,
    arrayFilter(x -> x != '', groupUniqArrayIf(s.finish_reason, s.is_call)) AS finishes,
    sumIf(s.in_tok, s.is_call) AS in_tok,
    sumIf(s.out_tok, s.is_call) AS out_tok,
    countIf(s.is_call AND s.usage_source = 'estimated') AS estimated,
    sumIf(s.cost_usd, s.is_call AND s.cost_known) AS cost_usd,
    countIf(s.is_call AND s.cost_known) AS priced,
    countIf(s.is_call AND NOT s.cost_known AND s.in_tok + s.out_tok > 0) AS unpriced
FROM
(
    -- an entry is its own owner, a call belongs to its parent, every other span to nobody
    SELECT *, is_call, failed, if(is_entry, toString(span_id), if(is_call, parent_span_id, '')) AS owner
    FROM spans
) AS s
GROUP BY s.trace_id, s.owner;
