// OTLP requests in protobuf, ready to send: spans as a GenAI instrumentation would make them, about 2 kB each.

import type { Random } from '../../demo/random.ts';

/** The two wire types of protobuf that OTLP needs here, plus fixed64. */
class Writer {
  #bytes: Buffer = Buffer.allocUnsafe(256);
  #length = 0;

  #room(count: number): void {
    if (this.#length + count <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.#length + count));
    this.#bytes.copy(larger);
    this.#bytes = larger;
  }

  varint(value: number): this {
    this.#room(10);
    let rest = value;
    while (rest > 127) {
      this.#bytes[this.#length++] = (rest % 128) | 128;
      rest = Math.floor(rest / 128);
    }
    this.#bytes[this.#length++] = rest;
    return this;
  }

  bytes(field: number, value: Uint8Array): this {
    this.varint(field * 8 + 2).varint(value.length);
    this.#room(value.length);
    this.#bytes.set(value, this.#length);
    this.#length += value.length;
    return this;
  }

  text(field: number, value: string): this {
    return this.bytes(field, Buffer.from(value));
  }

  fixed64(field: number, value: bigint): this {
    this.varint(field * 8 + 1);
    this.#room(8);
    this.#bytes.writeBigUInt64LE(value, this.#length);
    this.#length += 8;
    return this;
  }

  double(field: number, value: number): this {
    this.varint(field * 8 + 1);
    this.#room(8);
    this.#bytes.writeDoubleLE(value, this.#length);
    this.#length += 8;
    return this;
  }

  done(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }
}

type Value = string | number | boolean | readonly string[];

function anyValue(value: Value): Buffer {
  const writer = new Writer();
  if (typeof value === 'string') writer.text(1, value);
  else if (typeof value === 'boolean') writer.varint(16).varint(value ? 1 : 0);
  else if (typeof value === 'number') {
    if (Number.isInteger(value)) writer.varint(24).varint(value);
    else writer.double(4, value);
  } else {
    const array = new Writer();
    for (const each of value) array.bytes(1, anyValue(each));
    writer.bytes(5, array.done());
  }
  return writer.done();
}

const attribute = (key: string, value: Value) => new Writer().text(1, key).bytes(2, anyValue(value)).done();

export interface BatchOptions {
  readonly spans: number;
  /** Whether prompts and answers are there. */
  readonly payload: boolean;
  readonly random: Random;
  /** Milliseconds since 1970 of the newest span. */
  readonly now: number;
}

const MODELS = ['gpt-5-mini', 'gpt-5', 'gpt-5-nano', 'claude-haiku-4-5', 'claude-sonnet-4-5'] as const;
const SYLLABLES = [
  'ka',
  'ri',
  'to',
  'men',
  'sol',
  'ver',
  'an',
  'del',
  'pur',
  'ex',
  'ion',
  'qua',
  'lis',
  'bra',
  'nek',
  'ost',
] as const;

/** Prose of made-up words, common ones more often: compresses about as text does. */
export function prose(random: Random, characters: number): string {
  let text = '';
  while (text.length < characters) {
    const at = Math.floor(random.next() ** 2.5 * 4000);
    text += `${SYLLABLES[at % 16] ?? ''}${SYLLABLES[(at >> 4) % 16] ?? ''}${SYLLABLES[(at >> 8) % 16] ?? ''} `;
  }
  return text.slice(0, characters);
}

function content(random: Random): Record<string, Value> {
  const message = (role: string, characters: number) =>
    JSON.stringify([{ role, parts: [{ type: 'text', content: prose(random, characters) }] }]);
  return { 'gen_ai.input.messages': message('user', 1500), 'gen_ai.output.messages': message('assistant', 500) };
}

function attributesOf(random: Random, payload: boolean): Record<string, Value> {
  const model = random.pick(MODELS);
  const input = random.int(50, 4000);
  return {
    'gen_ai.operation.name': 'chat', 'gen_ai.provider.name': model.startsWith('gpt') ? 'openai' : 'anthropic',
    'gen_ai.request.model': model, 'gen_ai.response.model': `${model}-2025-10-01`, 'gen_ai.response.id': `chatcmpl-${random.hex(24)}`,
    'gen_ai.response.finish_reasons': ['stop'], 'gen_ai.response.time_to_first_chunk': 0.1 + random.next(),
    'gen_ai.request.stream': true, 'gen_ai.request.temperature': 0.3, 'gen_ai.request.max_tokens': 1024,
    'gen_ai.conversation.id': `session-${random.int(1, 5000)}`, 'gen_ai.prompt.name': 'support-reply', 'gen_ai.prompt.version': '12',
    'gen_ai.usage.input_tokens': input, 'gen_ai.usage.output_tokens': random.int(5, 900),
    'gen_ai.usage.cache_read.input_tokens': random.chance(0.3) ? Math.floor(input / 2) : 0,
    'openai.response.system_fingerprint': 'fp_8a2b61f0c4', 'server.address': 'api.example.com', 'server.port': 443,
    'http.response.status_code': 200, 'user.id': `user-${random.int(1, 3000)}`, 'session.id': `session-${random.int(1, 5000)}`,
    'signalbox.team': random.pick(['support', 'platform', 'finance', 'research', 'growth']),
    'signalbox.tag.feature': random.pick(['helpdesk', 'search', 'digest']), 'signalbox.tag.app_version': '4.18.1', 'signalbox.tag.region': 'eu-west',
    'url.full': 'https://api.example.com/v1/chat/completions', 'network.protocol.version': '1.1', 'thread.name': 'worker-3',
    'code.function.name': 'app.assistant.Conversation.reply', 'code.file.path': '/srv/app/src/assistant/conversation.ts', 'code.line.number': 214,
    'user_agent.original': 'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36',
    'app.request.id': random.hex(32), 'app.tenant.plan': random.pick(['free', 'team', 'business']), 'app.experiment.flags': 'new_reply_box=on,short_answers=off,rerank_v3=on,citations=on,fallback_model=haiku',
    'app.retrieval.documents': Array.from({ length: 5 }, () => `handbook/${random.int(1, 4000)}#${random.int(1, 40)}`),
    'app.release.commit': '8f14e45fceea167a5a36dedd4bea2543ab12cd34', 'app.queue.wait_ms': random.int(0, 90), 'app.locale': random.pick(['en-GB', 'de-DE', 'fr-FR']),
    ...(payload ? content(random) : {}),
  }; // prettier-ignore
}

/** One request body, and the trace ids in it. */
export function otlpBatch({ spans, payload, random, now }: BatchOptions): Buffer {
  const scopeSpans = new Writer().bytes(
    1,
    new Writer().text(1, 'opentelemetry.instrumentation.openai').text(2, '2.4.0').done(),
  );
  let traceId = Buffer.alloc(16);
  let root = Buffer.alloc(8);
  for (let at = 0; at < spans; at++) {
    const isRoot = at % 4 === 0;
    if (isRoot) traceId = Buffer.from(random.hex(32), 'hex');
    const spanId = Buffer.from(random.hex(16), 'hex');
    if (isRoot) root = spanId;
    const start = BigInt(Math.floor(now - random.next() * 60_000)) * 1_000_000n + BigInt(random.int(0, 999_999));
    const span = new Writer().bytes(1, traceId).bytes(2, spanId);
    if (!isRoot) span.bytes(4, root);
    span
      .text(5, 'chat')
      .varint(6 * 8)
      .varint(3)
      .fixed64(7, start)
      .fixed64(8, start + BigInt(random.int(200, 4000)) * 1_000_000n);
    for (const [key, value] of Object.entries(attributesOf(random, payload))) span.bytes(9, attribute(key, value));
    scopeSpans.bytes(2, span.done());
  }
  const resource = new Writer();
  const origin = {
    'service.name': 'assistant',
    'service.version': '4.18.1',
    'deployment.environment.name': 'production',
    'telemetry.sdk.language': 'python',
    'telemetry.sdk.name': 'opentelemetry',
    'telemetry.sdk.version': '1.38.0',
    'host.name': 'app-7f9c6d5b8-x2x7k',
    'k8s.pod.name': 'app-7f9c6d5b8-x2x7k',
  };
  for (const [key, value] of Object.entries(origin)) resource.bytes(1, attribute(key, value));
  return new Writer().bytes(1, new Writer().bytes(1, resource.done()).bytes(2, scopeSpans.done()).done()).done();
}
