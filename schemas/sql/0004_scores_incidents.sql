-- Judgements of answers. The same score_id replaces: read with FINAL, by trace or by name.
CREATE TABLE IF NOT EXISTS scores
(
    team LowCardinality(String) CODEC(ZSTD(3)),
    ts DateTime64(6, 'UTC') CODEC(ZSTD(1)),
    score_id String CODEC(ZSTD(1)),
    trace_id String CODEC(ZSTD(1)),
    span_id String CODEC(ZSTD(1)),
    name LowCardinality(String) CODEC(ZSTD(3)),
    source Enum8('otlp' = 0, 'api' = 1, 'judge' = 2, 'code' = 3, 'human' = 4, 'implicit' = 5),
    value Float64 CODEC(ZSTD(1)),
    has_value Bool,
    label String CODEC(ZSTD(3)),
    comment String CODEC(ZSTD(3)),
    response_id String CODEC(ZSTD(1)),
    INDEX i_trace trace_id TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = {engine:ReplacingMergeTree(ts)}
PARTITION BY toYYYYMM(ts)
ORDER BY (name, score_id)
TTL toDateTime(ts) + toIntervalSecond({ttl:rollups})
SETTINGS non_replicated_deduplication_window = 1000;

CREATE TABLE IF NOT EXISTS incidents
(
    id String,
    rule String,
    fingerprint String,
    state LowCardinality(String),
    severity LowCardinality(String),
    metric LowCardinality(String),
    observed Float64,
    expected Float64,
    score Float64,
    window_start DateTime64(3, 'UTC'),
    window_end DateTime64(3, 'UTC'),
    group_keys Map(LowCardinality(String), String),
    causes String CODEC(ZSTD(3)),
    exemplars Array(String),
    first_seen DateTime64(3, 'UTC'),
    last_seen DateTime64(3, 'UTC'),
    notified_at DateTime64(3, 'UTC'),
    version UInt64
)
ENGINE = {engine:ReplacingMergeTree(version)}
ORDER BY id;
