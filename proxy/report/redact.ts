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

/** A fixed part of each pattern above, two bytes of it that are rare in text, and how long the word goes on at least. */
const MARKS: readonly (readonly [fixed: string, rare: string, more: number])[] = [
  ...['sk-', 'rk-', 'pk-'].map((mark) => [mark, 'k-', 16] as const),
  ...['sk_', 'rk_', 'pk_'].map((mark) => [mark, 'k_', 16] as const),
  ['xai-', 'i-', 16],
  ['r8_', '8_', 16],
  ['hf_', 'f_', 16],
  ['eyJ', 'yJ', 8],
  ['AIza', 'Iz', 20],
  ['AKIA', 'KI', 12],
  ['ASIA', 'IA', 12],
  ...['gho_', 'ghp_', 'ghs_', 'ghu_', 'ghr_'].map((mark) => [mark, 'gh', 16] as const),
  ['github_pat_', 'b_', 16],
  ['xox', 'xo', 10],
  ['earer ', 'ea', 8],
  ['EARER ', 'EA', 8],
  ['-----BEGIN ', '-B', 0],
];

interface Mark {
  readonly bytes: Buffer;
  /** Where in it the pair of bytes stands that found it. */
  readonly pairAt: number;
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

/** One pass over the bytes for any number of marks: pairs of bytes by table, then the marks behind a pair that fits. */
class Finder {
  /** By pair of bytes: 0, or one more than the index of its marks. */
  readonly #pairs = new Uint16Array(65_536);
  readonly #marks: Mark[][] = [];

  constructor(literals: readonly string[]) {
    for (const [fixed, rare, more] of MARKS) {
      this.#add({ bytes: Buffer.from(fixed), pairAt: fixed.indexOf(rare), more, literal: '' });
    }
    for (const literal of literals) {
      // UTF-8 bytes read as Latin-1, like the text that is searched.
      const bytes = Buffer.from(literal);
      this.#add({ bytes, pairAt: 0, more: 0, literal: bytes.toString('latin1') });
    }
  }

  #add(mark: Mark): void {
    const pair = ((mark.bytes[mark.pairAt] ?? 0) << 8) | (mark.bytes[mark.pairAt + 1] ?? 0);
    this.#pairs[pair] ||= this.#marks.push([]);
    this.#marks[(this.#pairs[pair] ?? 0) - 1]?.push(mark);
  }

  /** Undefined: no mark is in there. Otherwise the literal secrets that are; a pattern may be there too. */
  find(bytes: Buffer): Set<string> | undefined {
    const pairs = this.#pairs;
    let found: Set<string> | undefined;
    let pair = 0;
    for (let index = 0; index < bytes.length; index++) {
      pair = ((pair & 0xff) << 8) | (bytes[index] as number);
      const which = pairs[pair] as number;
      if (which !== 0) found = this.#check(which, { bytes, index, found });
    }
    return found;
  }

  #check(which: number, at: { bytes: Buffer; index: number; found: Set<string> | undefined }): Set<string> | undefined {
    let { found } = at;
    for (const mark of this.#marks[which - 1] ?? []) {
      if (!matches(at.bytes, at.index - 1 - mark.pairAt, mark)) continue;
      found ??= new Set();
      if (mark.literal !== '') found.add(mark.literal);
    }
    return found;
  }
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
