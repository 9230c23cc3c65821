// What a call costs: a price for (provider, model) from the public table of @pydantic/genai-prices or from the config's
// overrides, and the arithmetic. A model without a price is `unpriced`; it is never free by accident.

export interface Cost {
  /** USD. */
  readonly total: number;
  readonly input: number;
  readonly output: number;
  readonly source: 'list' | 'override';
  /** Which price it was: `openai/gpt-5-mini@genai-prices-0.1.8` or `local/llama@config`. */
  readonly priceId: string;
}
