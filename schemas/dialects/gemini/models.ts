// What Gemini models take, by generation.

export interface GeminiTraits {
  /** `level`: a word for how hard to think; bounds: a number of tokens between them; `none`: it does not think. */
  readonly thinking: 'level' | 'none' | { readonly least: number; readonly most: number };
  /** It can be told not to think. */
  readonly off: boolean;
  /** The word for the least it can think. */
  readonly least: 'MINIMAL' | 'LOW';
  /** Function calls of the conversation must carry the signature of the thought behind them. */
  readonly signedCalls: boolean;
  /** Results of functions may hold images. */
  readonly mediaResults: boolean;
}

const NEWEST: GeminiTraits = {
  thinking: 'level',
  off: false,
  least: 'MINIMAL',
  signedCalls: true,
  mediaResults: true,
};
const OLDER = { off: true, least: 'MINIMAL', signedCalls: false, mediaResults: false } as const;

/** The first that fits counts. */
const FAMILIES: readonly (readonly [RegExp, GeminiTraits])[] = [
  [/gemini-2\.5-pro/, { ...OLDER, off: false, thinking: { least: 128, most: 32_768 } }],
  [/gemini-2\.5-flash-lite/, { ...OLDER, thinking: { least: 512, most: 24_576 } }],
  [/gemini-2\.5/, { ...OLDER, thinking: { least: 0, most: 24_576 } }],
  [/gemini-(?:1|2)(?!\d)/, { ...OLDER, thinking: 'none' }],
  [/gemini-\d.*-pro/, { ...NEWEST, least: 'LOW' }],
  [/gemini-\d/, NEWEST],
  [/gemma|learnlm/, { ...OLDER, thinking: 'none' }],
];

/** A name that is no Gemini's (a tuned model, an alias) is taken for the newest, without demands. */
export function geminiTraits(model: string): GeminiTraits {
  return FAMILIES.find(([name]) => name.test(model))?.[1] ?? { ...NEWEST, off: true, signedCalls: false };
}
