// The Vercel AI SDK itself, with telemetry on, its own mock of a model behind it and OpenTelemetry's exporter before
// the collector: what it really sends, stored.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { NodeSDK } from '@opentelemetry/sdk-node';
import { embed, generateText, stepCountIs, streamText, tool } from 'ai';
import { MockEmbeddingModelV3, MockLanguageModelV3, simulateReadableStream } from 'ai/test';
import { z } from 'zod';
import type { SpanRow } from '../../schemas/span.ts';
import { startIngest } from '../support/ingest.ts';

const usage = {
  inputTokens: { total: 100, noCache: 60, cacheRead: 40, cacheWrite: 0 },
  outputTokens: { total: 20, text: 15, reasoning: 5 },
};
const stop = { unified: 'stop', raw: 'stop' } as const;
const identity = { provider: 'openai.chat', modelId: 'gpt-4o-mini' };

function answers(): MockLanguageModelV3 {
  const call = { type: 'tool-call', toolCallId: 'c1', toolName: 'weather', input: '{"city":"Berlin"}' } as const;
  const response = { id: 'r1', modelId: 'gpt-4o-mini-2024-07-18' };
  return new MockLanguageModelV3({
    ...identity,
    doGenerate: [
      { content: [call], finishReason: { unified: 'tool-calls', raw: 'tool_calls' }, usage, warnings: [], response },
      { content: [{ type: 'text', text: 'It is sunny.' }], finishReason: stop, usage, warnings: [], response },
    ],
    doStream: {
      stream: simulateReadableStream({
        chunks: [
          { type: 'text-start', id: '0' },
          { type: 'text-delta', id: '0', delta: 'Hel' },
          { type: 'text-delta', id: '0', delta: 'lo' },
          { type: 'text-end', id: '0' },
          { type: 'finish', finishReason: stop, usage },
        ],
      }),
    },
  });
}

test('the AI SDK: agent, calls of the model, tools, streams and embeddings', async () => {
  await using ingest = await startIngest();
  const traceExporter = new OTLPTraceExporter({ url: `${ingest.url}/v1/traces` });
  const sdk = new NodeSDK({ traceExporter, resourceDetectors: [], metricReaders: [], logRecordProcessors: [] });
  sdk.start();
  const metadata = { sessionId: 's-1', userId: 'u-1', feature: 'travel' };
  const experimental_telemetry = { isEnabled: true, functionId: 'guide', metadata };
  const weather = tool({ inputSchema: z.object({ city: z.string() }), execute: async () => 'sunny' });
  const model = answers();
  await generateText({
    model, tools: { weather }, system: 'be brief', prompt: 'weather in Berlin?', stopWhen: stepCountIs(3), experimental_telemetry,
  }); // prettier-ignore
  await streamText({ model, prompt: 'hello', experimental_telemetry }).consumeStream();
  const embedding = new MockEmbeddingModelV3({
    provider: 'openai.embedding',
    modelId: 'text-embedding-3-small',
    doEmbed: async () => ({ embeddings: [[0.1, 0.2]], usage: { tokens: 3 }, warnings: [] }),
  });
  await embed({ model: embedding, value: 'a text', experimental_telemetry });
  await sdk.shutdown();
  await ingest.pipeline.flush();

  const rows = (name: string) => ingest.store.spans.filter((row) => row.name === name);
  const one = (name: string): SpanRow => {
    const [row] = rows(name);
    assert.ok(row, name);
    return row;
  };
  const agent = one('ai.generateText');
  assert.deepEqual([agent.op, agent.session_id, agent.user_id], ['invoke_agent', 's-1', 'u-1']);
  assert.deepEqual([agent.in_preview, agent.out_preview], ['weather in Berlin?', 'It is sunny.']);
  assert.equal(agent.tags['feature'], 'travel');
  assert.equal(agent.cost_known, false, 'the calls inside cost, the agent does not');
  const calls = rows('ai.generateText.doGenerate');
  assert.equal(calls.length, 2);
  for (const call of calls) {
    const { op, provider: by, model: asked, in_tok, out_tok, in_cache_read, out_reasoning, cost_known } = call;
    assert.deepEqual([op, by, asked, cost_known], ['chat', 'openai', 'gpt-4o-mini', true]);
    assert.deepEqual([in_tok, in_cache_read, out_tok, out_reasoning], [100, 40, 20, 5]);
  }
  assert.deepEqual(
    calls.map(({ out_preview }) => out_preview),
    ['weather({"city":"Berlin"})', 'It is sunny.'],
  );
  assert.match(ingest.store.io.find(({ span_id }) => span_id === calls[0]?.span_id)?.input ?? '', /"name":"weather"/);
  const called = one('ai.toolCall');
  assert.deepEqual(
    [called.op, called.in_preview, called.out_preview],
    ['execute_tool', 'weather({"city":"Berlin"})', 'sunny'],
  );
  const streamed = one('ai.streamText.doStream');
  assert.deepEqual([streamed.op, streamed.stream, streamed.out_preview], ['chat', true, 'Hello']);
  assert.ok(streamed.ttft_us > 0);
  assert.equal(one('ai.streamText').op, 'invoke_agent');
  const inner = one('ai.embed.doEmbed');
  assert.deepEqual([inner.op, inner.in_tok, inner.in_preview, inner.cost_known], ['embeddings', 3, 'a text', true]);
  assert.equal(one('ai.embed').op, 'invoke_workflow', 'the span around it is not a second call');
});
