// What the API says about money: GET /cost, /usage, /prices, /providers, POST /reprice. Part of schemas/api.ts.
// Costs are USD. null is "nobody knows", never zero.

/** What a bill can be cut by; `tag.NAME` is a further one. */
export const COST_BY = [
  'provider', 'deployment', 'model', 'route', 'team', 'user', 'key', 'prompt', 'tier',
] as const; // prettier-ignore
export type CostBy = (typeof COST_BY)[number] | `tag.${string}`;

/** Sums over calls of models. */
export interface CostSums {
  readonly calls: number;
  /** All input; the next two are parts of it. */
  readonly in_tok: number;
  readonly in_cache_read: number;
  readonly in_cache_write: number;
  readonly out_tok: number;
  readonly out_reasoning: number;
  /** Of the calls whose cost is known; null when there is none. */
  readonly cost_usd: number | null;
  /** What cached input saved against the price of fresh input, less what writing the cache cost more; may be negative. */
  readonly cache_saved_usd: number;
  /** Calls that used something whose price nobody knows, and their tokens. */
  readonly unpriced: number;
  readonly unpriced_tok: number;
  /** Calls whose provider did not count: their tokens are ours. */
  readonly estimated: number;
}

export interface CostLine extends CostSums {
  /** Value of the dimension; '' where the call has none, null in the line that sums up the smaller groups. */
  readonly group: string | null;
  /** Cost of each step; null where no cost is known. */
  readonly points: readonly (readonly [time: number, cost_usd: number | null])[];
}

/** What is used and has no price: first on the page, since every sum lacks it. */
export interface UnpricedUsage {
  readonly provider: string;
  readonly model: string;
  readonly calls: number;
  readonly in_tok: number;
  readonly out_tok: number;
  /** What to write into the config to price it: a line of `prices`. */
  readonly config: string;
}

/** The calendar month (UTC) in which `to` lies. */
export interface CostMonth {
  /** First millisecond of the month and of the next. */
  readonly from: number;
  readonly to: number;
  readonly so_far_usd: number;
  /** Of the whole month; null where there is too little history to say anything. */
  readonly expected_usd: number | null;
  /** Nine of ten months like these days end between them. */
  readonly low_usd: number | null;
  readonly high_usd: number | null;
  readonly method: 'weekdays' | 'average' | 'none';
  /** How it was made and what it does not know, as a sentence. */
  readonly words: string;
}

/** GET /cost?by&from&to&step */
export interface CostReport {
  readonly from: number;
  readonly to: number;
  readonly step: number;
  readonly by: string;
  /** Before this moment there is nothing to cut by this dimension (it lives as long as spans do). */
  readonly kept_from: number;
  readonly unpriced: readonly UnpricedUsage[];
  readonly total: CostLine;
  /** Largest cost first, at most 50; the rest is one line with group null. */
  readonly lines: readonly CostLine[];
  readonly month: CostMonth;
}

/** One row of GET /usage?from&to&provider: what a bill or a spreadsheet is made of. */
export interface UsageLine extends CostSums {
  /** `2026-11-22`, UTC. */
  readonly day: string;
  readonly provider: string;
  readonly deployment: string;
  readonly model: string;
}

export interface UsageReport {
  readonly from: number;
  readonly to: number;
  readonly rows: readonly UsageLine[];
}

/** USD per million tokens; searches and requests per thousand, images, seconds and characters as their names say. */
export interface PriceRates {
  readonly input: number | null;
  readonly output: number | null;
  readonly cache_read: number | null;
  readonly cache_write: number | null;
  readonly cache_write_1h: number | null;
  readonly reasoning: number | null;
  readonly audio_input: number | null;
  readonly audio_cache_read: number | null;
  readonly audio_output: number | null;
  readonly image_input: number | null;
  readonly image_output: number | null;
  readonly tool_input: number | null;
  readonly searches: number | null;
  readonly requests: number | null;
  /** USD an image. */
  readonly images: number | null;
  /** USD an hour of audio. */
  readonly audio_hours: number | null;
  /** USD a million characters. */
  readonly characters: number | null;
}

export interface PriceEntry {
  readonly provider: string;
  readonly model: string;
  readonly price_id: string;
  readonly source: 'list' | 'override';
  readonly rates: PriceRates;
  /** Rates of calls whose input is larger than `above` tokens; they hold for all tokens of the call. */
  readonly steps: readonly { readonly above: number; readonly rates: Partial<PriceRates> }[];
  /** What a service tier costs, as a factor of the rates above. */
  readonly tiers: readonly { readonly tier: string; readonly factor: number }[];
  /** Which of the rates held from when on, newest first; empty where they never changed. */
  readonly history: readonly { readonly from: string; readonly rates: PriceRates }[];
  /** Calls in the range of the question; 0 for a price nobody used. */
  readonly calls: number;
}

/** GET /prices?q&used&from&to&limit */
export interface PriceList {
  /** The table and its version. */
  readonly table: string;
  /** All that the table and the config price. */
  readonly models: number;
  /** How many match the question; `prices` may be fewer. */
  readonly matching: number;
  readonly prices: readonly PriceEntry[];
}

/** One deployment in one step; null numbers where nothing was called. */
export interface ProviderCell {
  readonly time: number;
  readonly calls: number;
  readonly error_rate: number | null;
  /** Milliseconds. */
  readonly latency_p50: number | null;
  readonly latency_p95: number | null;
  readonly ttft_p50: number | null;
}

export interface ProviderHealth {
  readonly provider: string;
  readonly deployment: string;
  readonly models: readonly string[];
  readonly calls: number;
  readonly errors: number;
  readonly timeouts: number;
  readonly rate_limited: number;
  readonly latency_p50: number | null;
  readonly latency_p95: number | null;
  readonly ttft_p50: number | null;
  readonly in_tok: number;
  readonly out_tok: number;
  readonly cost_usd: number | null;
  readonly unpriced: number;
  /** One for every step of the range, in order. */
  readonly cells: readonly ProviderCell[];
}

/** GET /providers?from&to&step: latency and errors of each deployment over time. */
export interface ProviderReport {
  readonly from: number;
  readonly to: number;
  readonly step: number;
  readonly providers: readonly ProviderHealth[];
}

/** What POST /reprice did, or with `dry_run` would do. */
export interface RepriceReport {
  readonly from: number;
  readonly to: number;
  readonly dry_run: boolean;
  /** Calls looked at, and those whose cost changes. */
  readonly calls: number;
  readonly changed: number;
  readonly models: readonly {
    readonly provider: string;
    readonly model: string;
    readonly calls: number;
    readonly changed: number;
    readonly old_usd: number;
    readonly new_usd: number;
    /** Calls without a price before and after. */
    readonly old_unpriced: number;
    readonly new_unpriced: number;
    readonly price_ids: readonly string[];
  }[];
}
