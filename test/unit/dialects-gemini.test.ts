// Gemini, both ways: recorded shapes, round trips, what is left out and what is refused, and the official client as judge.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, test } from 'node:test';
import { GoogleGenAI } from '@google/genai';
import type { Call, CallEvent, Part, Settings } from '../../schemas/call.ts';
import { geminiEmbeddings } from '../../schemas/dialects/gemini-embeddings/index.ts';
import { gemini } from '../../schemas/dialects/gemini/index.ts';
import { carriesSeals } from '../../schemas/dialects/seals.ts';
import { Inexpressible } from '../../schemas/dialects/types.ts';
import { SMALL_CALL, asked } from '../support/neutral.ts';
import type { Can } from '../support/neutral.ts';
import {
  callsComeBack,
  cutsDoNotMatter,
  decodeBytes,
  encode,
  folded,
  framed,
  outputsComeBack,
  streamsComeBack,
  wire,
} from '../support/round-trip.ts';
import { sseBytes } from '../support/sse.ts';

const CAN: Can = {
  systemApart: true,
  images: true,
  documents: true,
  audio: true,
  imageResults: true,
  reasoning: true,
  seal: 'gemini',
  toolErrors: true,
  resultNames: true,
  mergedResults: true,
  choices: 3,
  noCacheWrites: true,
  settings: [
    'maxTokens',
    'temperature',
    'topP',
    'topK',
    'seed',
    'stop',
    'presencePenalty',
    'frequencyPenalty',
    'n',
    'toolChoice',
    'thinking',
  ],
};

describe('round trips', () => {
  test('property: calls', () => callsComeBack(gemini, { can: CAN }));
  test('property: answers', () => outputsComeBack(gemini, { can: CAN }));
  test('property: streams', () => streamsComeBack(gemini, { can: CAN }));
});

function write(call: Partial<Call>, model = 'gemini-2.5-flash') {
  const { body, dropped } = gemini.writeCall({ ...SMALL_CALL, ...call }, { model, stream: false, quirks: {} });
  return { body: wire(body) as Record<string, unknown>, dropped };
}
const read = (body: Record<string, unknown>) => gemini.readCall({ body, model: 'gemini-3-flash', stream: true });
const refusal = (field: string) => (error: unknown) => error instanceof Inexpressible && error.field === field;

describe('a request', () => {
  const parts = (given: readonly unknown[]) => read({ contents: [{ role: 'user', parts: given }] }).messages[0]?.parts;

  test('parts of every kind, in either spelling', () => {
    assert.deepEqual(
      parts([
        { text: 'Hi' },
        { inlineData: { mimeType: 'image/png', data: 'iVBO', displayName: 'a.png' } },
        { inline_data: { mime_type: 'audio/mp3', data: 'AAAA' } },
        { fileData: { fileUri: 'https://e.com/v.mp4', mimeType: 'video/mp4' } },
        { file_data: { file_uri: 'gs://b/a.pdf', mime_type: 'application/pdf' } },
        { executableCode: { language: 'PYTHON', code: '1' } },
        {},
        { text: '' },
      ]),
      [
        { type: 'text', content: 'Hi' },
        { type: 'blob', modality: 'image', mime_type: 'image/png', content: 'iVBO', name: 'a.png' },
        { type: 'blob', modality: 'audio', mime_type: 'audio/mp3', content: 'AAAA' },
        { type: 'uri', modality: 'video', mime_type: 'video/mp4', uri: 'https://e.com/v.mp4' },
        { type: 'uri', modality: 'document', mime_type: 'application/pdf', uri: 'gs://b/a.pdf' },
        {
          type: 'generic',
          generic_type: 'executableCode',
          content: { executableCode: { language: 'PYTHON', code: '1' } },
        },
      ],
    );
  });

  test('calls without ids get numbers, and their results find them', () => {
    const call = (name: string, more = {}) => ({ functionCall: { name, args: { a: 1 }, ...more } });
    const result = (name: string, response: unknown) => ({ functionResponse: { name, response } });
    const { messages } = read({
      contents: [
        { role: 'user', parts: [{ text: 'Hi' }] },
        { role: 'model', parts: [call('f'), call('g'), call('f', { id: 'own' })] },
        { role: 'user', parts: [result('g', { output: 'G' }), result('f', { error: 'no' }), { text: 'So?' }] },
        { role: 'function', parts: [{ functionResponse: { id: 'own', name: 'f', response: { t: 4 } } }] },
      ],
    });
    assert.deepEqual(
      messages.map(({ role, parts }) => [role, ...parts.map((part) => ('id' in part ? part.id : part.type))]),
      [
        ['user', 'text'],
        ['assistant', 'call_0', 'call_1', 'own'],
        ['tool', 'call_1', 'call_0'],
        ['user', 'text'],
        ['tool', 'own'],
      ],
    );
    const [good, bad] = messages[2]?.parts ?? [];
    assert.deepEqual(good, { type: 'tool_call_response', id: 'call_1', name: 'g', response: 'G' });
    assert.deepEqual(bad, { type: 'tool_call_response', id: 'call_0', name: 'f', response: 'no', is_error: true });
    assert.deepEqual(messages[4]?.parts[0], { type: 'tool_call_response', id: 'own', name: 'f', response: { t: 4 } });
  });

  test('an answer that the client kept in chunks is one message', () => {
    const { messages, paths } = read({
      contents: [
        { role: 'model', parts: [{ text: 'Think', thought: true }] },
        { role: 'model', parts: [{ text: ' more', thought: true }] },
        { role: 'model', parts: [{ text: 'Hel' }] },
        { role: 'model', parts: [{ text: 'lo' }, { text: '', thoughtSignature: 'c2ln' }] },
        { role: 'model', parts: [{ text: 'again' }] },
      ],
    });
    assert.deepEqual(messages, [
      {
        role: 'assistant',
        parts: [
          { type: 'reasoning', content: 'Think more' },
          { type: 'text', content: 'Hello', seal: { family: 'gemini', value: 'c2ln' } },
          { type: 'text', content: 'again' },
        ],
      },
    ]);
    assert.deepEqual(
      messages[0]?.parts.map((part) => paths.get(part)),
      ['contents.0.parts.0', 'contents.2.parts.0', 'contents.4.parts.0'],
    );
  });

  test('every setting, in either spelling', () => {
    const camel = read({
      contents: [],
      generationConfig: {
        maxOutputTokens: 10,
        temperature: 1.5,
        topP: 0.5,
        topK: 4,
        seed: 7,
        stopSequences: ['END'],
        presencePenalty: 0.1,
        frequencyPenalty: 0.2,
        candidateCount: 2,
        responseLogprobs: true,
        logprobs: 3,
        responseMimeType: 'application/json',
        responseSchema: {
          type: 'OBJECT',
          properties: {
            a: { type: 'STRING', nullable: true },
            maxItems: { type: 'ARRAY', maxItems: '3', items: { type: 'NUMBER' } },
          },
          propertyOrdering: ['a'],
        },
        thinkingConfig: { thinkingBudget: 512, includeThoughts: true },
        mediaResolution: 'MEDIA_RESOLUTION_LOW',
        responseModalities: ['TEXT'],
      },
      safetySettings: [{ category: 'HARM_CATEGORY_HARASSMENT', threshold: 'BLOCK_NONE' }],
      toolConfig: { functionCallingConfig: { mode: 'ANY', allowedFunctionNames: ['f'] } },
      serviceTier: 'standard',
      cachedContent: 'cachedContents/1',
    });
    assert.deepEqual(camel.settings, {
      maxTokens: 10,
      temperature: 1.5,
      topP: 0.5,
      topK: 4,
      seed: 7,
      stop: ['END'],
      presencePenalty: 0.1,
      frequencyPenalty: 0.2,
      n: 2,
      logprobs: true,
      topLogprobs: 3,
      format: {
        type: 'schema',
        schema: {
          type: 'object',
          properties: {
            a: { type: ['string', 'null'] },
            maxItems: { type: 'array', maxItems: 3, items: { type: 'number' } },
          },
        },
      },
      thinking: { budget: 512, show: true },
      safety: [{ category: 'HARM_CATEGORY_HARASSMENT', threshold: 'BLOCK_NONE' }],
      toolChoice: { name: 'f' },
      serviceTier: 'default',
    });
    assert.deepEqual(camel.extra, {
      cachedContent: 'cachedContents/1',
      'generationConfig.mediaResolution': 'MEDIA_RESOLUTION_LOW',
    });
    const snake = read({
      contents: [],
      system_instruction: { parts: [{ text: 'S' }] },
      generation_config: { max_output_tokens: 10, thinking_config: { thinking_level: 'high' } },
      tool_config: { function_calling_config: { mode: 'any', allowed_function_names: ['f', 'g'] } },
    });
    assert.deepEqual(snake.settings, { maxTokens: 10, thinking: { effort: 'high' }, toolChoice: 'required' });
    assert.deepEqual(snake.system, [{ type: 'text', content: 'S' }]);
    assert.deepEqual(snake.extra, { 'toolConfig.allowedFunctionNames': ['f', 'g'] });
  });

  test('functions, and tools that Google runs', () => {
    const { tools, paths } = read({
      contents: [],
      tools: [
        {
          functionDeclarations: [
            { name: 'f', description: 'F', parameters: { type: 'OBJECT', properties: { type: { type: 'STRING' } } } },
            { name: 'g', parametersJsonSchema: { type: 'object' } },
          ],
        },
        { google_search: {} },
      ],
    });
    assert.deepEqual(tools, [
      {
        type: 'function',
        name: 'f',
        description: 'F',
        parameters: { type: 'object', properties: { type: { type: 'string' } } },
      },
      { type: 'function', name: 'g', parameters: { type: 'object' } },
      { type: 'googleSearch', name: 'googleSearch', raw: { googleSearch: {} } },
    ]);
    assert.equal(tools[1] && paths.get(tools[1]), 'tools.0.functionDeclarations.1');
  });

  test('mistakes are said with their place', () => {
    assert.throws(() => read({ contents: 'Hi' }), refusal('contents'));
    const config = { temperature: 'hot' };
    assert.throws(() => read({ contents: [], generationConfig: config }), refusal('generationConfig.temperature'));
    const thinkingConfig = { thinkingBudget: 'much' };
    assert.throws(
      () => read({ contents: [], generationConfig: { thinkingConfig } }),
      refusal('generationConfig.thinkingConfig.thinkingBudget'),
    );
  });
});

describe('a call of another dialect', () => {
  test('loses what Gemini has no word for, and says so', () => {
    const settings: Settings = { user: 'u', store: true, parallelTools: true, minP: 0.1, serviceTier: 'auto' };
    assert.deepEqual(write({ settings, extra: { prediction: {} } }).dropped, ['user', 'store', 'minP', 'prediction']);
  });

  test('is refused where leaving something out would change it', () => {
    const tools = [{ type: 'function', name: 'f' }];
    assert.throws(() => write({ tools, settings: { parallelTools: false } }), refusal('parallelTools'));
    assert.throws(() => write({ settings: { logprobs: true } }), refusal('logprobs'));
    assert.throws(() => write({ extra: { conversation: 'c' } }), refusal('conversation'));
    assert.throws(() => write({ tools: [{ type: 'code_interpreter', name: 'c', raw: {} }] }), refusal(''));
    const file: Part = { type: 'file', modality: 'document', file_id: 'file-1' };
    const paths = new WeakMap<object, string>([[file, 'messages.0.content.1']]);
    assert.throws(() => write({ messages: [{ role: 'user', parts: [file] }], paths }), refusal('messages.0.content.1'));
  });

  test('thinking by level, by tokens, or not at all', () => {
    const thinking = (asked: NonNullable<Settings['thinking']>, model: string) => {
      const { body, dropped } = write({ settings: { thinking: asked } }, model);
      const config = body['generationConfig'] as { thinkingConfig?: unknown } | undefined;
      return [config?.thinkingConfig, ...dropped];
    };
    assert.deepEqual(thinking({ effort: 'medium' }, 'gemini-3-flash-preview'), [{ thinkingLevel: 'MEDIUM' }]);
    assert.deepEqual(thinking({ effort: 'max', show: true }, 'gemini-3.1-pro'), [
      { thinkingLevel: 'HIGH', includeThoughts: true },
    ]);
    assert.deepEqual(thinking({ effort: 'none' }, 'gemini-3.1-pro'), [{ thinkingLevel: 'LOW' }, 'thinking']);
    assert.deepEqual(thinking({ budget: 3000 }, 'gemini-3.1-pro'), [{ thinkingBudget: 3000 }]);
    assert.deepEqual(thinking({ effort: 'high' }, 'gemini-2.5-flash'), [{ thinkingBudget: 24_576 }]);
    assert.deepEqual(thinking({ effort: 'none' }, 'gemini-2.5-flash'), [{ thinkingBudget: 0 }]);
    assert.deepEqual(thinking({ effort: 'none' }, 'gemini-2.5-pro'), [{ thinkingBudget: 128 }, 'thinking']);
    assert.deepEqual(thinking({ budget: -1 }, 'gemini-2.5-pro'), [{ thinkingBudget: -1 }]);
    assert.deepEqual(thinking({ effort: 'high' }, 'gemini-2.0-flash'), [undefined, 'thinking']);
    assert.deepEqual(thinking({ effort: 'none' }, 'gemini-2.0-flash'), [undefined]);
  });

  test('JSON by a schema as it is', () => {
    const schema = { type: 'object', properties: { a: { $ref: '#/$defs/a' } }, $defs: { a: { type: 'string' } } };
    const { body } = write({ settings: { format: { type: 'schema', schema, name: 'x', strict: true } } });
    assert.deepEqual(body['generationConfig'], { responseMimeType: 'application/json', responseJsonSchema: schema });
    const words = gemini.writeCall(
      { ...SMALL_CALL, settings: { format: { type: 'schema', schema } } },
      { model: 'm', stream: false, quirks: { noJsonSchema: true } },
    );
    assert.deepEqual(words.dropped, ['format.schema']);
    assert.match(JSON.stringify(words.body['systemInstruction']), /JSON Schema/);
  });

  const call = (id: string): Part => ({ type: 'tool_call', id, name: 'f', arguments: { a: 1 } });
  const result = (id: string, response: unknown): Part => ({ type: 'tool_call_response', id, response });

  test('calls of strangers are excused from their signature, once a step', () => {
    const messages = [
      { role: 'assistant', parts: [call('a'), call('b')] },
      { role: 'tool', parts: [result('a', '1')] },
      { role: 'tool', parts: [result('b', { x: 2 })] },
    ] as const;
    const { body } = write({ messages }, 'gemini-3-flash');
    const functionCall = (id: string) => ({ functionCall: { id, name: 'f', args: { a: 1 } } });
    assert.deepEqual(body['contents'], [
      {
        role: 'model',
        parts: [{ thoughtSignature: 'skip_thought_signature_validator', ...functionCall('a') }, functionCall('b')],
      },
      {
        role: 'user',
        parts: [
          { functionResponse: { id: 'a', name: 'f', response: { output: '1' } } },
          { functionResponse: { id: 'b', name: 'f', response: { x: 2 } } },
        ],
      },
    ]);
    assert.equal(JSON.stringify(write({ messages }).body).includes('thoughtSignature'), false);
    const own = { ...call('a'), seal: { family: 'gemini', value: 'c2ln' } } as Part;
    const sealed = write({ messages: [{ role: 'assistant', parts: [own] }] }, 'gemini-3-flash').body['contents'];
    assert.match(JSON.stringify(sealed), /"thoughtSignature":"c2ln"/);
  });

  test('images in results: inside where the model takes them, else beside', () => {
    const image: Part = { type: 'blob', modality: 'image', mime_type: 'image/png', content: 'iVBO' };
    const messages = [{ role: 'tool', parts: [result('a', [{ type: 'text', content: 'Look' }, image])] }] as const;
    const inline = { inlineData: { mimeType: 'image/png', data: 'iVBO' } };
    const response = { id: 'a', name: 'a', response: { output: 'Look' } };
    assert.deepEqual(write({ messages }, 'gemini-3-flash').body['contents'], [
      { role: 'user', parts: [{ functionResponse: { ...response, parts: [inline] } }] },
    ]);
    assert.deepEqual(write({ messages }).body['contents'], [
      { role: 'user', parts: [{ functionResponse: response }, inline] },
    ]);
  });

  test('instructions go up, thoughts of others and blanks stay out, addresses say what they are', () => {
    const { body } = write({
      messages: [
        { role: 'system', parts: [{ type: 'text', content: 'A' }] },
        {
          role: 'user',
          parts: [
            { type: 'text', content: ' ' },
            { type: 'uri', modality: 'image', uri: 'https://e.com/a.JPG?x=1' },
          ],
        },
        { role: 'developer', parts: [{ type: 'text', content: 'B' }] },
        {
          role: 'assistant',
          parts: [{ type: 'reasoning', content: 'Hm', seal: { family: 'anthropic', value: 's' } }],
        },
      ],
    });
    assert.deepEqual(body, {
      contents: [
        { role: 'user', parts: [{ fileData: { fileUri: 'https://e.com/a.JPG?x=1', mimeType: 'image/jpeg' } }] },
      ],
      systemInstruction: { parts: [{ text: 'A' }, { text: 'B' }] },
    });
  });

  test('a search of the web has another name here', () => {
    const tools = [{ type: 'web_search_20250305', name: 'web_search', raw: {} }];
    assert.deepEqual(write({ tools }).body['tools'], [{ googleSearch: {} }]);
  });
});

const USAGE = {
  promptTokenCount: 100,
  cachedContentTokenCount: 60,
  candidatesTokenCount: 20,
  thoughtsTokenCount: 30,
  toolUsePromptTokenCount: 10,
  totalTokenCount: 160,
  promptTokensDetails: [
    { modality: 'TEXT', tokenCount: 50 },
    { modality: 'AUDIO', tokenCount: 40 },
    { modality: 'IMAGE', tokenCount: 10 },
  ],
  cacheTokensDetails: [
    { modality: 'TEXT', tokenCount: 35 },
    { modality: 'AUDIO', tokenCount: 25 },
  ],
  trafficType: 'ON_DEMAND_FLEX',
};
const NEUTRAL_USAGE = {
  input: 110,
  cacheRead: 60,
  cacheWrite: 0,
  output: 50,
  reasoning: 30,
  units: { audioInput: 40, audioCacheRead: 25, imageInput: 10, toolInput: 10 },
};

describe('an answer', () => {
  test('thoughts, text, calls, images, counts', () => {
    const output = gemini.readOutput({
      candidates: [
        {
          content: {
            role: 'model',
            parts: [
              { text: 'Hm.', thought: true },
              { text: 'One moment.' },
              { functionCall: { name: 'weather', args: { city: 'Oslo' } }, thoughtSignature: 'c2ln' },
              { functionCall: { name: 'now' } },
              { inlineData: { mimeType: 'image/png', data: 'iVBO' } },
            ],
          },
          finishReason: 'STOP',
          index: 0,
        },
      ],
      usageMetadata: USAGE,
      modelVersion: 'gemini-3-flash',
      responseId: 'r1',
    });
    assert.deepEqual(output, {
      messages: [
        {
          role: 'assistant',
          parts: [
            { type: 'reasoning', content: 'Hm.' },
            { type: 'text', content: 'One moment.' },
            {
              type: 'tool_call',
              id: 'call_r1_0',
              name: 'weather',
              arguments: { city: 'Oslo' },
              seal: { family: 'gemini', value: 'c2ln' },
            },
            { type: 'tool_call', id: 'call_r1_1', name: 'now', arguments: {} },
            { type: 'blob', modality: 'image', mime_type: 'image/png', content: 'iVBO' },
          ],
          finish_reason: 'tool_call',
        },
      ],
      usage: NEUTRAL_USAGE,
      model: 'gemini-3-flash',
      id: 'r1',
      serviceTier: 'flex',
      complete: true,
      error: undefined,
    });
  });

  test('how it ended', () => {
    const finish = (finishReason: string) =>
      gemini.readOutput({ candidates: [{ content: { parts: [] }, finishReason }] }).messages[0]?.finish_reason;
    assert.deepEqual(
      ['STOP', 'MAX_TOKENS', 'SAFETY', 'RECITATION', 'SPII', 'MALFORMED_FUNCTION_CALL', 'OTHER', 'NEWER'].map(finish),
      ['stop', 'length', 'content_filter', 'content_filter', 'content_filter', 'error', 'error', 'newer'],
    );
    const blocked = gemini.readOutput({
      promptFeedback: { blockReason: 'SAFETY' },
      usageMetadata: { promptTokenCount: 3 },
    });
    assert.deepEqual(blocked.messages, [{ role: 'assistant', parts: [], finish_reason: 'content_filter' }]);
    assert.deepEqual([blocked.complete, blocked.usage?.input], [true, 3]);
  });

  test('an error', () => {
    const { error, complete } = gemini.readOutput({
      error: { code: 429, message: 'Slow down', status: 'RESOURCE_EXHAUSTED' },
    });
    assert.deepEqual([error, complete], [{ type: 'RESOURCE_EXHAUSTED', message: 'Slow down', status: 429 }, true]);
    const written = gemini.writeOutput(
      { ...folded([]), error: { type: 'rate_limit_error', message: 'Slow down', status: 429 } },
      asked(SMALL_CALL),
    );
    assert.deepEqual(written, { error: { code: 429, message: 'Slow down', status: 'RESOURCE_EXHAUSTED' } });
  });

  const groundingMetadata = {
    webSearchQueries: ['oslo', 'weather'],
    groundingChunks: [{ web: { uri: 'https://e.com', title: 'E' } }, { web: { uri: 'https://f.com', title: 'F' } }],
    groundingSupports: [{ segment: { startIndex: 7, endIndex: 13, text: 'is 4°' }, groundingChunkIndices: [0, 1] }],
  };

  test('citations, in characters; searches, by what they cost', () => {
    const body = (modelVersion: string) => ({
      candidates: [{ content: { parts: [{ text: 'Øslo: is 4°' }] }, groundingMetadata, finishReason: 'STOP' }],
      usageMetadata: { promptTokenCount: 1, candidatesTokenCount: 2 },
      modelVersion,
    });
    const output = gemini.readOutput(body('gemini-3-flash'));
    const [part] = output.messages[0]?.parts ?? [];
    assert.deepEqual(part?.type === 'text' && part.citations, [
      { url: 'https://e.com', title: 'E', start: 6, end: 11 },
      { url: 'https://f.com', title: 'F', start: 6, end: 11 },
    ]);
    assert.equal(output.usage?.units?.searches, 2);
    assert.equal(gemini.readOutput(body('gemini-2.5-flash')).usage?.units?.searches, 1);
    const streamed = folded(decodeBytes(gemini, sseBytes([body('gemini-3-flash')]), 1000));
    assert.deepEqual(streamed, output);
    const again = gemini.readOutput(wire(gemini.writeOutput(output, asked(SMALL_CALL))));
    assert.deepEqual(again.messages, output.messages);
  });

  test('counts, both ways', () => {
    assert.deepEqual(gemini.readUsage(USAGE), NEUTRAL_USAGE);
    const written = wire(
      gemini.writeOutput({ ...folded([]), usage: NEUTRAL_USAGE, serviceTier: 'flex' }, asked(SMALL_CALL)),
    );
    assert.deepEqual((written as { usageMetadata: unknown }).usageMetadata, USAGE);
    for (const value of [
      undefined,
      {},
      'x',
      { promptTokenCount: -1 },
      { promptTokenCount: 1, thoughtsTokenCount: 1e12 },
    ]) {
      assert.equal(gemini.readUsage(value), undefined);
    }
    assert.deepEqual(gemini.readUsage({ promptTokenCount: 5, totalTokenCount: 9 })?.output, 4);
  });
});

const chunk = (parts: readonly unknown[], more: Record<string, unknown> = {}) => ({
  candidates: [{ content: { role: 'model', parts }, index: 0, ...more }],
  usageMetadata: { promptTokenCount: 5, candidatesTokenCount: 1, totalTokenCount: 6 },
  modelVersion: 'gemini-3-flash',
  responseId: 'r1',
});
const CHUNKS = [
  chunk([{ text: 'Let me ', thought: true }]),
  chunk([{ text: 'see.', thought: true }]),
  chunk([{ text: 'Grüße ' }]),
  chunk([{ text: '🦊' }]),
  chunk([{ functionCall: { name: 'f', args: { a: 1 } }, thoughtSignature: 'c2ln' }, { functionCall: { name: 'g' } }]),
  { ...chunk([{ text: '' }], { finishReason: 'STOP' }), usageMetadata: USAGE },
];

describe('a stream', () => {
  test('adds up to the answer', () => {
    const output = folded(decodeBytes(gemini, sseBytes(CHUNKS), 7));
    assert.deepEqual(output.messages, [
      {
        role: 'assistant',
        parts: [
          { type: 'reasoning', content: 'Let me see.' },
          { type: 'text', content: 'Grüße 🦊' },
          {
            type: 'tool_call',
            id: 'call_r1_0',
            name: 'f',
            arguments: { a: 1 },
            seal: { family: 'gemini', value: 'c2ln' },
          },
          { type: 'tool_call', id: 'call_r1_1', name: 'g', arguments: {} },
        ],
        finish_reason: 'tool_call',
      },
    ]);
    assert.deepEqual([output.usage, output.id, output.complete], [NEUTRAL_USAGE, 'r1', true]);
  });

  test('cut anywhere, it is the same', () => cutsDoNotMatter(gemini, sseBytes(CHUNKS)));

  test('without a reason it is not complete', () => {
    assert.equal(folded(decodeBytes(gemini, sseBytes(CHUNKS.slice(0, -1)), 1000)).complete, false);
    const going = [
      chunk([{ text: 'a' }], { finishReason: 'CONTINUATION' }),
      chunk([{ text: 'b' }], { finishReason: 'STOP' }),
    ];
    const output = folded(decodeBytes(gemini, sseBytes(going), 1000));
    assert.deepEqual(output.messages[0]?.parts, [{ type: 'text', content: 'ab' }]);
    assert.equal(output.complete, true);
  });

  test('a blocked prompt and an error in the middle', () => {
    const blocked = folded(decodeBytes(gemini, sseBytes([{ promptFeedback: { blockReason: 'SAFETY' } }]), 1000));
    assert.deepEqual([blocked.messages[0]?.finish_reason, blocked.complete], ['content_filter', true]);
    const failed = [CHUNKS[0], { error: { code: 503, message: 'Busy', status: 'UNAVAILABLE' } }];
    const output = folded(decodeBytes(gemini, sseBytes(failed), 1000));
    assert.deepEqual([output.error, output.complete], [{ type: 'UNAVAILABLE', message: 'Busy', status: 503 }, false]);
  });
});

describe('seals of other families', () => {
  test('survive a client that echoes its content', () => {
    const parts: readonly Part[] = [
      { type: 'reasoning', content: 'Hm.', seal: { family: 'anthropic', value: 'c2ln~x' } },
      { type: 'tool_call', id: 'a', name: 'f', arguments: {}, seal: { family: 'openai', value: 'v', id: 'rs_1' } },
    ];
    const messages = [{ role: 'assistant', parts, finish_reason: 'tool_call' }] as const;
    const written = gemini.writeOutput({ ...folded([]), messages, complete: true }, asked(SMALL_CALL));
    const [candidate] = (wire(written) as { candidates: { content: { parts: { thoughtSignature: string }[] } }[] })
      .candidates;
    for (const { thoughtSignature } of candidate?.content.parts ?? []) assert.match(thoughtSignature, /^[\w+/]+=*$/);
    assert.equal(carriesSeals(Buffer.from(JSON.stringify(written))), true);
    assert.deepEqual(gemini.readInput({ contents: [candidate?.content] }).messages[0]?.parts, parts);
  });
});

describe('counting', () => {
  test('contents alone, or a whole request', () => {
    const { counting } = gemini;
    assert.ok(counting);
    const target = { model: 'gemini-3-flash', stream: false, quirks: {} };
    const contents = [{ role: 'user', parts: [{ text: 'Hello' }] }];
    assert.deepEqual(wire(counting.writeCall(SMALL_CALL, target).body), { contents });
    const system: readonly Part[] = [{ type: 'text', content: 'S' }];
    const whole = wire(counting.writeCall({ ...SMALL_CALL, system }, target).body);
    assert.deepEqual(whole, {
      generateContentRequest: {
        model: 'models/gemini-3-flash',
        contents,
        systemInstruction: { parts: [{ text: 'S' }] },
      },
    });
    assert.deepEqual(counting.readCall({ body: whole, model: 'm', stream: false }).system, system);
    assert.equal(counting.readAnswer(counting.writeAnswer(14)), 14);
  });
});

const EVENTS: readonly CallEvent[] = [
  { type: 'start', id: 'msg_1', model: 'claude-opus-5' },
  { type: 'open', choice: 0, index: 0, part: { type: 'reasoning', content: '' } },
  { type: 'delta', choice: 0, index: 0, text: 'Let me see.' },
  { type: 'mark', choice: 0, index: 0, seal: { family: 'anthropic', value: 'sig' } },
  { type: 'close', choice: 0, index: 0 },
  { type: 'open', choice: 0, index: 1, part: { type: 'text', content: '' } },
  { type: 'delta', choice: 0, index: 1, text: 'Grüße ' },
  { type: 'delta', choice: 0, index: 1, text: '🦊' },
  { type: 'mark', choice: 0, index: 1, citation: { url: 'https://e.com', title: 'E', start: 0, end: 5 } },
  { type: 'close', choice: 0, index: 1 },
  {
    type: 'open',
    choice: 0,
    index: 2,
    part: { type: 'tool_call', id: 'call_1', name: 'weather', arguments: undefined },
  },
  { type: 'delta', choice: 0, index: 2, text: '{"city":' },
  { type: 'open', choice: 0, index: 3, part: { type: 'tool_call', id: 'call_2', name: 'now', arguments: undefined } },
  { type: 'delta', choice: 0, index: 3, text: '{}' },
  { type: 'delta', choice: 0, index: 2, text: '"Oslo"}' },
  { type: 'close', choice: 0, index: 2 },
  { type: 'close', choice: 0, index: 3 },
  { type: 'finish', choice: 0, reason: 'tool_call' },
  { type: 'usage', usage: { input: 130, cacheRead: 100, cacheWrite: 5, output: 33, reasoning: 7 } },
  { type: 'end' },
];

/** Runs the official client against one answer. */
async function withClient<T>(
  answer: { type: string; body: Buffer | string },
  use: (client: GoogleGenAI) => Promise<T>,
): Promise<T> {
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': answer.type }).end(answer.body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const client = new GoogleGenAI({ apiKey: 'k', httpOptions: { baseUrl: `http://127.0.0.1:${port}` } });
  try {
    return await use(client);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

describe('the official client', () => {
  const ask = { model: 'gemini-3-flash', contents: 'Hi' };

  test('reads an encoded stream, and its chat echoes it whole', async () => {
    const body = framed(gemini, encode(gemini, EVENTS));
    await withClient({ type: 'text/event-stream', body }, async (client) => {
      const chat = client.chats.create({ model: ask.model });
      let text = '';
      const calls = [];
      let last;
      for await (const each of await chat.sendMessageStream({ message: 'Hi' })) {
        text += each.text ?? '';
        calls.push(...(each.functionCalls ?? []));
        last = each;
      }
      assert.equal(text, 'Grüße 🦊');
      assert.deepEqual(
        calls.map(({ id, name, args }) => [id, name, args]),
        [
          ['call_1', 'weather', { city: 'Oslo' }],
          ['call_2', 'now', {}],
        ],
      );
      assert.equal(last?.candidates?.[0]?.finishReason, 'STOP');
      assert.equal(last.candidates[0].groundingMetadata?.groundingChunks?.[0]?.web?.uri, 'https://e.com');
      assert.equal(last.responseId, 'msg_1');
      assert.equal(last.modelVersion, 'claude-opus-5');
      const { usageMetadata } = last;
      assert.deepEqual(
        [usageMetadata?.promptTokenCount, usageMetadata?.cachedContentTokenCount, usageMetadata?.candidatesTokenCount],
        [130, 100, 26],
      );
      assert.deepEqual([usageMetadata?.thoughtsTokenCount, usageMetadata?.totalTokenCount], [7, 163]);
      const { messages } = gemini.readInput({ contents: wire(chat.getHistory()) });
      assert.deepEqual(messages, [
        { role: 'user', parts: [{ type: 'text', content: 'Hi' }] },
        {
          role: 'assistant',
          parts: [
            { type: 'reasoning', content: 'Let me see.', seal: { family: 'anthropic', value: 'sig' } },
            { type: 'text', content: 'Grüße 🦊' },
            { type: 'tool_call', id: 'call_1', name: 'weather', arguments: { city: 'Oslo' } },
            { type: 'tool_call', id: 'call_2', name: 'now', arguments: {} },
          ],
        },
      ]);
    });
  });

  test('reads a written answer', async () => {
    const body = JSON.stringify(gemini.writeOutput(folded(EVENTS), asked(SMALL_CALL)));
    const answer = await withClient({ type: 'application/json', body }, (client) => client.models.generateContent(ask));
    assert.equal(answer.text, 'Grüße 🦊');
    assert.equal(answer.functionCalls?.length, 2);
    assert.equal(answer.usageMetadata?.totalTokenCount, 163);
  });

  test('sees an error in the middle as one', async () => {
    const error: CallEvent = { type: 'error', error: { type: 'overloaded_error', message: 'Busy', status: 529 } };
    const body = framed(gemini, encode(gemini, [...EVENTS.slice(0, 8), error, { type: 'end' }]));
    const failed = withClient({ type: 'text/event-stream', body }, async (client) => {
      for await (const each of await client.models.generateContentStream(ask)) assert.ok(each.candidates);
    });
    await assert.rejects(failed, /Busy/);
  });

  test('sees no end where there was none', () => {
    const frames = encode(gemini, EVENTS.slice(0, -1));
    assert.equal(
      frames.some(({ data }) => data.includes('finishReason')),
      false,
    );
  });

  test('embeds and counts', async () => {
    const body = JSON.stringify(
      geminiEmbeddings.writeVectors({ vectors: [[0.5], [0.25]], usage: undefined, model: '', id: '' }, EMBED),
    );
    const answer = await withClient({ type: 'application/json', body }, (client) =>
      client.models.embedContent({ model: 'gemini-embedding-001', contents: ['a', 'b'] }),
    );
    assert.deepEqual(
      answer.embeddings?.map(({ values }) => values),
      [[0.5], [0.25]],
    );
    const counted = JSON.stringify(gemini.counting?.writeAnswer(12));
    const count = await withClient({ type: 'application/json', body: counted }, (client) =>
      client.models.countTokens(ask),
    );
    assert.equal(count.totalTokens, 12);
  });
});

const EMBED = { model: 'gemini-embedding-001', inputs: ['a', 'b'], base64: false, single: false, extra: {} };

describe('embeddings', () => {
  const { readEmbeddings, writeEmbeddings, readVectors, writeVectors } = geminiEmbeddings;
  const target = { model: 'gemini-embedding-001', stream: false, quirks: {} };

  test('one content, or a list of requests, in either spelling', () => {
    const content = { parts: [{ text: 'a' }, { text: 'b' }] };
    const one = { content, taskType: 'RETRIEVAL_QUERY', outputDimensionality: 256 };
    assert.deepEqual(readEmbeddings({ body: one, model: 'm', stream: false }), {
      model: 'm',
      inputs: ['ab'],
      dimensions: 256,
      task: 'retrieval_query',
      base64: false,
      single: true,
      extra: {},
    });
    const many = {
      requests: [
        { model: 'models/m', content, task_type: 'CODE_RETRIEVAL_QUERY', title: 'T' },
        { content: { parts: [{ text: 'c' }] } },
      ],
    };
    const call = readEmbeddings({ body: many, model: 'm', stream: false });
    assert.deepEqual([call.inputs, call.single, call.task], [['ab', 'c'], false, 'code_retrieval_query']);
    const body = wire(writeEmbeddings(call, target).body);
    assert.deepEqual(readEmbeddings({ body, model: 'm', stream: false }), call);
  });

  test('what cannot be embedded is refused', () => {
    const image = { content: { parts: [{ text: 'a' }, { inlineData: {} }] } };
    assert.throws(() => readEmbeddings({ body: image, model: 'm', stream: false }), refusal('content.parts.1'));
    assert.throws(
      () => readEmbeddings({ body: { requests: [{}] }, model: 'm', stream: false }),
      refusal('requests.0.content'),
    );
    assert.throws(() => writeEmbeddings({ ...EMBED, inputs: ['a', [1, 2]] }, target), refusal('input.1'));
    assert.deepEqual(writeEmbeddings({ ...EMBED, user: 'u', extra: { truncate: 'END' } }, target).dropped, [
      'user',
      'truncate',
    ]);
  });

  test('vectors, both ways', () => {
    const usage = { input: 3, cacheRead: 0, cacheWrite: 0, output: 0, reasoning: 0 };
    const output = { vectors: [[0.5, -1]], usage, model: '', id: '' };
    assert.deepEqual(readVectors(wire(writeVectors(output, { ...EMBED, single: true }))), output);
    assert.deepEqual(readVectors(wire(writeVectors(output, EMBED))), output);
    assert.deepEqual(readVectors({ embeddings: [{ values: [1], statistics: { tokenCount: 2 } }] }).usage?.input, 2);
    assert.deepEqual(readVectors('x').vectors, []);
    assert.equal(geminiEmbeddings.readInput({ content: { parts: [{ text: 'a' }] } }).messages.length, 1);
    assert.equal(geminiEmbeddings.readOutput({ embeddings: [] }).complete, true);
  });
});
