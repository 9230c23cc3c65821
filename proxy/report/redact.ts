// Masks secrets in captured bytes, and personal data where the config asks for it. Works on bytes as Latin-1, so that
// UTF-8 stays UTF-8 and JSON stays JSON, and in linear time whatever a caller sends. Almost all bodies hold no secret:
// a few searches for rare characters find that out, and only then is anything copied.

import { escapeBefore, maskPersonal } from './personal.ts';

export interface Redactor {
  /** The same object when there was nothing to mask. @param own the caller's credential, or '' */
  redact(bytes: Buffer, own: string): Buffer;
}

/** 1 for bytes that words, tokens and Base64 are made of. */
const WORD_BYTES = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte >= 0x80 || /[A-Za-z0-9_.~+/=-]/.test(String.fromCharCode(byte)) ? 1 : 0,
);
const MASK = '[redacted]';
/** Shorter ones are placeholders like `none` or `ollama`, and would mask ordinary words. */
const SHORTEST_SECRET = 8;
const SHORTEST_OWN = 12;

// Every pattern takes all it can, so that no byte is looked at from two starts: that is what keeps it linear. What
// turns out not to be a secret (no digit in an `sk-`, no dots in a token) is put back as it was.
const PATTERNS = new RegExp(
  [
    /(?<token>(?:sk|rk|pk|gsk|xai|r8|hf)[-_][A-Za-z0-9_-]{16,})/,
    /(?<jwt>eyJ[\w-]{8,}(?:\.[\w-]{4,}(?:\.[\w-]*)*)?)/,
    /AIza[\w-]{20,}/,
    /A(?:KIA|SIA)[A-Z0-9]{12,}/,
    /gh[opsur]_\w{16,}|github_pat_\w{16,}/,
    /xox[abeprs]-[\w-]{10,}/,
    /(?<scheme>[Bb]earer |BEARER )[\w.~+/=-]{8,}/,
    /-----BEGIN [A-Z0-9 ]{0,32}PRIVATE KEY-----(?:[\w+/=\s:,.-]|\\{1,8}[nrt])*/,
  ]
    .map(({ source }) => source)
    .join('|'),
  'g',
);

/** A fixed part of each pattern above, and how many word bytes follow it at least. */
const MARKS: readonly (readonly [more: number, ...fixed: string[]])[] = [
  [16, 'sk-', 'rk-', 'pk-', 'sk_', 'rk_', 'pk_', 'xai-', 'r8_', 'hf_'],
  [16, 'gho_', 'ghp_', 'ghs_', 'ghu_', 'ghr_', 'github_pat_'],
  [8, 'eyJ', 'bearer ', 'Bearer ', 'BEARER '],
  [20, 'AIza'],
  [12, 'AKIA', 'ASIA'],
  [10, 'xox'],
  [0, '-----BEGIN '],
];

interface Mark {
  readonly text: string;
  /** Where in it the character stands that finds it. */
  readonly anchorAt: number;
  /** Word bytes that follow at least. */
  readonly more: number;
  /** It is the secret to mask; otherwise PATTERNS knows what is. */
  readonly literal: boolean;
}

/** @param secrets literal ones out of the config; @param personal mask e-mails, phone and card numbers too */
export function createRedactor(secrets: Iterable<string>, personal: boolean): Redactor {
  const known = new Set([...secrets].filter((secret) => secret.length >= SHORTEST_SECRET));
  const finder = new Finder([...known].flatMap(spellings));
  const holds = (bytes: Buffer, own: string) =>
    own.length >= SHORTEST_OWN && !known.has(own) && bytes.includes(own, 0, 'latin1');
  return {
    redact(bytes, own) {
      const before = bytes.toString('latin1');
      const marks = finder.find(before);
      const ownToo = holds(bytes, own);
      if (!marks && !ownToo && !personal) return bytes;
      let text = before;
      for (const each of marks ?? []) if (each.literal) text = text.replaceAll(each.text, MASK);
      if (ownToo) text = text.replaceAll(own, MASK);
      if (marks) text = text.replace(PATTERNS, mask);
      if (personal) text = maskPersonal(text);
      return text === before ? bytes : Buffer.from(text, 'latin1');
    },
  };
}

function mask(found: string, ...rest: unknown[]): string {
  const { token, jwt, scheme = '' } = rest.at(-1) as Record<'token' | 'jwt' | 'scheme', string | undefined>;
  if (token !== undefined && !/\d/.test(token)) return found;
  if (jwt !== undefined && !jwt.includes('.')) return found;
  const [at, whole] = rest.slice(-3) as [number, string];
  return escapeBefore(whole, at, found) + scheme + MASK;
}

/** A secret as it may be written in a body: plain, in a URL, in Base64 at each of its three alignments. */
function spellings(secret: string): string[] {
  const aligned = [0, 1, 2].map((shift) => {
    const encoded = Buffer.from(' '.repeat(shift) + secret)
      .toString('base64')
      .replace(/=+$/, '');
    // The first and last characters also encode the neighbours.
    return encoded.slice(shift === 0 ? 0 : 4, -2);
  });
  const plain = [secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1)];
  return [...new Set([...plain, ...aligned.filter((text) => text.length >= SHORTEST_SECRET)])];
}

/** Rare in prose, JSON and code, the rarest first; every pattern above has one of them. */
const ANCHORS = 'JxBI_-b';
/** For literal secrets without any: characters by how common they are, the most common first; all others are rare. */
const COMMON = ' etaoinsrhldcumfpgwy",.:kv0123456789zjqETAONSRHLDCUMFPGWYV';

/** The marks that one character finds, by the character before it. */
class Anchor {
  readonly character: string;
  readonly #marks: readonly Mark[][] = Array.from({ length: 256 }, () => []);

  constructor(character: string) {
    this.character = character;
  }

  add(mark: Mark): void {
    const before = mark.anchorAt === 0 ? undefined : mark.text.charCodeAt(mark.anchorAt - 1);
    for (const [code, marks] of this.#marks.entries()) if (before === undefined || code === before) marks.push(mark);
  }

  /** Adds the marks in a text to those found before. */
  search(text: string, before: Set<Mark> | undefined): Set<Mark> | undefined {
    let found = before;
    for (let at = text.indexOf(this.character); at >= 0; at = text.indexOf(this.character, at + 1)) {
      for (const mark of this.#marks[at === 0 ? 0 : text.charCodeAt(at - 1)] ?? NO_MARKS) {
        if (matches(text, at - mark.anchorAt, mark)) found = (found ?? new Set()).add(mark);
      }
    }
    return found;
  }
}

/**
 * Any number of marks in a few searches for single characters. Such a search runs through a text many bytes at a time,
 * faster than any loop that could be written here; what stands before a hit decides whether marks are compared.
 */
class Finder {
  readonly #anchors = new Map<string, Anchor>();

  constructor(literals: readonly string[]) {
    for (const [more, ...fixed] of MARKS) {
      for (const text of fixed) this.#add({ text, anchorAt: anchorIn(text), more, literal: false });
    }
    for (const literal of literals) {
      // UTF-8 bytes read as Latin-1, like the text that is searched.
      const text = Buffer.from(literal).toString('latin1');
      this.#add({ text, anchorAt: anchorIn(text), more: 0, literal: true });
    }
  }

  #add(mark: Mark): void {
    const character = mark.text.charAt(mark.anchorAt);
    const anchor = this.#anchors.get(character) ?? new Anchor(character);
    this.#anchors.set(character, anchor);
    anchor.add(mark);
  }

  /** The marks that are in there; undefined when there are none, as almost always. */
  find(text: string): ReadonlySet<Mark> | undefined {
    let found: Set<Mark> | undefined;
    for (const anchor of this.#anchors.values()) found = anchor.search(text, found);
    return found;
  }
}

const NO_MARKS: readonly Mark[] = [];

/** Where the character stands that finds a text; not at its start if that can be, so that there is one before it. */
function anchorIn(text: string): number {
  for (const character of ANCHORS) {
    const at = text.indexOf(character, 1);
    if (at > 0) return at;
  }
  if (ANCHORS.includes(text.charAt(0))) return 0;
  const rank = (index: number) => {
    const place = COMMON.indexOf(text.charAt(index));
    return place < 0 ? COMMON.length : place;
  };
  let best = 1;
  for (let index = 2; index < text.length; index++) {
    if (rank(index) > rank(best)) best = index;
  }
  return best;
}

function matches(text: string, at: number, mark: Mark): boolean {
  const end = at + mark.text.length;
  if (at < 0 || end + mark.more > text.length || !text.startsWith(mark.text, at)) return false;
  for (let index = end; index < end + mark.more; index++) {
    if (WORD_BYTES[text.charCodeAt(index)] !== 1) return false;
  }
  return true;
}

const TAIL_BYTES = 256;

/** Bytes that were cut off at a limit, without the word that the cut went through: it may be half a secret. */
export function withoutCutWord(bytes: Buffer): Buffer {
  let end = bytes.length;
  while (end > 0 && bytes.length - end < TAIL_BYTES && WORD_BYTES[bytes[end - 1] ?? 0] === 1) end--;
  return bytes.subarray(0, end);
}
