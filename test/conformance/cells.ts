// One cell of the conformance matrix: what is asked, and what makes it pass. What the provider said and what the client
// saw are compared in the words of neither.

import assert from 'node:assert/strict';
import type { Exchange } from '../../proxy/exchange.ts';
import type { Ask, Got } from '../support/clients.ts';
import { PIXEL, RESULT, SYSTEM } from '../support/clients.ts';
import type { TestProxy } from '../support/proxy.ts';
import { until } from '../support/until.ts';
import type { WireCall, WireServer } from '../support/wire-server.ts';
import { sayingOf, VECTOR } from '../support/wire-types.ts';
import type { Caller, Feature } from './callers.ts';
import { MANNERS, wrongIn } from './providers.ts';
import type { ProviderRow } from './providers.ts';

export interface Bed {
  readonly proxy: TestProxy;
  readonly wires: WireServer;
}

export interface Pair {
  readonly caller: Caller;
  readonly provider: ProviderRow;
  /** What was asked in this cell. */
  readonly trials: Trial[];
}

let count = 0;

/** Growing lists that are asked for one of thousands. */
class Index<T> {
  readonly #found = new Map<string, T>();
  readonly #key: (item: T) => string;
  #seen = 0;

  constructor(key: (item: T) => string) {
    this.#key = key;
  }

  /** The first of that name. */
  get(list: readonly T[], name: string): T | undefined {
    for (; this.#seen < list.length; this.#seen++) {
      const item = list[this.#seen];
      if (item !== undefined && !this.#found.has(this.#key(item))) this.#found.set(this.#key(item), item);
    }
    return this.#found.get(name);
  }
}

const calls = new Index<WireCall>(({ model }) => model);
const ended = new Index<Exchange>(({ modelAsked }) => modelAsked);

/** One call of a cell, and what became of it on every side. */
export class Trial {
  readonly #bed: Bed;
  readonly #pair: Pair;
  readonly #name: string;

  constructor(bed: Bed, pair: Pair, scenario: string) {
    this.#bed = bed;
    this.#pair = pair;
    // Each call has a model of its own, so that calls beside each other can be told apart.
    this.#name = `${pair.provider.model}-x${count++}-${scenario}`;
    pair.trials.push(this);
  }

  asked: Partial<Ask> = {};

  ask(more: Partial<Ask> = {}): Ask {
    return { model: `${this.#pair.provider.id}/${this.#name}`, ...more };
  }

  whole(more: Partial<Ask> = {}): Promise<Got> {
    this.asked = more;
    return this.#pair.caller.client.whole(this.ask(more));
  }

  stream(more: Partial<Ask> = {}): Promise<Got> {
    this.asked = more;
    return this.#pair.caller.client.stream(this.ask(more));
  }

  /** What the provider was asked; a request that it would refuse is a mistake. */
  sent(): WireCall {
    const call = calls.get(this.#bed.wires.calls, this.#name);
    assert.ok(call, `nothing reached ${this.#pair.provider.id}`);
    if (this.#translated()) assert.equal(wrongIn(call), undefined, JSON.stringify(call.body));
    return call;
  }

  wasSent(): boolean {
    return calls.get(this.#bed.wires.calls, this.#name) !== undefined;
  }

  async exchange(): Promise<Exchange> {
    const find = () => ended.get(this.#bed.proxy.recorder.ended, this.ask().model);
    await until(() => find() !== undefined);
    const found = find();
    if (found === undefined) throw new Error('the call is not on record');
    return found;
  }

  #translated(): boolean {
    const exchange = ended.get(this.#bed.proxy.recorder.ended, this.ask().model);
    return exchange !== undefined && exchange.attempts.at(-1)?.dialect !== exchange.dialect;
  }

  /** What can be said in the caller's dialect of what the provider said in its own. */
  expected(): Omit<Got, 'chunks' | 'usage'> {
    const { text, thought, tools, finish } = sayingOf(this.#name);
    const { caller } = this.#pair;
    const heard = this.#tells();
    return {
      text,
      thought: (caller.thought || this.#inBlocks()) && heard.thought ? thought : '',
      tools: tools.map(({ name, args }) => ({ id: '', name, args })),
      finish,
    };
  }

  expectedUsage(): Got['usage'] {
    const { usage } = sayingOf(this.#name);
    const cached = this.#pair.caller.cached && this.#tells().cached ? usage.cached : 0;
    return { input: usage.input, cached, output: usage.output };
  }

  /** Untranslated from Mistral to its own client. */
  #inBlocks(): boolean {
    return this.#pair.caller.mistral && this.sent().wire === 'mistral_chat';
  }

  #tells() {
    const manners = MANNERS[this.sent().wire];
    if (manners === undefined) throw new Error(`nothing is known of the wire format ${this.sent().wire}`);
    return manners;
  }
}

/** Ids are compared by being there and different: some providers have none, some have their own form. */
function checkSaid(trial: Trial, got: Got, caller: Caller): void {
  const { text, thought, finish } = got;
  const tools = got.tools.map((tool) => ({ ...tool, id: '' }));
  assert.deepEqual({ text, thought, tools, finish }, trial.expected());
  if (!caller.ids) return;
  const ids = got.tools.map(({ id }) => id);
  assert.ok(ids.every((id) => id !== '') && new Set(ids).size === ids.length, `ids of tool calls: ${ids.join(', ')}`);
}

type Check = (bed: Bed, pair: Pair) => Promise<void>;

const WHOLE_CALLS: ReadonlySet<string> = new Set(['mistral', 'tgi', 'ollama']);

const both =
  (scenario: string, ask: Partial<Ask>, sent: (call: WireCall) => void = () => {}): Check =>
  async (bed, pair) => {
    // Mistral's client wants the name of the tool in every piece of a call: it can take no other stream of one than Mistral's.
    const wholeOnly = ask.tools === true && pair.caller.mistral && !WHOLE_CALLS.has(pair.provider.id);
    for (const way of wholeOnly ? (['whole'] as const) : (['whole', 'stream'] as const)) {
      const trial = new Trial(bed, pair, scenario);
      const got = await trial[way](ask);
      sent(trial.sent());
      checkSaid(trial, got, pair.caller);
    }
  };

function contains({ body }: WireCall, facts: readonly string[]): void {
  const text = JSON.stringify(body);
  for (const fact of facts) assert.ok(text.includes(fact), `${fact} did not reach the provider: ${text}`);
}

const plain: Check = async (bed, pair) => {
  if (pair.caller.dialect.endsWith('_embeddings')) return embedded(bed, pair);
  for (const scenario of ['plain', 'cut']) {
    const trial = new Trial(bed, pair, scenario);
    const got = await trial.whole({ system: SYSTEM, text: 'How are you?' });
    contains(trial.sent(), [SYSTEM, 'How are you?']);
    checkSaid(trial, got, pair.caller);
  }
};

const embedded: Check = async (bed, pair) => {
  const trial = new Trial(bed, pair, 'vectors');
  const { text } = await trial.whole();
  contains(trial.sent(), ['one', 'two']);
  assert.deepEqual(JSON.parse(text), [VECTOR, VECTOR]);
};

const stream: Check = async (bed, pair) => {
  for (const scenario of ['plain', 'cut']) {
    const trial = new Trial(bed, pair, scenario);
    const got = await trial.stream({ system: SYSTEM, text: 'How are you?' });
    contains(trial.sent(), [SYSTEM, 'How are you?']);
    checkSaid(trial, got, pair.caller);
    assert.ok(got.chunks > 3, `${got.chunks} chunks`);
  }
};

const tools: Check = async (bed, pair) => {
  await both('tools', { tools: true }, (call) => contains(call, ['weather', 'Weather now', 'days']))(bed, pair);
  const trial = new Trial(bed, pair, 'plain');
  const got = await trial.whole({ history: true });
  contains(trial.sent(), ['weather', 'Zürich', RESULT]);
  checkSaid(trial, got, pair.caller);
};

const usage: Check = async (bed, pair) => {
  if (pair.caller.dialect.endsWith('_embeddings')) return embeddedUsage(bed, pair);
  for (const way of ['whole', 'stream'] as const) {
    const thinks = runs(pair, 'reasoning');
    const trial = new Trial(bed, pair, thinks ? 'thinking' : 'plain');
    const got = await trial[way]({ think: thinks });
    const expected = trial.expectedUsage();
    if (way === 'whole' || pair.caller.streamUsage) assert.deepEqual(got.usage, expected, way);
    const { attempts } = await trial.exchange();
    const { usage: counted, usageSource } = attempts[0]?.reading ?? {};
    assert.deepEqual(
      [usageSource, counted?.input, counted?.output],
      ['provider', expected.input, expected.output],
      way,
    );
  }
};

const embeddedUsage: Check = async (bed, pair) => {
  const trial = new Trial(bed, pair, 'vectors');
  const got = await trial.whole();
  const { attempts } = await trial.exchange();
  const counted = attempts[0]?.reading.usage?.input ?? 0;
  // Google's vectors come without a count, and its answers have no place for one.
  const told = trial.sent().wire !== 'gemini_embeddings';
  assert.equal(counted, told ? 9 : 0);
  if (pair.caller.dialect !== 'gemini_embeddings') assert.equal(got.usage.input, counted);
};

/** The class that each SDK throws, by status; '' where it has but one. */
const CLASSES: Readonly<Record<string, Readonly<Record<number, string>>>> = {
  openai: { 400: 'BadRequestError', 429: 'RateLimitError', 503: 'InternalServerError' },
  '@anthropic-ai/sdk': {
    400: 'BadRequestError',
    429: 'RateLimitError',
    503: 'ServiceUnavailableError',
    529: 'OverloadedError',
  },
  '@aws-sdk/client-bedrock-runtime': {
    400: 'ValidationException',
    429: 'ThrottlingException',
    503: 'ServiceUnavailableException',
  },
  'cohere-ai': { 400: 'BadRequestError', 429: 'TooManyRequestsError', 503: 'ServiceUnavailableError' },
};

/** Wire formats whose errors are not in the shape of their dialect's maker. */
const UNUSUAL_ERRORS: ReadonlySet<string> = new Set(['mistral_chat', 'tgi_chat']);

const errors: Check = async (bed, pair) => {
  const { caller } = pair;
  const ways = caller.features.includes('stream') ? (['whole', 'stream'] as const) : (['whole'] as const);
  for (const status of [400, 429, 503]) {
    for (const way of ways) {
      const trial = new Trial(bed, pair, `fault-${status}`);
      const error = await rejection(trial[way]());
      const failure = caller.client.failure(error);
      const { wire } = trial.sent();
      // Anthropic has a status of its own for who is overloaded.
      const overloaded = caller.dialect === 'anthropic' && !wire.endsWith('anthropic') && status === 503;
      const given = overloaded ? 529 : status;
      assert.equal(failure.status, given, `${way}: ${failure.message}`);
      // Untranslated errors of servers that word them in their own way are beyond some clients.
      const words = caller.strictErrors && UNUSUAL_ERRORS.has(wire) ? /./ : new RegExp(`fault ${status} as asked`);
      assert.match(failure.message, words, way);
      const known = CLASSES[caller.by]?.[given];
      if (known !== undefined) assert.equal((error as Error).constructor.name, known, way);
      assert.equal((await trial.exchange()).outcome, 'upstream_error');
    }
  }
  if (ways.length === 1) return;
  for (const [scenario, outcome] of [
    ['broken', 'truncated'],
    ['failing', 'upstream_error'],
  ] as const) {
    const trial = new Trial(bed, pair, scenario);
    const failed = await trial.stream().then(
      () => false,
      () => true,
    );
    const quiet = caller.endsQuietly || (caller.strictErrors && UNUSUAL_ERRORS.has(trial.sent().wire));
    assert.ok(failed || quiet, `${scenario}: the client took it for a whole answer`);
    assert.equal((await trial.exchange()).outcome, outcome, scenario);
  }
};

async function rejection(call: Promise<unknown>): Promise<unknown> {
  return call.then(
    () => assert.fail('it should have failed'),
    (error: unknown) => error,
  );
}

const abort: Check = async (bed, pair) => {
  const trial = new Trial(bed, pair, 'slow');
  const controller = new AbortController();
  let chunks = 0;
  const onChunk = () => {
    if (++chunks === 4) controller.abort();
  };
  const streams = pair.caller.features.includes('stream');
  const call = trial[streams ? 'stream' : 'whole']({ signal: controller.signal, onChunk }).catch(() => {});
  if (!streams) {
    await until(() => trial.wasSent());
    controller.abort();
  }
  await call;
  assert.equal((await trial.exchange()).outcome, 'client_cancelled');
  await until(() => trial.sent().end === 'aborted');
};

export const CHECKS: Readonly<Record<Feature, Check>> = {
  plain,
  stream,
  tools,
  'parallel tools': both('parallel', { tools: true }),
  images: both('plain', { image: true }, (call) => contains(call, [PIXEL.slice(0, 40)])),
  reasoning: both('thinking', { think: true }, (call) => {
    assert.ok(MANNERS[call.wire]?.thinks(call.body), `nothing asks to think: ${JSON.stringify(call.body)}`);
  }),
  'JSON schema': both('json', { format: true }, (call) => {
    contains(call, ['celsius']);
    assert.ok(MANNERS[call.wire]?.formats(call.body), `nothing asks for the schema: ${JSON.stringify(call.body)}`);
  }),
  usage,
  errors,
  abort,
};

/**
 * Untranslated, Mistral's thoughts are blocks of the content, which OpenAI's client and the frameworks cannot read, from
 * Mistral directly no more than through the proxy: there the cell counts for Mistral's own client.
 */
export function runs({ caller, provider }: Omit<Pair, 'trials'>, feature: Feature): boolean {
  if (!caller.features.includes(feature)) return false;
  const untranslated = caller.dialect === 'openai_chat' && provider.id === 'mistral';
  return feature !== 'reasoning' || !untranslated || caller.mistral;
}

export interface CellResult {
  readonly result: 'pass' | 'refused';
  readonly note?: string;
}

/** @throws where the cell is neither right nor properly refused */
export async function runCell(bed: Bed, of: Omit<Pair, 'trials'>, feature: Feature): Promise<CellResult> {
  const pair: Pair = { ...of, trials: [] };
  try {
    await CHECKS[feature](bed, pair);
    return { result: 'pass' };
  } catch (error) {
    const note = await refusalOf(bed, pair);
    if (note === undefined) throw error;
    return { result: 'refused', note };
  }
}

/** The words alone: clients put the status before them, or give the whole body. */
function wordsOf(message: string, field: string): string {
  const inside = /"message":("(?:[^"\\\\]|\\\\.)*")/.exec(message)?.[1];
  const words = inside === undefined ? message : String(JSON.parse(inside));
  return words.replace(/^400 /, '').replace(`${field}: `, '');
}

/** Refused as the contract says: 400 before anything went upstream, with the field's path. */
async function refusalOf({ proxy }: Bed, { caller, trials }: Pair): Promise<string | undefined> {
  const trial = trials.at(-1);
  const exchange = trial && ended.get(proxy.recorder.ended, trial.ask().model);
  if (trial === undefined || exchange?.outcome !== 'refused' || exchange.httpStatus !== 400) return undefined;
  assert.ok(!trial.wasSent());
  const error = await rejection(caller.client.whole(trial.ask(trial.asked)));
  const { status, message } = caller.client.failure(error);
  const field = (error as { param?: string }).param ?? /(?:^|"message":")([\w.]+): /.exec(message)?.[1];
  assert.equal(status, 400);
  assert.ok(field, `no field is named: ${message}`);
  return `${field}: ${wordsOf(message, field)}`;
}
