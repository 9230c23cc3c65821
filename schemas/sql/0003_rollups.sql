-- What charts, budgets, drift and routing read. Fed by views on each inserted block, under the block's own
-- deduplication token, so that a batch sent twice is counted once here as well.
--
-- Per minute. scope 'call': one model call at one deployment. scope 'entry': one request as its caller
-- saw it, with the tokens and cost of its calls (and those of calls whose request came in another batch).
CREATE TABLE IF NOT EXISTS route_1m
(
    minute DateTime('UTC') CODEC(ZSTD(1)),
    scope Enum8('entry' = 0, 'call' = 1),
    provider LowCardinality(String) CODEC(ZSTD(3)),
    model LowCardinality(String) CODEC(ZSTD(3)),
    deployment LowCardinality(String) CODEC(ZSTD(3)),
    route LowCardinality(String) CODEC(ZSTD(3)),
    n SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
    errors SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
    timeouts SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
    rate_limited SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
    cache_hits SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
    in_tok SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
    out_tok SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
    cost_usd SimpleAggregateFunction(sum, Decimal(38, 9)) CODEC(ZSTD(1)),
    priced SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
    unpriced SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
    -- tokens that were written while somebody watched the clock, and the time it took
    speed_tok SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
    speed_ns SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
    -- milliseconds
    lat_sum SimpleAggregateFunction(sum, Float64) CODEC(ZSTD(1)),
    lat_sumsq SimpleAggregateFunction(sum, Float64) CODEC(ZSTD(1)),
    lat AggregateFunction(quantilesTDigest(0.5, 0.9, 0.95, 0.99), Float32) CODEC(ZSTD(1)),
    ttft_n SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
    ttft AggregateFunction(quantilesTDigest(0.5, 0.9, 0.95, 0.99), Float32) CODEC(ZSTD(1))
)
ENGINE = {engine:AggregatingMergeTree}
PARTITION BY toYYYYMM(minute)
ORDER BY (scope, minute, provider, model, deployment, route)
TTL minute + toIntervalSecond({ttl:rollups})
SETTINGS ttl_only_drop_parts = 1, non_replicated_deduplication_window = 1000;

CREATE MATERIALIZED VIEW IF NOT EXISTS route_1m_calls_mv TO route_1m AS
SELECT
    toStartOfMinute(ts) AS minute,
    'call' AS scope,
    provider,
    model,
    deployment,
    route,
    count() AS n,
    countIf(failed) AS errors,
    countIf(error_type = 'timeout') AS timeouts,
    countIf(http_status = 429) AS rate_limited,
    countIf(cache != 'none') AS cache_hits,
    sum(s.in_tok) AS in_tok,
    sum(s.out_tok) AS out_tok,
    sumIf(toDecimal128(s.cost_usd, 9), cost_known) AS cost_usd,
    countIf(cost_known) AS priced,
    countIf(NOT cost_known AND s.in_tok + s.out_tok > 0) AS unpriced,
    sumIf(s.out_tok, s.duration_ns > s.ttft_us * 1000) AS speed_tok,
    sumIf(s.duration_ns - s.ttft_us * 1000, s.out_tok > 0 AND s.duration_ns > s.ttft_us * 1000) AS speed_ns,
    sum(duration_ns / 1e6) AS lat_sum,
    sum(pow(duration_ns / 1e6, 2)) AS lat_sumsq,
    quantilesTDigestState(0.5, 0.9, 0.95, 0.99)(toFloat32(duration_ns / 1e6)) AS lat,
    countIf(ttft_us > 0) AS ttft_n,
    quantilesTDigestStateIf(0.5, 0.9, 0.95, 0.99)(toFloat32(ttft_us / 1e3), ttft_us > 0) AS ttft
FROM spans AS s
WHERE is_call
GROUP BY minute, scope, provider, model, deployment, route;

CREATE MATERIALIZED VIEW IF NOT EXISTS route_1m_entries_mv TO route_1m AS
SELECT
    toStartOfMinute(ts) AS minute,
    'entry' AS scope,
    '' AS provider,
    '' AS model,
    '' AS deployment,
    route,
    countIf(has_entry) AS n,
    countIf(failed) AS errors,
    countIf(error_type = 'timeout') AS timeouts,
    countIf(http_status = 429) AS rate_limited,
    countIf(cache != 'none') AS cache_hits,
    sum(p.in_tok) AS in_tok,
    sum(p.out_tok) AS out_tok,
    sum(toDecimal128(p.cost_usd, 9)) AS cost_usd,
    sum(p.priced) AS priced,
    sum(p.unpriced) AS unpriced,
    sumIf(p.out_tok, has_entry AND p.duration_ns > p.ttft_us * 1000) AS speed_tok,
    sumIf(p.duration_ns - p.ttft_us * 1000, p.out_tok > 0 AND p.duration_ns > p.ttft_us * 1000) AS speed_ns,
    sum(duration_ns / 1e6) AS lat_sum,
    sum(pow(duration_ns / 1e6, 2)) AS lat_sumsq,
    quantilesTDigestStateIf(0.5, 0.9, 0.95, 0.99)(toFloat32(duration_ns / 1e6), has_entry) AS lat,
    countIf(ttft_us > 0) AS ttft_n,
    quantilesTDigestStateIf(0.5, 0.9, 0.95, 0.99)(toFloat32(ttft_us / 1e3), ttft_us > 0) AS ttft
FROM trace_parts AS p
GROUP BY minute, scope, provider, model, deployment, route;

-- Per hour, for bills and budgets.
CREATE TABLE IF NOT EXISTS usage_1h
(
    hour DateTime('UTC') CODEC(ZSTD(1)),
    team LowCardinality(String) CODEC(ZSTD(3)),
    key_id LowCardinality(String) CODEC(ZSTD(3)),
    provider LowCardinality(String) CODEC(ZSTD(3)),
    model LowCardinality(String) CODEC(ZSTD(3)),
    n SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
    errors SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
    in_tok SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
    in_cache_read SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
    in_cache_write SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
    out_tok SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
    out_reasoning SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
    cost_usd SimpleAggregateFunction(sum, Decimal(38, 9)) CODEC(ZSTD(1)),
    priced SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
    unpriced SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1))
)
ENGINE = {engine:AggregatingMergeTree}
PARTITION BY toYYYYMM(hour)
ORDER BY (team, hour, key_id, provider, model)
TTL hour + toIntervalSecond({ttl:rollups})
SETTINGS ttl_only_drop_parts = 1, non_replicated_deduplication_window = 1000;

CREATE MATERIALIZED VIEW IF NOT EXISTS usage_1h_mv TO usage_1h AS
SELECT
    toStartOfHour(ts) AS hour,
    team,
    key_id,
    provider,
    model,
    count() AS n,
    countIf(failed) AS errors,
    sum(s.in_tok) AS in_tok,
    sum(s.in_cache_read) AS in_cache_read,
    sum(s.in_cache_write) AS in_cache_write,
    sum(s.out_tok) AS out_tok,
    sum(s.out_reasoning) AS out_reasoning,
    sumIf(toDecimal128(s.cost_usd, 9), cost_known) AS cost_usd,
    countIf(cost_known) AS priced,
    countIf(NOT cost_known AND s.in_tok + s.out_tok > 0) AS unpriced
FROM spans AS s
WHERE is_call
GROUP BY hour, team, key_id, provider, model;

-- Per hour, the shape of every number of a model's calls: how many fell into which bin. A bin is a quarter of a
-- doubling, floor(4 * log2(x + 1)), the same for ever, so that any two hours can be compared.
CREATE TABLE IF NOT EXISTS dist_1h
(
    hour DateTime('UTC') CODEC(ZSTD(1)),
    model LowCardinality(String) CODEC(ZSTD(3)),
    route LowCardinality(String) CODEC(ZSTD(3)),
    feature Enum8('latency_ms' = 0, 'ttft_ms' = 1, 'in_tok' = 2, 'out_tok' = 3),
    n SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
    total SimpleAggregateFunction(sum, Float64) CODEC(ZSTD(1)),
    total_sq SimpleAggregateFunction(sum, Float64) CODEC(ZSTD(1)),
    bins SimpleAggregateFunction(sumMap, Map(UInt8, UInt64)) CODEC(ZSTD(1))
)
ENGINE = {engine:AggregatingMergeTree}
PARTITION BY toYYYYMM(hour)
ORDER BY (model, route, feature, hour)
TTL hour + toIntervalSecond({ttl:rollups})
SETTINGS ttl_only_drop_parts = 1, non_replicated_deduplication_window = 1000;

CREATE MATERIALIZED VIEW IF NOT EXISTS dist_1h_mv TO dist_1h AS
SELECT
    toStartOfHour(ts) AS hour,
    model,
    route,
    pair.1 AS feature,
    count() AS n,
    sum(pair.2) AS total,
    sum(pow(pair.2, 2)) AS total_sq,
    sumMap(map(toUInt8(least(255, floor(4 * log2(pair.2 + 1)))), toUInt64(1))) AS bins
FROM
(
    SELECT
        ts,
        model,
        route,
        arrayJoin([
            ('latency_ms', duration_ns / 1e6), ('ttft_ms', ttft_us / 1e3),
            ('in_tok', toFloat64(in_tok)), ('out_tok', toFloat64(out_tok))
        ]) AS pair
    FROM spans
    WHERE is_call AND NOT failed
)
WHERE pair.1 != 'ttft_ms' OR pair.2 > 0
GROUP BY hour, model, route, feature;
