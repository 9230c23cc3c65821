// Attribute values as the store keeps them: well-formed text of bounded length, plain JSON, numbers in their ranges.

import type { AttrMap, AttrValue } from '../receivers/model.ts';

/** A longer value is cut, with a marker behind it. */
export const MAX_ATTRIBUTE = 64 * 1024;
const PREVIEW = 160;

/** Lone surrogates become U+FFFD: one of them would make the store refuse the whole batch. */
export function wellFormed(text: string): string {
  return text.isWellFormed() ? text : text.toWellFormed();
}

/** At most `length` UTF-16 units, never half of a surrogate pair. */
export function cut(text: string, length: number): string {
  if (text.length <= length) return text;
  const last = text.charCodeAt(length - 1);
  return text.slice(0, last >= 0xd800 && last <= 0xdbff ? length - 1 : length);
}

/** Cut with a marker that says how long it was. */
export function cutMarked(text: string, length: number): string {
  return text.length <= length ? text : `${cut(text, length)}… [cut from ${text.length} characters]`;
}

/** The first 160 characters on one line. */
export function preview(text: string): string {
  const head = text.slice(0, PREVIEW * 4);
  return wellFormed(cut(head.replace(/\s+/g, ' ').trim(), PREVIEW));
}

/** Any attribute value as text: strings as they are, everything else as JSON. */
export function asText(value: AttrValue): string {
  if (typeof value === 'string') return wellFormed(cutMarked(value, MAX_ATTRIBUTE));
  if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint') return String(value);
  if (value === null) return '';
  if (value instanceof Uint8Array) return cutMarked(Buffer.from(value).toString('base64'), MAX_ATTRIBUTE);
  return wellFormed(cutMarked(JSON.stringify(asJson(value)), MAX_ATTRIBUTE));
}

/** The same value as plain JSON. The decoders have bounded its depth. */
export function asJson(value: AttrValue): unknown {
  if (typeof value === 'bigint') return String(value);
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  if (Array.isArray(value)) return value.map((each: AttrValue) => asJson(each));
  if (value instanceof Map)
    return Object.fromEntries([...(value as AttrMap)].map(([key, each]) => [key, asJson(each)]));
  return value;
}

/** JSON of anything; '' of what is nested deeper than JSON.stringify can follow, as text from strangers may be. */
export function toJson(value: unknown): string {
  try {
    return JSON.stringify(value) ?? '';
  } catch {
    return '';
  }
}

/** A finite number out of a number or a text that is one; senders mix them. */
export function asNumber(value: AttrValue | undefined): number | undefined {
  const number =
    typeof value === 'number' || typeof value === 'bigint'
      ? Number(value)
      : typeof value === 'string' && value.trim() !== ''
        ? Number(value)
        : Number.NaN;
  return Number.isFinite(number) ? number : undefined;
}

/** A whole number from 0 to `max`, or undefined. */
export function asCount(value: AttrValue | undefined, max: number): number | undefined {
  const number = asNumber(value);
  return number === undefined || number < 0 ? undefined : Math.min(max, Math.round(number));
}

export function asBoolean(value: AttrValue): boolean | undefined {
  if (typeof value === 'boolean') return value;
  if (typeof value !== 'string') return undefined;
  const text = value.toLowerCase();
  return text === 'true' ? true : text === 'false' ? false : undefined;
}

export function asStrings(value: AttrValue): string[] {
  if (Array.isArray(value)) return value.map((each: AttrValue) => asText(each));
  return typeof value === 'string' && value !== '' ? [asText(value)] : [];
}
