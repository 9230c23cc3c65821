-- What a bill is made of: units beside tokens, the service tier, what the cache saved. And bills by more dimensions: the
-- hourly rollup learns deployment, route, prompt and tier, by columns that stand last in its key.
ALTER TABLE spans
    ADD COLUMN IF NOT EXISTS service_tier LowCardinality(String) CODEC(ZSTD(3)),
    ADD COLUMN IF NOT EXISTS units Map(LowCardinality(String), Float64) CODEC(ZSTD(3)),
    ADD COLUMN IF NOT EXISTS saved_usd Float64 CODEC(ZSTD(1));

DROP VIEW IF EXISTS usage_1h_mv;

ALTER TABLE usage_1h
    ADD COLUMN IF NOT EXISTS deployment LowCardinality(String) CODEC(ZSTD(3)),
    ADD COLUMN IF NOT EXISTS route LowCardinality(String) CODEC(ZSTD(3)),
    ADD COLUMN IF NOT EXISTS prompt LowCardinality(String) CODEC(ZSTD(3)),
    ADD COLUMN IF NOT EXISTS tier LowCardinality(String) CODEC(ZSTD(3)),
    ADD COLUMN IF NOT EXISTS unpriced_tok SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
    ADD COLUMN IF NOT EXISTS estimated SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
    ADD COLUMN IF NOT EXISTS saved_usd SimpleAggregateFunction(sum, Float64) CODEC(ZSTD(1)),
    MODIFY ORDER BY (team, hour, key_id, provider, model, deployment, route, prompt, tier);

CREATE MATERIALIZED VIEW IF NOT EXISTS usage_1h_mv TO usage_1h AS
SELECT
    toStartOfHour(ts) AS hour,
    team,
    key_id,
    provider,
    model,
    deployment,
    route,
    if(prompt_name = '', '', concat(prompt_name, '@', prompt_version)) AS prompt,
    service_tier AS tier,
    count() AS n,
    countIf(failed) AS errors,
    sum(s.in_tok) AS in_tok,
    sum(s.in_cache_read) AS in_cache_read,
    sum(s.in_cache_write) AS in_cache_write,
    sum(s.out_tok) AS out_tok,
    sum(s.out_reasoning) AS out_reasoning,
    sumIf(toDecimal128(s.cost_usd, 9), cost_known) AS cost_usd,
    countIf(cost_known) AS priced,
    countIf(NOT cost_known AND (s.in_tok + s.out_tok > 0 OR notEmpty(s.units))) AS unpriced,
    sumIf(s.in_tok + s.out_tok, NOT cost_known) AS unpriced_tok,
    countIf(usage_source = 'estimated') AS estimated,
    sum(s.saved_usd) AS saved_usd
FROM spans AS s
WHERE is_call
GROUP BY hour, team, key_id, provider, model, deployment, route, prompt, tier;
