// One judgement of one span or trace: from an evaluation event over OTLP, the API, a judge or a person.
// The row of the store's `scores` table.

export type ScoreSource = 'otlp' | 'api' | 'judge' | 'code' | 'human' | 'implicit';

export interface ScoreRow {
  team: string;
  /** When it was given, microseconds since 1970. */
  ts: number;
  /** The same for the same score, so that a retry replaces it and does not add another. */
  score_id: string;
  /** 32 lower-case hex digits, or '' for a score that names only a response. */
  trace_id: string;
  /** 16 lower-case hex digits, or '' for a whole trace. */
  span_id: string;
  name: string;
  source: ScoreSource;
  /** Meaningful only where has_value. */
  value: number;
  has_value: boolean;
  label: string;
  comment: string;
  /** gen_ai.response.id of the answer judged, where the sender gave no span. */
  response_id: string;
}
