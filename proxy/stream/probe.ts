// Looks into the text of one event without parsing it. `"key"` with both quotes cannot occur inside a JSON string (there
// its quotes are escaped), so finding it means finding a key, or a string that is exactly that word.

import { stringEnd } from '../json/scan.ts';

const SPACE = 32;
const QUOTE = 34;
const COLON = 58;
const LETTER_N = 110;

/** Position of the value after `key` from `from` on; -1 when the key is not there. */
function valueAt(text: string, key: string, from: number): number {
  let at = text.indexOf(key, from);
  while (at >= 0) {
    at += key.length;
    while (text.charCodeAt(at) === SPACE) at++;
    if (text.charCodeAt(at) === COLON) break;
    at = text.indexOf(key, at);
  }
  if (at < 0) return -1;
  at++;
  while (text.charCodeAt(at) === SPACE) at++;
  return at;
}

/** True when the key has a value other than null. @param key with its quotes */
export function hasValue(text: string, key: string): boolean {
  for (let at = valueAt(text, key, 0); at >= 0; at = valueAt(text, key, at)) {
    if (text.charCodeAt(at) !== LETTER_N) return true;
  }
  return false;
}

/** Bytes of the string behind the key, as written; 0 when it is no string or not there. @param key with its quotes */
export function stringBytes(text: string, key: string): number {
  const at = valueAt(text, key, 0);
  if (at < 0 || text.charCodeAt(at) !== QUOTE) return 0;
  return stringEnd(text, at + 1) - at - 1;
}

/** The event's JSON with its text decoded; undefined when it is none. */
export function parseEvent(latin1: string): unknown {
  try {
    return JSON.parse(Buffer.from(latin1, 'latin1').toString());
  } catch {
    return undefined;
  }
}
