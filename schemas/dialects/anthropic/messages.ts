// The conversation as Anthropic wants it: instructions apart, user and assistant in turn, results inside user messages.

import type { Call, Message } from '../../call.ts';
import type { ClaudeTraits } from '../claude.ts';
import { requestBlocks } from './content.ts';

type Block = Record<string, unknown>;

interface WrittenMessage {
  readonly role: 'system' | 'user' | 'assistant';
  readonly content: Block[];
}

interface Written {
  readonly system: readonly Block[];
  readonly messages: readonly WrittenMessage[];
}

interface Options {
  readonly traits: ClaudeTraits;
  /** One more, for what has no setting. */
  readonly instruction: string | undefined;
}

/** @throws Inexpressible */
export function writeMessages(call: Call, { traits, instruction }: Options): Written {
  const system: Block[] = [...requestBlocks(call, call.system)];
  const messages: WrittenMessage[] = [];
  for (const [at, message] of call.messages.entries()) {
    const blocks = requestBlocks(call, message.parts);
    const role = roleOf(message);
    if (role !== 'system') add(messages, role, blocks);
    else if (traits.systemAnywhere && standsBetween(call.messages, at)) add(messages, 'system', blocks);
    else system.push(...blocks);
  }
  if (instruction !== undefined) system.push({ type: 'text', text: instruction });
  // Instructions alone are no conversation to the API: then they are what the user says.
  if (messages.length === 0) return { system: [], messages: [{ role: 'user', content: system }] };
  trimPrefill(messages.at(-1));
  return { system, messages };
}

function roleOf({ role }: Message): WrittenMessage['role'] {
  if (role === 'system' || role === 'developer') return 'system';
  return role === 'assistant' ? 'assistant' : 'user';
}

/** Instructions in the middle follow the user and precede the assistant; elsewhere they are refused. */
function standsBetween(messages: readonly Message[], at: number): boolean {
  const before = messages[at - 1];
  const after = messages[at + 1];
  if (before === undefined || roleOf(before) !== 'user') return false;
  return after === undefined || roleOf(after) === 'assistant';
}

/** Messages of one role that follow each other are one. */
function add(messages: WrittenMessage[], role: WrittenMessage['role'], blocks: readonly Block[]): void {
  if (blocks.length === 0) return;
  const last = messages.at(-1);
  if (last?.role === role) last.content.push(...blocks);
  else messages.push({ role, content: [...blocks] });
}

/** What the assistant is to go on from must not end in blanks. */
function trimPrefill(last: WrittenMessage | undefined): void {
  const block = last?.role === 'assistant' ? last.content.at(-1) : undefined;
  if (last === undefined || block === undefined || typeof block['text'] !== 'string') return;
  last.content[last.content.length - 1] = { ...block, text: block['text'].trimEnd() };
}
