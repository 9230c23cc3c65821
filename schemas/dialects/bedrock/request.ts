// Converse's request, read: instructions apart, tool results inside user messages, cache points between blocks.

import type { Call, CallInput, Message, OutputFormat, Part, Settings, ToolChoice, ToolDefinition } from '../../call.ts';
import { Checked, checkedBody } from '../check.ts';
import { fields, list, parsed, role, text } from '../read.ts';
import type { Fields } from '../read.ts';
import type { WireRequest } from '../types.ts';
import { present } from '../write.ts';
import { marked, readBlocks } from './blocks.ts';
import type { Places } from './blocks.ts';
import { readAdditional } from './families.ts';

export function readInput(value: unknown, paths = new WeakMap<object, string>()): CallInput {
  const body = fields(value);
  return {
    system: readBlocks(body['system'], { paths, at: 'system' }),
    messages: list(body['messages']).flatMap((each, at) => readMessage(each, { paths, at: `messages.${at}.content` })),
    tools: readTools(fields(body['toolConfig'])['tools'], { paths, at: 'toolConfig.tools' }),
  };
}

/** Tool results are messages of the tools; what else the user said stands in between. */
function readMessage(value: unknown, places: Places): readonly Message[] {
  const message = fields(value);
  const of = role(message['role']);
  const messages: { role: Message['role']; parts: Part[] }[] = [];
  for (const part of readBlocks(message['content'], places)) {
    const last = messages.at(-1);
    if (part.type === 'tool_call_response') messages.push({ role: 'tool', parts: [part] });
    else if (last === undefined || last.role === 'tool') messages.push({ role: of, parts: [part] });
    else last.parts.push(part);
  }
  return messages;
}

function readTools(value: unknown, { paths, at }: Places): readonly ToolDefinition[] {
  const tools: ToolDefinition[] = [];
  for (const [index, each] of list(value).entries()) {
    const { toolSpec, cachePoint: point } = fields(each);
    const last = point === undefined ? undefined : tools.pop();
    const read = toolSpec === undefined ? readHosted(each) : readTool(fields(toolSpec));
    const tool = last === undefined ? read : marked(last, point);
    paths.set(tool, `${at}.${index}`);
    tools.push(tool);
  }
  return tools;
}

function readTool(spec: Fields): ToolDefinition {
  const { name, description, inputSchema, strict } = spec;
  const parameters = fields(inputSchema)['json'];
  return {
    type: 'function',
    name: text(name),
    ...(typeof description === 'string' ? { description } : {}),
    ...(parameters === undefined ? {} : { parameters }),
    ...(typeof strict === 'boolean' ? { strict } : {}),
  };
}

function readHosted(value: unknown): ToolDefinition {
  const name = text(fields(fields(value)['systemTool'])['name']);
  return { type: name || 'systemTool', name, raw: value };
}

export function readCall({ body: value, model, stream }: WireRequest): Call {
  const body = checkedBody(value);
  const paths = new WeakMap<object, string>();
  return {
    ...readInput(body, paths),
    model,
    stream,
    streamUsage: stream,
    settings: readSettings(body),
    extra: readExtra(body),
    paths,
  };
}

function readSettings(body: Fields): Settings {
  const all = new Checked(body);
  const inference = all.inside('inferenceConfig');
  const output = all.inside('outputConfig');
  const { settings } = readAdditional(all.object('additionalModelRequestFields'));
  const effort = output.text('effort');
  const read: Record<keyof Settings & string, unknown> | Fields = {
    maxTokens: inference.number('maxTokens'),
    temperature: inference.number('temperature'),
    topP: inference.number('topP'),
    stop: inference.texts('stopSequences'),
    toolChoice: readChoice(all.inside('toolConfig').object('toolChoice')),
    format: readFormat(output.object('textFormat')),
    serviceTier: all.inside('serviceTier').text('type'),
    metadata: all.object('requestMetadata'),
    ...settings,
    ...(effort === undefined ? {} : { thinking: { effort } }),
  };
  return present(read);
}

function readChoice(choice: Fields | undefined): ToolChoice | undefined {
  if (choice === undefined) return undefined;
  if ('any' in choice) return 'required';
  return 'tool' in choice ? { name: text(fields(choice['tool'])['name']) } : 'auto';
}

function readFormat(format: Fields | undefined): OutputFormat | undefined {
  const { schema, name, description } = fields(fields(format?.['structure'])['jsonSchema']);
  if (schema === undefined) return undefined;
  return {
    type: 'schema',
    schema: typeof schema === 'string' ? parsed(schema) : schema,
    ...(typeof name === 'string' ? { name } : {}),
    ...(typeof description === 'string' ? { description } : {}),
    strict: true,
  };
}

const READ: ReadonlySet<string> = new Set([
  'additionalModelRequestFields',
  'inferenceConfig',
  'messages',
  'modelId',
  'outputConfig',
  'requestMetadata',
  'serviceTier',
  'system',
  'toolConfig',
]);

function readExtra(body: Fields): Fields {
  const { rest } = readAdditional(body['additionalModelRequestFields']);
  const others = Object.entries(body).filter(([name]) => !READ.has(name));
  return {
    ...Object.fromEntries(others),
    ...(Object.keys(rest).length > 0 ? { additionalModelRequestFields: rest } : {}),
  };
}
