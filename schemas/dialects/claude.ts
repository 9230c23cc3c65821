// What Claude models take and refuse, by generation. A name that is no Claude's belongs to a server that stands in for
// Anthropic: it gets what the API allows, and no guesses.

export interface ClaudeTraits {
  /** Tokens of an answer whose caller set no limit: the API demands one, other APIs mean the model's own. */
  readonly maxTokens: number;
  /** `enabled`: thinks for a budget; `adaptive`: as much as it likes, with an effort; `both` takes either. */
  readonly thinking: 'enabled' | 'adaptive' | 'both';
  /** Refuses temperature, top_p and top_k. */
  readonly noSampling: boolean;
  /** Refuses temperature and top_p together. */
  readonly oneSampling: boolean;
  /** Efforts above `high` that it knows. */
  readonly efforts: readonly ('xhigh' | 'max')[];
  /** Instructions may stand behind a user's message. */
  readonly systemAnywhere: boolean;
  /** Thinks unless told not to, and may be told. */
  readonly thinksByItself: boolean;
}

const STAND_IN: ClaudeTraits = {
  maxTokens: 8192,
  thinking: 'both',
  noSampling: false,
  oneSampling: false,
  efforts: ['xhigh', 'max'],
  systemAnywhere: false,
  thinksByItself: true,
};

/** From which generation on: the first row that is not newer than the model counts. */
const GENERATIONS: readonly (readonly [number, ClaudeTraits])[] = [
  [5, traits(64_000, { thinking: 'adaptive', efforts: ['xhigh', 'max'], systemAnywhere: true, thinksByItself: true })],
  [4.8, traits(64_000, { thinking: 'adaptive', efforts: ['xhigh', 'max'], systemAnywhere: true })],
  [4.7, traits(64_000, { thinking: 'adaptive', efforts: ['xhigh', 'max'] })],
  [4.6, traits(64_000, { thinking: 'both', noSampling: false, efforts: ['max'] })],
  [4.2, traits(64_000, { thinking: 'enabled', noSampling: false })],
  [4.1, traits(32_000, { thinking: 'enabled', noSampling: false })],
  [4, traits(32_000, { thinking: 'enabled', noSampling: false, oneSampling: false })],
  [3.7, traits(64_000, { thinking: 'enabled', noSampling: false, oneSampling: false })],
  [3.5, traits(8192, { thinking: 'enabled', noSampling: false, oneSampling: false })],
  [0, traits(4096, { thinking: 'enabled', noSampling: false, oneSampling: false })],
];

function traits(maxTokens: number, rest: Partial<ClaudeTraits>): ClaudeTraits {
  return {
    maxTokens,
    thinking: 'adaptive',
    noSampling: true,
    oneSampling: true,
    efforts: [],
    systemAnywhere: false,
    thinksByItself: false,
    ...rest,
  };
}

/** `claude-opus-4-8`, `anthropic.claude-sonnet-4-5-20250929-v1:0`, `claude-3-5-haiku-latest`, `claude-haiku-4.5`. */
const NEW_NAME = /claude-[a-z]+-(\d{1,2})(?:[-.](\d{1,2}))?(?!\d)/;
const OLD_NAME = /claude-(\d{1,2})(?:[-.](\d{1,2}))?(?!\d)/;

/** @param model as the provider names it */
export function claudeTraits(model: string): ClaudeTraits {
  const match = NEW_NAME.exec(model) ?? OLD_NAME.exec(model);
  if (match === null) return STAND_IN;
  const generation = Number(`${match[1]}.${match[2] ?? 0}`);
  return GENERATIONS.find(([from]) => generation >= from)?.[1] ?? STAND_IN;
}
