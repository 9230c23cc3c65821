// Personal data in captured text: e-mail addresses, phone numbers, payment cards. For `capture.content: redacted`.
// Rules are narrow on purpose: dates, ids and token counts must survive.

/** The part before and after an @; both runs are bounded, so the search stays linear. */
const EMAIL = /[A-Za-z0-9.!#$%&*+/=?^_{|}~-]{1,64}@[A-Za-z0-9][A-Za-z0-9-]{0,62}(?:\.[A-Za-z0-9-]{1,63}){1,8}/g;
const INTERNATIONAL = /\+\d(?:[ ().-]{0,2}\d){7,14}(?!\d)/g;
const NATIONAL = /(?:(?<![\w-])|(?<=\\[nrt]))(?:\(\d{3}\) ?|\d{3}[-. ])\d{3}[-. ]\d{4}(?![\w-])/g;
/** 14 to 19 digits of an issuer's range, in groups or not. */
const CARD = /(?:(?<![\w.-])|(?<=\\[nrt]))[2-6]\d{3}(?:[ -]?\d){10,15}(?![\w.])/g;

/** @param text bytes read as Latin-1 */
export function maskPersonal(text: string): string {
  let masked = text;
  if (masked.includes('@'))
    masked = masked.replace(EMAIL, (found, at: number, whole: string) => `${escapeBefore(whole, at, found)}[email]`);
  return masked
    .replace(CARD, (found, at: number, whole: string) => {
      if (!luhn(found)) return found;
      return isJsonNumber(whole, at, at + found.length) ? '0' : '[card]';
    })
    .replace(INTERNATIONAL, '[phone]')
    .replace(NATIONAL, '[phone]');
}

/**
 * The part of a match that belongs to an escape in JSON, as the n of `\\njane@example.com` does: it must stay, or what
 * is left of the escape would break the document.
 */
export function escapeBefore(whole: string, at: number, found: string): string {
  const backslashes = /\\*$/.exec(whole.slice(Math.max(0, at - 16), at))?.[0].length ?? 0;
  if (backslashes % 2 === 0) return '';
  return found.slice(0, found.startsWith('u') ? 5 : 1);
}

/** The check digit of card numbers. */
function luhn(text: string): boolean {
  let sum = 0;
  let double = false;
  for (let index = text.length - 1; index >= 0; index--) {
    const digit = text.charCodeAt(index) - 48;
    if (digit < 0 || digit > 9) continue;
    const value = double ? digit * 2 : digit;
    sum += value > 9 ? value - 9 : value;
    double = !double;
  }
  return sum % 10 === 0;
}

/** A bare number in JSON: words in its place would break the document. */
function isJsonNumber(text: string, start: number, end: number): boolean {
  return (
    /[:[,]\s{0,4}$/.test(text.slice(Math.max(0, start - 5), start)) && /^\s{0,4}[,}\]]/.test(text.slice(end, end + 5))
  );
}
