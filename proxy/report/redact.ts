// Masks secrets in captured bytes, and personal data where the config asks for it. Works on bytes as Latin-1, so that
// UTF-8 stays UTF-8 and JSON stays JSON, and in linear time whatever a caller sends. Almost all bodies hold no secret:
// one cheap pass over the bytes finds out, and only then is anything copied.

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
  readonly bytes: Buffer;
  /** Where in it the byte stands that finds it: its rarest. */
  readonly anchorAt: number;
  /** Word bytes that follow at least. */
  readonly more: number;
  /** The secret to mask; '' when PATTERNS does. */
  readonly literal: string;
}

/** @param secrets literal ones out of the config; @param personal mask e-mails, phone and card numbers too */
export function createRedactor(secrets: Iterable<string>, personal: boolean): Redactor {
  const known = new Set([...secrets].filter((secret) => secret.length >= SHORTEST_SECRET));
  const finder = new Finder([...known].flatMap(spellings));
  return {
    redact(bytes, own) {
      const literals = finder.find(bytes);
      const ownToo = own.length >= SHORTEST_OWN && !known.has(own) && bytes.includes(own, 0, 'latin1');
      if (!literals && !ownToo && !personal) return bytes;
      const before = bytes.toString('latin1');
      let text = before;
      for (const literal of [...(literals ?? []), ...(ownToo ? [own] : [])]) text = text.replaceAll(literal, MASK);
      if (literals) text = text.replace(PATTERNS, mask);
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

/** Bytes by how common they are in prose, JSON and code, the most common first; all others are rare. */
const COMMON = ' etaoinsrhldcumfpgwybv",.:kx0123456789zjqETAOINSRHLDCUMFPGWYBV_-';

/**
 * One pass over the bytes for any number of marks. It stops only at the rare bytes that marks are anchored at, then
 * looks at the byte before, and only then at the marks.
 */
class Finder {
  readonly #anchors = new Uint8Array(256);
  /** By the pair of an anchor and the byte before it: 0, or one more than the index of its marks. */
  readonly #pairs = new Uint16Array(65_536);
  readonly #marks: Mark[][] = [];

  constructor(literals: readonly string[]) {
    for (const [more, ...fixed] of MARKS) {
      for (const text of fixed) this.#add(Buffer.from(text), more, '');
    }
    for (const literal of literals) {
      // UTF-8 bytes read as Latin-1, like the text that is searched.
      const bytes = Buffer.from(literal);
      this.#add(bytes, 0, bytes.toString('latin1'));
    }
  }

  #add(bytes: Buffer, more: number, literal: string): void {
    const anchorAt = rarest(bytes);
    const anchor = bytes[anchorAt] ?? 0;
    this.#anchors[anchor] = 1;
    const before = anchorAt === 0 ? Array.from({ length: 256 }, (_, byte) => byte) : [bytes[anchorAt - 1] ?? 0];
    for (const byte of before) {
      const pair = (byte << 8) | anchor;
      this.#pairs[pair] ||= this.#marks.push([]);
      this.#marks[(this.#pairs[pair] ?? 0) - 1]?.push({ bytes, anchorAt, more, literal });
    }
  }

  /** Undefined: no mark is in there. Otherwise the literal secrets that are; a pattern may be there too. */
  find(bytes: Buffer): Set<string> | undefined {
    let found: Set<string> | undefined;
    let at = nextAnchor(bytes, this.#anchors, 0);
    while (at < bytes.length) {
      for (const mark of this.#marksAt(bytes, at)) {
        if (!matches(bytes, at - mark.anchorAt, mark)) continue;
        found ??= new Set();
        if (mark.literal !== '') found.add(mark.literal);
      }
      at = nextAnchor(bytes, this.#anchors, at + 1);
    }
    return found;
  }

  #marksAt(bytes: Buffer, at: number): readonly Mark[] {
    const which = this.#pairs[((bytes[at - 1] ?? 0) << 8) | (bytes[at] ?? 0)] ?? 0;
    return which === 0 ? NO_MARKS : (this.#marks[which - 1] ?? NO_MARKS);
  }
}

const NO_MARKS: readonly Mark[] = [];

/** A loop of its own, without anything else in it, runs three times as fast. */
function nextAnchor(bytes: Buffer, anchors: Uint8Array, from: number): number {
  let at = from;
  while (at < bytes.length && anchors[bytes[at] as number] === 0) at++;
  return at;
}

/** Where the rarest byte of a mark stands; in a longer one never at its start, so that it has a byte before it. */
function rarest(bytes: Buffer): number {
  const rank = (index: number) => {
    const place = COMMON.indexOf(String.fromCharCode(bytes[index] ?? 0));
    return place < 0 ? COMMON.length : place;
  };
  let best = bytes.length < SHORTEST_SECRET ? 0 : 1;
  for (let index = best; index < bytes.length; index++) {
    if (rank(index) >= rank(best)) best = index;
  }
  return best;
}

function matches(bytes: Buffer, at: number, mark: Mark): boolean {
  const end = at + mark.bytes.length;
  if (at < 0 || end + mark.more > bytes.length) return false;
  for (let index = at; index < end; index++) {
    if (bytes[index] !== mark.bytes[index - at]) return false;
  }
  for (let index = end; index < end + mark.more; index++) {
    if (WORD_BYTES[bytes[index] ?? 0] !== 1) return false;
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
