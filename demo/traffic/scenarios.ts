// What people do with the features: a conversation, a question over documents, an agent at work. Written once, played
// live and in the past (world.ts).

import { DOCUMENTS, ask, pickExchange } from '../corpus/index.ts';
import { demandOf } from '../incidents.ts';
import type { Random } from '../random.ts';
import { APP_VERSIONS, FEATURES, REGIONS, type Feature, type ToolSpec } from './features.ts';
import type { AttributeValue, DemoSpan } from './spans.ts';
import type { Caller, ModelCall, SpanRef, ToolUse, Turn, World } from './world.ts';

type Scenario = (world: World, caller: Caller, random: Random) => Promise<void>;

const SCENARIOS: Readonly<Record<Feature['scenario'], Scenario>> = { conversation, documents, agent };

/** Plays one scenario to its end. */
export async function play(world: World, random: Random): Promise<void> {
  const active = world.active();
  const feature = random.weighted(
    FEATURES.map((each) => ({ ...each, weight: each.weight * (demandOf(active, each.team)?.rateFactor ?? 1) })),
  );
  await SCENARIOS[feature.scenario](world, callerOf(feature, random), random);
}

function callerOf(feature: Feature, random: Random): Caller {
  // Some people use a feature far more than others.
  const user = `${feature.team}-user-${1 + Math.floor(random.next() ** 2 * 40)}`;
  return {
    feature,
    user,
    session: `${feature.id}-${random.hex(10)}`,
    promptVersion: random.weighted(feature.versions).version,
    appVersion: random.pick(APP_VERSIONS),
    region: random.pick(REGIONS),
  };
}

function callOf(world: World, { feature, ...caller }: Caller, random: Random): ModelCall {
  const model = demandOf(world.active(), feature.team)?.model ?? feature.model;
  const stream = random.chance(feature.streamed);
  return { caller: { ...caller, feature }, model, turns: [], tools: feature.tools ?? [], stream, parent: undefined };
}

async function conversation(world: World, caller: Caller, random: Random): Promise<void> {
  const { feature } = caller;
  const exchange = pickExchange(feature.task, random);
  if (!exchange) return;
  const turns: Turn[] = [{ role: 'user', text: ask(exchange, random) }];
  for (let turn = 0; turn < 5; turn++) {
    const reply = await world.call({ ...callOf(world, caller, random), turns }, random);
    const more = pickExchange('follow_up', random, exchange.language);
    if (!reply.ok || !more || !random.chance(feature.followUp)) return;
    turns.push({ role: 'assistant', text: reply.text }, { role: 'user', text: ask(more, random) });
    await world.wait(random.logNormal(9000, 0.6));
  }
}

async function documents(world: World, caller: Caller, random: Random): Promise<void> {
  const exchange = pickExchange('rag', random);
  if (!exchange) return;
  const question = ask(exchange, random);
  const root = rootSpan(world, caller, random);
  const call = { ...callOf(world, caller, random), parent: root };
  await world.call({ ...call, model: 'openai/text-embedding-3-small', embed: [question], stream: false }, random);
  const started = world.now();
  await world.wait(random.logNormal(18, 0.4));
  const factor = demandOf(world.active(), caller.feature.team)?.contextFactor ?? 1;
  const found = Array.from(
    { length: 4 * factor },
    (_, at) => DOCUMENTS[(at + random.int(0, 1)) % DOCUMENTS.length] ?? '',
  );
  const documentsFound = found.map((text, at) => ({
    id: `handbook-${at + 1}`,
    score: Number((0.92 - at * 0.03).toFixed(2)),
    content: text,
  }));
  childSpan(world, root, random, {
    name: 'retrieval handbook', kind: 'client', start: started,
    attributes: {
      'gen_ai.operation.name': 'retrieval', 'gen_ai.data_source.id': 'handbook',
      'gen_ai.retrieval.query.text': question, 'gen_ai.retrieval.documents': JSON.stringify(documentsFound),
    },
  }); // prettier-ignore
  const turns: Turn[] = [{ role: 'user', text: `Context:\n${found.join('\n\n')}\n\n${question}` }];
  const reply = await world.call({ ...call, turns }, random);
  endRoot(world, root, { ok: reply.ok, asked: question, answered: reply.text });
}

async function agent(world: World, caller: Caller, random: Random): Promise<void> {
  const exchange = pickExchange('agent', random);
  if (!exchange) return;
  const root = rootSpan(world, caller, random);
  const task = ask(exchange, random);
  const turns: Turn[] = [{ role: 'user', text: task }];
  for (let step = 0; ; step++) {
    const offered = step < 5 ? (caller.feature.tools ?? []) : [];
    const reply = await world.call({ ...callOf(world, caller, random), turns, tools: offered, parent: root }, random);
    const use = reply.toolCalls[0];
    if (!reply.ok || !use) return endRoot(world, root, { ok: reply.ok, asked: task, answered: reply.text });
    const result = await runTool(world, root, { use, random, tools: offered });
    turns.push({ role: 'assistant', text: '', call: use }, { role: 'tool', text: result, call: use });
  }
}

interface Running {
  readonly use: ToolUse;
  readonly tools: readonly ToolSpec[];
  readonly random: Random;
}

async function runTool(world: World, root: Root, { use, tools, random }: Running): Promise<string> {
  const tool = tools.find((each) => each.name === use.name);
  const start = world.now();
  await world.wait(random.logNormal(tool?.tookMs ?? 50, 0.6));
  const failed = !tool || random.chance(tool.failing);
  const result = failed ? '{"error":"timeout after 2 s"}' : tool.result;
  childSpan(world, root, random, {
    name: `execute_tool ${use.name}`, kind: 'internal', start, error: failed ? 'timeout after 2 s' : undefined,
    attributes: {
      'gen_ai.operation.name': 'execute_tool', 'gen_ai.tool.name': use.name, 'gen_ai.tool.type': 'function',
      'gen_ai.tool.call.id': use.id, 'gen_ai.tool.call.arguments': use.arguments, 'gen_ai.tool.call.result': result,
      'error.type': failed ? 'timeout' : undefined,
    },
  }); // prettier-ignore
  return result;
}

interface Root extends SpanRef {
  readonly caller: Caller;
  readonly start: number;
}

function rootSpan(world: World, caller: Caller, random: Random): Root {
  return { traceId: random.hex(32), spanId: random.hex(16), caller, start: world.now() };
}

interface Ending {
  readonly ok: boolean;
  readonly asked: string;
  readonly answered: string;
}

const spoken = (role: string, content: string) => JSON.stringify([{ role, parts: [{ type: 'text', content }] }]);

function endRoot(world: World, root: Root, { ok, asked, answered }: Ending): void {
  const { feature } = root.caller;
  const isAgent = feature.scenario === 'agent';
  world.emit({
    ...common(root),
    spanId: root.spanId,
    parentSpanId: '',
    name: `${isAgent ? 'invoke_agent' : 'invoke_workflow'} ${feature.id}`,
    kind: 'internal',
    start: root.start,
    end: world.now(),
    attributes: {
      ...who(root.caller),
      'gen_ai.operation.name': isAgent ? 'invoke_agent' : 'invoke_workflow',
      [isAgent ? 'gen_ai.agent.name' : 'gen_ai.workflow.name']: feature.id,
      'gen_ai.input.messages': spoken('user', asked),
      'gen_ai.output.messages': ok ? spoken('assistant', answered) : undefined,
      'error.type': ok ? undefined : 'model_call_failed',
    },
    error: ok ? undefined : 'the model call failed',
  });
}

type Child = Pick<DemoSpan, 'name' | 'kind' | 'start' | 'attributes' | 'error'>;

function childSpan(world: World, root: Root, random: Random, child: Child): void {
  world.emit({
    ...common(root),
    ...child,
    spanId: random.hex(16),
    parentSpanId: root.spanId,
    end: world.now(),
    attributes: { ...who(root.caller), ...child.attributes },
  });
}

const common = (root: Root) => ({ traceId: root.traceId, service: root.caller.feature.id, scope: 'demo.app' });

function who(caller: Caller): Record<string, AttributeValue> {
  return {
    'signalbox.team': caller.feature.team,
    'user.id': caller.user,
    'session.id': caller.session,
    'gen_ai.conversation.id': caller.session,
  };
}
