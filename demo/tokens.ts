// Token counts as a tokenizer would roughly give them: four letters a token in alphabetic text, one a character in
// Chinese, Japanese and Korean.

const WIDE = /[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]/g;

export function countTokens(text: string): number {
  const wide = text.match(WIDE)?.length ?? 0;
  return Math.max(text === '' ? 0 : 1, Math.round(wide + (text.length - wide) / 4));
}

/** The text in pieces of about `tokens` tokens, cut at spaces where there are any. */
export function pieces(text: string, tokens: number): string[] {
  const found: string[] = [];
  let piece = '';
  for (const word of text.match(
    /\s*[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|\s*[^\s\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]+|\s+$/g,
  ) ?? []) {
    piece += word;
    if (countTokens(piece) >= tokens) {
      found.push(piece);
      piece = '';
    }
  }
  if (piece !== '') found.push(piece);
  return found;
}

/** The text cut after about `tokens` tokens. */
export function firstTokens(text: string, tokens: number): string {
  let kept = '';
  for (const piece of pieces(text, 1)) {
    if (countTokens(kept + piece) > tokens) break;
    kept += piece;
  }
  return kept;
}
