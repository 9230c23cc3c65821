// The past as a world to play scenarios in: nothing is sent and nothing waits. Each model call asks the providers'
// behaviour and leaves the spans that the proxy would have reported.

import { ATTR, SCOPE_PROXY } from '../../schemas/attributes.ts';
import type { RouteConfig } from '../../schemas/config.ts';
import { behave, type Behaviour } from '../behaviour.ts';
import type { DemoConfig } from '../config.ts';
import { activeAt, effectOn, type Incident } from '../incidents.ts';
import { deploymentOf, modelOf, type DeploymentProfile, type ModelProfile } from '../models.ts';
import { compose, type Answer } from '../providers/answer.ts';
import { readEmbeddings } from '../providers/asked.ts';
import { errorBody } from '../providers/errors.ts';
import { shapeOf } from '../providers/shapes.ts';
import type { Random } from '../random.ts';
import { countTokens } from '../tokens.ts';
import { PATHS, clientRequest, wireOf } from './requests.ts';
import type { AttributeValue, DemoSpan } from './spans.ts';
import type { ModelCall, Reply, World } from './world.ts';

export interface PastOptions {
  readonly config: DemoConfig;
  /** Start of the demo, milliseconds since 1970. */
  readonly epoch: number;
  readonly emit: (span: DemoSpan) => void;
}

interface Place {
  readonly deployment: DeploymentProfile;
  readonly model: ModelProfile;
}

interface Tried {
  readonly place: Place;
  readonly start: number;
  readonly end: number;
  readonly behaviour: Behaviour;
  readonly answer: Answer | undefined;
  /** The body as it passed. */
  readonly response: string;
}

const GAVE_UP: Reply = { ok: false, text: '', toolCalls: [] };

export class PastWorld implements World {
  readonly #options: PastOptions;
  #now: number;

  constructor(options: PastOptions, start: number) {
    this.#options = options;
    this.#now = start;
  }

  now(): number {
    return this.#now;
  }

  wait(milliseconds: number): Promise<void> {
    this.#now += milliseconds;
    return Promise.resolve();
  }

  active(): readonly Incident[] {
    return activeAt(this.#now - this.#options.epoch);
  }

  emit(span: DemoSpan): void {
    this.#options.emit(span);
  }

  call(call: ModelCall, random: Random): Promise<Reply> {
    const start = this.#now;
    const { body, headers } = clientRequest(call);
    const tried: Tried[] = [];
    for (const place of placesFor(call.model, this.#options.config, random)) {
      const attempt = this.#try(call, place, { body, random });
      tried.push(attempt);
      this.#now = attempt.end + 0.3;
      if (attempt.answer) break;
    }
    this.#report({ call, start, tried, body, userAgent: headers['user-agent'] ?? '', random });
    const answer = tried.at(-1)?.answer;
    return Promise.resolve(answer ? { ok: true, text: answer.text, toolCalls: answer.toolCalls } : GAVE_UP);
  }

  #try(call: ModelCall, place: Place, { body, random }: { body: string; random: Random }): Tried {
    const { deployment, model } = place;
    const start = this.#now + random.logNormal(0.35, 0.3);
    const effect = effectOn(this.active(), deployment.id, model.id);
    const json: unknown = JSON.parse(body);
    if (call.embed) return embed(place, start, { json, random });
    const shape = shapeOf(deployment.shape, PATHS[wireOf(call)]);
    if (!shape) throw new Error(`${deployment.id} does not serve ${wireOf(call)}`);
    const asked = shape.read(json);
    const facts = { inputTokens: asked.inputTokens, earlierMessages: asked.messages - 1 };
    const behaviour = behave(facts, { deployment, model, effect }, random);
    if (behaviour.kind === 'error') {
      const response = JSON.stringify(errorBody(deployment.shape, behaviour.status, `req_${random.hex(32)}`));
      return { place, start, end: start + behaviour.afterMs, behaviour, answer: undefined, response };
    }
    const answer = compose({ asked, behaviour, snapshot: model.snapshot, created: Math.floor(start / 1000) }, random);
    const took = behaviour.ttftMs + (answer.outputTokens / behaviour.tokensPerSecond) * 1000;
    const frames = () => shape.frames(answer, { ...asked, includeUsage: true }).map((frame) => frame.text);
    const response = call.stream ? frames().join('') : JSON.stringify(shape.body(answer));
    return { place, start, end: start + took, behaviour, answer, response };
  }

  #report(told: Told): void {
    const { call, random } = told;
    const traceId = call.parent?.traceId ?? random.hex(32);
    const server = random.hex(16);
    const common = { traceId, service: 'signalbox-proxy', scope: SCOPE_PROXY };
    this.emit({ ...common, ...serverSpan(told, this.#now), spanId: server, parentSpanId: call.parent?.spanId ?? '' });
    for (const [index, attempt] of told.tried.entries()) {
      this.emit({ ...common, ...clientSpan(told, attempt, index), spanId: random.hex(16), parentSpanId: server });
    }
  }
}

interface Told {
  readonly call: ModelCall;
  readonly start: number;
  readonly tried: readonly Tried[];
  readonly body: string;
  readonly userAgent: string;
  readonly random: Random;
}

function whoCalls({ caller, model }: ModelCall): Record<string, AttributeValue> {
  const { feature } = caller;
  return {
    [ATTR.TEAM]: feature.team,
    [ATTR.KEY_ID]: feature.team,
    [ATTR.USER_ID]: caller.user,
    [ATTR.SESSION_ID]: caller.session,
    [ATTR.ROUTE]: model.includes('/') ? undefined : model,
    [ATTR.PROMPT_NAME]: feature.prompt,
    [ATTR.PROMPT_VERSION]: caller.promptVersion,
    [`${ATTR.TAG_PREFIX}feature`]: feature.id,
    [`${ATTR.TAG_PREFIX}app_version`]: caller.appVersion,
    [`${ATTR.TAG_PREFIX}region`]: caller.region,
  };
}

type ProxySpan = Omit<DemoSpan, 'traceId' | 'spanId' | 'parentSpanId' | 'service' | 'scope'>;

function serverSpan({ call, start, tried, userAgent, random }: Told, end: number): ProxySpan {
  const route = PATHS[wireOf(call)];
  const last = tried.at(-1)?.behaviour;
  const status = last?.kind === 'error' ? last.status : 200;
  const failed = status !== 200;
  return {
    name: `POST ${route}`, kind: 'server', start, end, error: status >= 500 ? 'the provider failed' : undefined,
    attributes: {
      ...whoCalls(call), [ATTR.HTTP_METHOD]: 'POST', [ATTR.HTTP_ROUTE]: route, [ATTR.URL_PATH]: route,
      [ATTR.HTTP_STATUS]: status, [ATTR.CLIENT_ADDRESS]: '127.0.0.1', [ATTR.USER_AGENT]: userAgent,
      [ATTR.OUTCOME]: failed ? 'upstream_error' : 'ok', [ATTR.MODEL_ASKED]: call.model, [ATTR.DIALECT]: wireOf(call),
      [ATTR.ATTEMPTS]: tried.length, [ATTR.CACHE_STATUS]: 'none', [ATTR.OVERHEAD_US]: Math.round(random.logNormal(380, 0.3)),
      [ATTR.REQUEST_ID]: `req_${random.hex(24)}`, [ATTR.STREAM]: call.stream || undefined,
      [ATTR.ERROR_TYPE]: failed ? String(status) : undefined,
    },
  }; // prettier-ignore
}

function clientSpan({ call, body }: Told, tried: Tried, index: number): ProxySpan {
  const { place, behaviour, answer } = tried;
  const operation = call.embed ? 'embeddings' : 'chat';
  const failed = behaviour.kind === 'error';
  return {
    name: `${operation} ${place.model.id}`, kind: 'client', start: tried.start, end: tried.end,
    error: failed ? `${place.deployment.id} answered ${behaviour.status}` : undefined,
    attributes: {
      ...whoCalls(call), [ATTR.OPERATION]: operation, [ATTR.PROVIDER]: place.deployment.id, [ATTR.DEPLOYMENT]: place.deployment.id,
      [ATTR.REQUEST_MODEL]: place.model.id, [ATTR.DIALECT]: wireOf(call), [ATTR.CONVERSATION]: call.caller.session,
      [ATTR.ATTEMPT]: index + 1, [ATTR.ATTEMPT_REASON]: index === 0 ? 'first choice' : 'the attempt before failed',
      [ATTR.HTTP_STATUS]: failed ? behaviour.status : 200, [ATTR.ERROR_TYPE]: failed ? String(behaviour.status) : undefined,
      [ATTR.STREAM]: call.stream || undefined, [ATTR.SERVER_ADDRESS]: '127.0.0.1',
      [ATTR.CAPTURE_REQUEST]: Buffer.from(body), [ATTR.CAPTURE_REQUEST_SIZE]: Buffer.byteLength(body),
      [ATTR.CAPTURE_RESPONSE]: Buffer.from(tried.response), [ATTR.CAPTURE_RESPONSE_SIZE]: Buffer.byteLength(tried.response),
      ...(answer && !failed ? answered(answer, call.stream ? behaviour.ttftMs / 1000 : undefined) : {}),
    },
  }; // prettier-ignore
}

function answered(answer: Answer, ttft: number | undefined): Record<string, AttributeValue> {
  return {
    [ATTR.RESPONSE_MODEL]: answer.model,
    [ATTR.RESPONSE_ID]: answer.id,
    [ATTR.FINISH_REASONS]: [answer.finish],
    [ATTR.TTFT]: ttft,
    [ATTR.INPUT_TOKENS]: answer.inputTokens,
    [ATTR.OUTPUT_TOKENS]: answer.outputTokens,
    [ATTR.CACHE_READ_TOKENS]: answer.cachedTokens || undefined,
    [ATTR.REASONING_TOKENS]: answer.reasoningTokens || undefined,
    [ATTR.USAGE_SOURCE]: 'provider',
    [ATTR.SYSTEM_FINGERPRINT]: answer.fingerprint || undefined,
    [ATTR.TOOLS_CALLED]: answer.toolCalls.length > 0 ? answer.toolCalls.map((call) => call.name) : undefined,
  };
}

function embed(place: Place, start: number, { json, random }: { json: unknown; random: Random }): Tried {
  const took = random.logNormal(place.model.ttftMs, place.model.spread);
  const tokens = readEmbeddings(json).texts.reduce((sum, text) => sum + countTokens(text), 0);
  const behaviour: Behaviour = {
    kind: 'answer', ttftMs: took, tokensPerSecond: 1, cachedTokens: 0, reasoningTokens: 0, quality: 'good', fingerprint: '', resetAfterMs: undefined,
  }; // prettier-ignore
  const answer: Answer = {
    id: random.hex(24), model: place.model.snapshot, fingerprint: '', text: '', toolCalls: [], finish: 'stop',
    inputTokens: tokens, cachedTokens: 0, outputTokens: 0, reasoningTokens: 0, created: Math.floor(start / 1000),
  }; // prettier-ignore
  const usage = { prompt_tokens: tokens, total_tokens: tokens };
  const response = JSON.stringify({ object: 'list', data: [], model: place.model.snapshot, usage });
  return { place, start, end: start + took, behaviour, answer, response };
}

/** Where a call goes, in order: a route's targets and fallbacks, or the one place that PROVIDER/MODEL names. */
function placesFor(model: string, config: DemoConfig, random: Random): Place[] {
  const route = config.routes[model];
  const names = route ? ordered(route, random) : [model, model];
  return names.flatMap((name) => {
    const at = name.indexOf('/');
    const deployment = deploymentOf(name.slice(0, at));
    const profile = deployment && modelOf(deployment, name.slice(at + 1));
    return deployment && profile ? [{ deployment, model: profile }] : [];
  });
}

function ordered(route: RouteConfig, random: Random): string[] {
  const fallback = route.fallback.map(({ model }) => model);
  if (route.strategy === 'fallback') return [...route.targets.map(({ model }) => model), ...fallback];
  return [random.weighted(route.targets).model, ...fallback];
}
