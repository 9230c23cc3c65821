// What a caller says about its request: who, which session, which prompt, tags. Nothing here can fail a call: what is
// malformed or too long is left out.

import { fields, text } from '../schemas/dialects/read.ts';
import { one } from './headers.ts';
import type { Live } from './live.ts';

const MAX_CHARS = 256;
const MAX_TAGS = 32;
const TAG = /^([A-Za-z0-9_.-]{1,64})=(.{1,256})$/;

/** Fills the labels of an exchange from its headers, then from its body. */
export function readLabels(live: Live): void {
  const { headers } = live.request;
  const tags = headers['x-signalbox-tags'];
  if (tags !== undefined) live.tags = readTags(one(tags));
  const prompt = one(headers['x-signalbox-prompt']);
  if (prompt !== '') readPrompt(live, prompt);
  live.sessionId = short(one(headers['x-signalbox-session']));
  live.userId = short(one(headers['x-signalbox-user']) || userOf(live));
}

function userOf({ json }: Live): string {
  if (json === undefined) return '';
  return text(json['user']) || text(fields(json['metadata'])['user_id']);
}

function readPrompt(live: Live, prompt: string): void {
  const at = prompt.lastIndexOf('@');
  live.promptName = short(at < 0 ? prompt : prompt.slice(0, at));
  live.promptVersion = at < 0 ? '' : short(prompt.slice(at + 1));
}

function readTags(header: string): Record<string, string> {
  const tags: Record<string, string> = {};
  for (const pair of header.split(',', MAX_TAGS)) {
    const match = TAG.exec(pair.trim());
    if (match?.[1] !== undefined && match[2] !== undefined && match[1] !== '__proto__') tags[match[1]] = match[2];
  }
  return tags;
}

function short(value: string): string {
  return value.length > MAX_CHARS ? value.slice(0, MAX_CHARS).toWellFormed() : value;
}
