// Counts tokens of texts whose provider did not: by OpenAI's o200k encoding, which is near enough to others' for an
// estimate. Loaded when it is first needed; bounded, because everything else waits while it counts.

type Count = (text: string) => number;

/**
 * Characters that are encoded in one go. Byte pair encoding is quadratic on runs without a break, such as 50,000 spaces;
 * cut into pieces it is not, and a cut in the middle of a word costs at most a token.
 */
const PIECE = 512;
/** Characters of one text that are counted; the rest is taken to be like them. */
const MOST = 64 * 1024;
/** Characters a second, on average, and at once: about a tenth of a core. */
const RATE = 1_000_000;
const CHARACTERS_PER_TOKEN = 4;

let encode: Count | undefined;
let loading: Promise<void> | undefined;

/** Settles when texts are counted and not only measured. */
export function loadTokenizer(): Promise<void> {
  loading ??= import('gpt-tokenizer/encoding/o200k_base').then(({ countTokens }) => {
    // Names of control tokens in a text are a text.
    const plain = { disallowedSpecial: new Set<string>() };
    encode = (text) => countTokens(text, plain);
  });
  return loading;
}

/** A counter with a budget of its own. Above it, and while the encoding loads, texts are measured: four characters a token. */
export function tokenCounter(now: () => number): Count {
  let left = RATE;
  let last = now();
  return (text) => {
    void loadTokenizer();
    const time = now();
    left = Math.min(RATE, left + ((time - last) / 1000) * RATE);
    last = time;
    const head = Math.min(text.length, MOST);
    if (encode === undefined || head > left) return Math.ceil(text.length / CHARACTERS_PER_TOKEN);
    left -= head;
    let tokens = 0;
    for (let at = 0; at < head; at += PIECE) tokens += encode(text.slice(at, Math.min(head, at + PIECE)));
    return text.length === head ? tokens : Math.ceil((tokens * text.length) / head);
  };
}
