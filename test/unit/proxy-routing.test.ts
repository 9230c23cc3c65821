// From a model's name to a plan, every strategy, every kind of provider.

import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { createProviders } from '../../proxy/providers/index.ts';
import type { Provider } from '../../proxy/providers/types.ts';
import { createRouter } from '../../proxy/routing/index.ts';
import { Resolver } from '../../proxy/routing/resolve.ts';
import { TargetStates } from '../../proxy/routing/state.ts';
import { configSchema, PROVIDER_TYPES } from '../../schemas/config.ts';
import { HOSTS } from '../../schemas/hosts.ts';

const ASKING = { now: 1_000_000, inputTokens: 100 };
const { breaker } = configSchema.parse({}).proxy;
const services = { states: new TargetStates(breaker), random: Math.random, priceOf: () => undefined };

const opened: ReadonlyMap<string, Provider>[] = [];

function setUp(input: object) {
  const config = configSchema.parse(input);
  const providers = createProviders(config);
  opened.push(providers);
  return { providers, resolver: new Resolver(config, providers), config };
}

after(async () => {
  await Promise.all(opened.flatMap((providers) => [...providers.values()].map(({ upstream }) => upstream.close())));
});

const firstOf = ({ resolver }: { resolver: Resolver }, model: string) => {
  const { plan } = resolver.resolve(model, ASKING);
  const [target] = plan.targets;
  return `${plan.route}|${target?.deployment}|${target?.model}`;
};

describe('what a model name means', () => {
  const all = setUp({
    providers: {
      openai: { api_key: 'k' },
      anthropic: { api_key: 'k' },
      local: {
        type: 'openai_compatible',
        base_url: 'http://127.0.0.1:1/v1',
        models: ['meta-llama/Llama-3.3', 'shared', 'gpt-house'],
      },
      other: { type: 'vllm', models: ['shared'] },
    },
    routes: {
      assistant: { targets: [{ model: 'openai/gpt-5-mini' }] },
      'gpt-5': { targets: [{ model: 'local/gpt-5' }] },
    },
  });
  const cases: [string, string][] = [
    ['assistant', 'assistant|openai|gpt-5-mini'],
    ['gpt-5', 'gpt-5|local|gpt-5'],
    ['openai/gpt-5', '|openai|gpt-5'],
    ['local/anything/at/all', '|local|anything/at/all'],
    ['gpt-4o', '|openai|gpt-4o'],
    ['o3-mini', '|openai|o3-mini'],
    ['o4', '|openai|o4'],
    ['text-embedding-3-small', '|openai|text-embedding-3-small'],
    ['claude-haiku-4-5', '|anthropic|claude-haiku-4-5'],
    ['meta-llama/Llama-3.3', '|local|meta-llama/Llama-3.3'],
    ['gpt-house', '|local|gpt-house'],
    ['simulated/x', '|simulated|x'],
  ];
  for (const [model, expected] of cases) test(model, () => assert.equal(firstOf(all, model), expected));

  test('a name that nobody or more than one serves is said to be so', () => {
    const refused = (model: string, errorClass: string, words: RegExp) =>
      assert.throws(
        () => all.resolver.resolve(model, ASKING),
        (error: { class?: string; message: string }) => error.class === errorClass && words.test(error.message),
      );
    refused('shared', 'bad_request', /local\/shared, other\/shared/);
    for (const model of ['nobody', 'openai/', '/gpt-4o', 'o', 'once', 'constructor', '__proto__']) {
      refused(model, 'not_found', /PROVIDER\/MODEL/);
    }
  });

  test('two providers of one kind make a bare name ambiguous', () => {
    const two = setUp({ providers: { openai: {}, eu: { type: 'openai', base_url: 'http://127.0.0.1:1/v1' } } });
    assert.throws(() => two.resolver.resolve('gpt-5', ASKING), /openai\/gpt-5, eu\/gpt-5/);
  });

  test('without any provider the simulated one answers everything', () => {
    assert.equal(firstOf(setUp({}), 'whatever/it-is'), '|simulated|whatever/it-is');
  });

  test('the list of names', () => {
    const ids = all.resolver.names().map(({ id }) => id);
    for (const id of ['assistant', 'local/shared', 'other/shared']) assert.ok(ids.includes(id), id);
  });
});

describe('strategies', () => {
  const route = (input: object) => {
    const found = configSchema.parse({ providers: { openai: {} }, routes: { r: input } }).routes['r'];
    assert.ok(found);
    return createRouter(found, services);
  };
  const models = (router: ReturnType<typeof createRouter>) => router.choose(ASKING).targets.map(({ model }) => model);

  test('fallback keeps the order', () => {
    const targets = [{ model: 'openai/a' }, { model: 'openai/b' }];
    assert.deepEqual(models(route({ strategy: 'fallback', targets, fallback: ['openai/c'] })), ['a', 'b', 'c']);
  });

  test('weighted draws by weight, then heavier first; a weight of 0 is never drawn', () => {
    const router = route({
      targets: [
        { model: 'openai/a', weight: 1 },
        { model: 'openai/b', weight: 3 },
        { model: 'openai/never', weight: 0 },
      ],
      fallback: ['openai/last'],
    });
    const drawn = new Map<string, number>();
    for (let times = 0; times < 4_000; times++) {
      const order = models(router);
      drawn.set(order[0] ?? '', (drawn.get(order[0] ?? '') ?? 0) + 1);
      assert.deepEqual(order.slice(1), order[0] === 'a' ? ['b', 'never', 'last'] : ['a', 'never', 'last']);
    }
    assert.deepEqual([...drawn.keys()].sort(), ['a', 'b']);
    const share = (drawn.get('b') ?? 0) / 4_000;
    assert.ok(share > 0.7 && share < 0.8, String(share));
    assert.match(router.choose(ASKING).reason, /^drawn by weight: (25|75)% of the calls$/);
  });
});

/** What some types cannot do without. */
const PLACES: Readonly<Record<string, object>> = { bedrock: { region: 'eu-west-1' }, vertex: { project: 'p' } };

describe('providers', () => {
  test('every word of the config makes one, with an address and a name of the conventions', () => {
    for (const type of PROVIDER_TYPES) {
      const { providers } = setUp({
        providers: {
          p: { type, base_url: 'http://127.0.0.1:9/api/v1', api_key: 'secret', ...PLACES[type] },
        },
      });
      const provider = providers.get('p');
      assert.ok(provider, type);
      assert.ok(provider.system.length > 0);
      assert.ok(provider.dialects.size > 0);
      if (type === 'simulated') continue;
      assert.deepEqual([provider.serverAddress, provider.serverPort], ['127.0.0.1', 9]);
      if (type in HOSTS || type === 'openai') {
        const endpoint = provider.endpoint({ dialect: '', path: '/x', model: 'm', stream: false });
        assert.deepEqual([endpoint, provider.rootPath], ['/api/v1/x', '/api'], type);
      }
      const headers: string[] = [];
      provider.authorize(headers, { authorization: 'Bearer callers' }, false);
      assert.ok(
        headers.some((value) => value.includes('secret')) && !headers.some((value) => value.includes('callers')),
      );
    }
  });

  test('hosts known by name need no address, the others ask for one', () => {
    for (const [id, host] of Object.entries(HOSTS)) {
      const parse = () => configSchema.parse({ providers: { [id]: { api_key: 'k' } } });
      if (host.baseUrl === '') assert.throws(parse, /needs a base_url/, id);
      else assert.equal(createProviders(parse()).get(id)?.system, host.system);
    }
  });

  test("the caller's credential leaves only towards a provider without a key, and never when it is one of ours", () => {
    const { providers } = setUp({ providers: { groq: {}, anthropic: {} } });
    const sent = (id: string, ownKeys: boolean, headers: Record<string, string>) => {
      const out: string[] = [];
      providers.get(id)?.authorize(out, headers, ownKeys);
      return out.filter((each) => each !== 'anthropic-version' && each !== '2023-06-01');
    };
    assert.deepEqual(sent('groq', false, { 'x-api-key': 'mine' }), ['authorization', 'Bearer mine']);
    assert.deepEqual(sent('anthropic', false, { authorization: 'Bearer oauth' }), ['authorization', 'Bearer oauth']);
    assert.deepEqual(sent('anthropic', false, { 'x-api-key': 'mine' }), ['x-api-key', 'mine']);
    for (const id of ['groq', 'anthropic']) assert.deepEqual(sent(id, true, { authorization: 'Bearer ours' }), []);
  });
});
