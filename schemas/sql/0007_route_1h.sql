-- route_1m by the hour, and by team: what charts of more than a few days read. Two weeks are 80,000 rows of sketches
-- by the minute, and 1,400 by the hour. Filled from what is there before its views begin to feed it; the tokens let an
-- interrupted migration run again.
CREATE TABLE IF NOT EXISTS route_1h
(
    hour DateTime('UTC') CODEC(ZSTD(1)),
    scope Enum8('entry' = 0, 'call' = 1),
    team LowCardinality(String) CODEC(ZSTD(3)),
    provider LowCardinality(String) CODEC(ZSTD(3)),
    model LowCardinality(String) CODEC(ZSTD(3)),
    deployment LowCardinality(String) CODEC(ZSTD(3)),
    route LowCardinality(String) CODEC(ZSTD(3)),
    n SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
    errors SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
    cache_hits SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
    in_tok SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
    out_tok SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
    cost_usd SimpleAggregateFunction(sum, Decimal(38, 9)) CODEC(ZSTD(1)),
    priced SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
    unpriced SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
    speed_tok SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
    speed_ns SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
    lat AggregateFunction(quantilesTDigest(0.5, 0.9, 0.95, 0.99), Float32) CODEC(ZSTD(1)),
    ttft_n SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
    ttft AggregateFunction(quantilesTDigest(0.5, 0.9, 0.95, 0.99), Float32) CODEC(ZSTD(1))
)
ENGINE = {engine:AggregatingMergeTree}
PARTITION BY toYYYYMM(hour)
ORDER BY (scope, hour, team, provider, model, deployment, route)
TTL hour + toIntervalSecond({ttl:rollups})
SETTINGS ttl_only_drop_parts = 1, non_replicated_deduplication_window = 1000, auto_statistics_types = '';

INSERT INTO route_1h (hour, scope, team, provider, model, deployment, route, n, errors, cache_hits, in_tok, out_tok, cost_usd, priced, unpriced,
    speed_tok, speed_ns, lat, ttft_n, ttft)
SELECT
    toStartOfHour(ts) AS hour,
    'call' AS scope,
    team,
    provider,
    model,
    deployment,
    route,
    count() AS n,
    countIf(failed) AS errors,
    countIf(cache != 'none') AS cache_hits,
    sum(s.in_tok) AS in_tok,
    sum(s.out_tok) AS out_tok,
    sumIf(toDecimal128(s.cost_usd, 9), cost_known) AS cost_usd,
    countIf(cost_known) AS priced,
    countIf(NOT cost_known AND s.in_tok + s.out_tok > 0) AS unpriced,
    sumIf(s.out_tok, s.duration_ns > s.ttft_us * 1000) AS speed_tok,
    sumIf(s.duration_ns - s.ttft_us * 1000, s.out_tok > 0 AND s.duration_ns > s.ttft_us * 1000) AS speed_ns,
    quantilesTDigestState(0.5, 0.9, 0.95, 0.99)(toFloat32(duration_ns / 1e6)) AS lat,
    countIf(ttft_us > 0) AS ttft_n,
    quantilesTDigestStateIf(0.5, 0.9, 0.95, 0.99)(toFloat32(ttft_us / 1e3), ttft_us > 0) AS ttft
FROM spans AS s
WHERE is_call
GROUP BY hour, scope, team, provider, model, deployment, route
SETTINGS insert_deduplication_token = 'migration 7, calls', max_threads = 1, max_insert_threads = 1;

INSERT INTO route_1h (hour, scope, team, provider, model, deployment, route, n, errors, cache_hits, in_tok, out_tok, cost_usd, priced, unpriced,
    speed_tok, speed_ns, lat, ttft_n, ttft)
SELECT
    toStartOfHour(ts) AS hour,
    'entry' AS scope,
    team,
    '' AS provider,
    '' AS model,
    '' AS deployment,
    route,
    countIf(has_entry) AS n,
    countIf(failed) AS errors,
    countIf(cache != 'none') AS cache_hits,
    sum(p.in_tok) AS in_tok,
    sum(p.out_tok) AS out_tok,
    sum(toDecimal128(p.cost_usd, 9)) AS cost_usd,
    sum(p.priced) AS priced,
    sum(p.unpriced) AS unpriced,
    sumIf(p.out_tok, has_entry AND p.duration_ns > p.ttft_us * 1000) AS speed_tok,
    sumIf(p.duration_ns - p.ttft_us * 1000, p.out_tok > 0 AND p.duration_ns > p.ttft_us * 1000) AS speed_ns,
    quantilesTDigestStateIf(0.5, 0.9, 0.95, 0.99)(toFloat32(duration_ns / 1e6), has_entry) AS lat,
    countIf(ttft_us > 0) AS ttft_n,
    quantilesTDigestStateIf(0.5, 0.9, 0.95, 0.99)(toFloat32(ttft_us / 1e3), ttft_us > 0) AS ttft
FROM trace_parts AS p
GROUP BY hour, scope, team, provider, model, deployment, route
SETTINGS insert_deduplication_token = 'migration 7, entries', max_threads = 1, max_insert_threads = 1;

CREATE MATERIALIZED VIEW IF NOT EXISTS route_1h_calls_mv TO route_1h AS
SELECT
    toStartOfHour(ts) AS hour,
    'call' AS scope,
    team,
    provider,
    model,
    deployment,
    route,
    count() AS n,
    countIf(failed) AS errors,
    countIf(cache != 'none') AS cache_hits,
    sum(s.in_tok) AS in_tok,
    sum(s.out_tok) AS out_tok,
    sumIf(toDecimal128(s.cost_usd, 9), cost_known) AS cost_usd,
    countIf(cost_known) AS priced,
    countIf(NOT cost_known AND s.in_tok + s.out_tok > 0) AS unpriced,
    sumIf(s.out_tok, s.duration_ns > s.ttft_us * 1000) AS speed_tok,
    sumIf(s.duration_ns - s.ttft_us * 1000, s.out_tok > 0 AND s.duration_ns > s.ttft_us * 1000) AS speed_ns,
    quantilesTDigestState(0.5, 0.9, 0.95, 0.99)(toFloat32(duration_ns / 1e6)) AS lat,
    countIf(ttft_us > 0) AS ttft_n,
    quantilesTDigestStateIf(0.5, 0.9, 0.95, 0.99)(toFloat32(ttft_us / 1e3), ttft_us > 0) AS ttft
FROM spans AS s
WHERE is_call
GROUP BY hour, scope, team, provider, model, deployment, route;

CREATE MATERIALIZED VIEW IF NOT EXISTS route_1h_entries_mv TO route_1h AS
SELECT
    toStartOfHour(ts) AS hour,
    'entry' AS scope,
    team,
    '' AS provider,
    '' AS model,
    '' AS deployment,
    route,
    countIf(has_entry) AS n,
    countIf(failed) AS errors,
    countIf(cache != 'none') AS cache_hits,
    sum(p.in_tok) AS in_tok,
    sum(p.out_tok) AS out_tok,
    sum(toDecimal128(p.cost_usd, 9)) AS cost_usd,
    sum(p.priced) AS priced,
    sum(p.unpriced) AS unpriced,
    sumIf(p.out_tok, has_entry AND p.duration_ns > p.ttft_us * 1000) AS speed_tok,
    sumIf(p.duration_ns - p.ttft_us * 1000, p.out_tok > 0 AND p.duration_ns > p.ttft_us * 1000) AS speed_ns,
    quantilesTDigestStateIf(0.5, 0.9, 0.95, 0.99)(toFloat32(duration_ns / 1e6), has_entry) AS lat,
    countIf(ttft_us > 0) AS ttft_n,
    quantilesTDigestStateIf(0.5, 0.9, 0.95, 0.99)(toFloat32(ttft_us / 1e3), ttft_us > 0) AS ttft
FROM trace_parts AS p
GROUP BY hour, scope, team, provider, model, deployment, route;

-- The same numbers as before, for a quarter of the work: each bin is counted, and only the counts become a map.
ALTER TABLE dist_1h_mv MODIFY QUERY
SELECT
    hour,
    model,
    route,
    feature,
    sum(c) AS n,
    sum(t) AS total,
    sum(sq) AS total_sq,
    sumMap(map(bin, c)) AS bins
FROM
(
    SELECT
        toStartOfHour(ts) AS hour,
        model,
        route,
        pair.1 AS feature,
        toUInt8(least(255, floor(4 * log2(pair.2 + 1)))) AS bin,
        count() AS c,
        sum(pair.2) AS t,
        sum(pow(pair.2, 2)) AS sq
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
    GROUP BY hour, model, route, feature, bin
)
GROUP BY hour, model, route, feature;
