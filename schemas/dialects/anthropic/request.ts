// A Messages request, read.

import type { Call, CallInput, Effort, Settings, Thinking, ToolDefinition } from '../../call.ts';
import { Checked, checkedBody } from '../check.ts';
import { fields, isFields, list, role, splitResults, text, toolDefinition } from '../read.ts';
import type { Fields } from '../read.ts';
import type { WireRequest } from '../types.ts';
import { present } from '../write.ts';
import { cacheOf, readContent } from './blocks.ts';

/** Fields that have a neutral word, in part or whole. */
const SAID: ReadonlySet<string> = new Set([
  'model',
  'messages',
  'system',
  'tools',
  'max_tokens',
  'temperature',
  'top_p',
  'top_k',
  'stop_sequences',
  'stream',
  'tool_choice',
  'thinking',
  'output_config',
  'metadata',
  'service_tier',
]);
const TIERS: ReadonlyMap<string, string> = new Map([['standard_only', 'default']]);
const EFFORTS: ReadonlySet<unknown> = new Set(['low', 'medium', 'high', 'xhigh', 'max']);

/** The conversation of a request; anything goes. */
export function readInput(value: unknown): CallInput {
  return inputOf(fields(value), new WeakMap());
}

/** @throws Inexpressible */
export function readCall({ body: value, model, stream }: WireRequest): Call {
  const body = checkedBody(value);
  const checked = new Checked(body);
  checked.list('messages');
  checked.list('tools');
  const paths = new WeakMap<object, string>();
  return {
    model,
    stream,
    streamUsage: stream,
    ...inputOf(body, paths),
    settings: settingsOf(checked),
    extra: Object.fromEntries(Object.entries(body).filter(([name]) => !SAID.has(name))),
    paths,
  };
}

function inputOf(body: Fields, paths: WeakMap<object, string>): CallInput {
  return {
    system: readContent(body['system'], { path: 'system', paths }),
    messages: list(body['messages']).flatMap((message, at) => {
      const { role: from, content } = fields(message);
      const parts = readContent(content, { path: `messages.${at}.content`, paths });
      return splitResults({ role: role(from), parts });
    }),
    tools: list(body['tools']).map((tool, at) => {
      const definition = readTool(tool);
      paths.set(definition, `tools.${at}`);
      return definition;
    }),
  };
}

function readTool(value: unknown): ToolDefinition {
  const tool = fields(value);
  const type = text(tool['type']) || 'custom';
  const own = type !== 'custom';
  return {
    ...toolDefinition({
      type: own ? type : 'function',
      name: text(tool['name']) || (own ? type : ''),
      description: tool['description'],
      parameters: tool['input_schema'],
    }),
    ...(typeof tool['strict'] === 'boolean' ? { strict: tool['strict'] } : {}),
    ...(own ? { raw: value } : {}),
    ...cacheOf(tool),
  };
}

function settingsOf(checked: Checked): Settings {
  const { user_id: user, ...metadata } = checked.object('metadata') ?? {};
  const tier = checked.text('service_tier');
  return present({
    maxTokens: checked.number('max_tokens'),
    temperature: checked.number('temperature'),
    topP: checked.number('top_p'),
    topK: checked.number('top_k'),
    stop: checked.texts('stop_sequences'),
    ...toolSettings(checked),
    format: formatOf(checked.inside('output_config').object('format')),
    thinking: thinkingOf(checked),
    serviceTier: tier === undefined ? undefined : (TIERS.get(tier) ?? tier),
    user: typeof user === 'string' ? user : undefined,
    metadata: Object.keys(metadata).length === 0 ? undefined : metadata,
  });
}

function toolSettings(checked: Checked): Partial<Settings> {
  const choice = checked.object('tool_choice') ?? {};
  const words = { auto: 'auto', any: 'required', none: 'none' } as const;
  const type = text(choice['type']);
  const toolChoice = type === 'tool' ? { name: text(choice['name']) } : words[type as keyof typeof words];
  const alone = checked.inside('tool_choice').flag('disable_parallel_tool_use');
  return present({ toolChoice, parallelTools: alone === undefined ? undefined : !alone });
}

function formatOf(format: Fields | undefined): Settings['format'] {
  if (format === undefined) return undefined;
  return isFields(format['schema']) ? { type: 'schema', schema: format['schema'] } : { type: 'json' };
}

/** `between_tools` is the least there is a word for; a budget shows its thoughts unless told not to. */
function thinkingOf(checked: Checked): Thinking | undefined {
  const thinking = checked.inside('thinking');
  const type = thinking.text('type');
  if (type === 'disabled') return { effort: 'none' };
  const effort = effortOf(checked.inside('output_config').text('effort'));
  const display = thinking.text('display');
  const shown = display === undefined ? undefined : display !== 'omitted';
  switch (type) {
    case 'enabled':
      return present({ effort, budget: thinking.number('budget_tokens'), show: shown ?? true });
    case 'adaptive':
      return present({ effort, budget: effort === undefined ? -1 : undefined, show: shown });
    default: {
      const least = effort ?? (type === 'between_tools' ? 'minimal' : undefined);
      return least === undefined ? undefined : { effort: least };
    }
  }
}

function effortOf(word: string | undefined): Effort | undefined {
  return EFFORTS.has(word) ? (word as Effort) : undefined;
}
