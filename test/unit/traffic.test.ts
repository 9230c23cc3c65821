// Breakers, the budget of retries, the course through a plan, the strategies and keys in turn: by a clock that the test moves.

import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import type { Plan, Target } from '../../proxy/exchange.ts';
import { createProviders } from '../../proxy/providers/index.ts';
import { RetryBudget } from '../../proxy/retry-budget.ts';
import { Breaker } from '../../proxy/routing/breaker.ts';
import { Course } from '../../proxy/routing/course.ts';
import { PeakEwma } from '../../proxy/routing/ewma.ts';
import { createRouter } from '../../proxy/routing/index.ts';
import { TargetStates, type Ended, type TargetState } from '../../proxy/routing/state.ts';
import { configSchema, type FallbackReason } from '../../schemas/config.ts';

const S = 1e6;
const START = 1_800_000_000 * S;
const config = configSchema.parse({}).proxy.breaker;

describe('a breaker', () => {
  const steady = () => new Breaker(config, () => 0.5);
  const failTimes = (breaker: Breaker, times: number, now: number) => {
    for (let index = 0; index < times; index++) breaker.failed(now, now);
  };

  test('opens after five failures in a row, not after four and a success', () => {
    const breaker = steady();
    failTimes(breaker, 4, START);
    breaker.succeeded(START, START);
    failTimes(breaker, 4, START);
    assert.equal(breaker.refusal(START), '');
    failTimes(breaker, 1, START);
    assert.equal(breaker.refusal(START), 'ejected for 5 s');
    assert.equal(breaker.ejections, 1);
  });

  test('opens at half of twenty within the window; what is older does not count', () => {
    const mixed = (breaker: Breaker, pairs: number, now: number) => {
      for (let index = 0; index < pairs; index++) {
        breaker.succeeded(now, now);
        breaker.failed(now, now);
      }
    };
    const breaker = steady();
    mixed(breaker, 9, START);
    assert.equal(breaker.ejected, false);
    mixed(breaker, 1, START + S);
    assert.equal(breaker.ejected, true);
    const slow = steady();
    mixed(slow, 9, START);
    mixed(slow, 9, START + 31 * S);
    assert.equal(slow.ejected, false);
  });

  test('one call tries it, and its failure makes the next pause twice as long, up to the longest', () => {
    const breaker = steady();
    failTimes(breaker, 5, START);
    let now = START;
    const pauses: number[] = [];
    for (let round = 0; round < 9; round++) {
      const pause = Number(/\d+/.exec(breaker.refusal(now))?.[0]);
      pauses.push(pause);
      now += pause * S;
      assert.equal(breaker.refusal(now), '');
      assert.equal(breaker.enter(now), true);
      assert.equal(breaker.enter(now), false);
      assert.match(breaker.refusal(now), /one call is trying it/);
      breaker.failed(now, now);
    }
    assert.deepEqual(pauses, [5, 10, 20, 40, 80, 160, 300, 300, 300]);
  });

  test('a trying call that succeeds closes it; one that tells nothing lets the next one try', () => {
    const breaker = steady();
    failTimes(breaker, 5, START);
    const now = START + 6 * S;
    assert.equal(breaker.enter(now), true);
    breaker.released();
    assert.equal(breaker.enter(now), true);
    breaker.succeeded(now, now + S);
    assert.equal(breaker.refusal(now + S), '');
    assert.equal(breaker.ejected, false);
  });

  test('calls from before the ejection prove nothing, good or bad', () => {
    const breaker = steady();
    failTimes(breaker, 5, START);
    breaker.succeeded(START - S, START + S);
    breaker.failed(START - S, START + S);
    assert.equal(breaker.refusal(START + S), 'ejected for 4 s');
  });

  test('a target that flaps is left alone for longer each time; one that stays well is forgiven', () => {
    const breaker = steady();
    const cycle = (now: number) => {
      failTimes(breaker, 5, now);
      const pause = Number(/\d+/.exec(breaker.refusal(now))?.[0]);
      breaker.enter(now + pause * S);
      breaker.succeeded(now + pause * S, now + pause * S);
      return pause;
    };
    assert.deepEqual([cycle(START), cycle(START + 20 * S), cycle(START + 50 * S)], [5, 10, 20]);
    assert.equal(cycle(START + 1_000 * S), 5);
  });

  test('many that are ejected together come back apart', () => {
    const ends = [0, 0.5, 1].map((drawn) => {
      const breaker = new Breaker(config, () => drawn);
      failTimes(breaker, 5, START);
      return [4.4, 4.6, 5.1, 5.6].map((s) => breaker.refusal(START + s * S) === '');
    });
    assert.deepEqual(ends, [
      [false, true, true, true],
      [false, false, true, true],
      [false, false, false, true],
    ]);
  });
});

test('the budget: a fifth of the calls under way, and three at least', () => {
  let inflight = 1;
  const budget = new RetryBudget(() => inflight);
  assert.deepEqual([1, 2, 3, 4].map(() => budget.take()), [true, true, true, false]); // prettier-ignore
  budget.give();
  assert.equal(budget.take(), true);
  inflight = 100;
  let taken = 3;
  while (budget.take()) taken++;
  assert.equal(taken, 20);
});

const ended = (over: Partial<Ended> = {}): Ended => ({
  startUs: START,
  endUs: START,
  firstTokenUs: 0,
  usage: undefined,
  as: 'ok',
  answered: true,
  waitMs: undefined,
  ...over,
});

describe('the course through a plan', () => {
  const states = () => new TargetStates(config);
  const plan = (targets: readonly Target[]): Plan => ({ route: 'r', strategy: 'fallback', targets, reason: 'x' });
  const target = (model: string, more: Partial<Target> = {}): Target => ({ deployment: 'p', model, ...more });
  const on = (...reasons: FallbackReason[]) => new Set(reasons);
  const eject = (state: TargetState) => {
    for (let index = 0; index < 5; index++) state.breaker.failed(START, START);
  };

  test('the next target by the reason of the failure', () => {
    const a = target('a');
    const only = target('limits', { on: on('rate_limit') });
    const any = target('any', { on: on('error', 'timeout', 'rate_limit', 'context') });
    const next = (kind: Parameters<Course['after']>[1]) => {
      const course = new Course(plan([a, only, any]));
      course.first(START);
      return course.after(a, kind, START)?.model;
    };
    assert.equal(next('throttled'), 'limits');
    assert.equal(next('quota'), 'limits');
    assert.equal(next('retryable'), 'any');
    assert.equal(next('silent'), 'any');
    assert.equal(next('context_too_long'), 'any');
    for (const kind of ['content_filter', 'permanent', 'auth'] as const) assert.equal(next(kind), undefined, kind);
  });

  test('what a content filter refused goes on only where that is configured', () => {
    const a = target('a');
    const course = new Course(plan([a, target('b'), target('c', { on: on('content_filter') })]));
    course.first(START);
    assert.equal(course.after(a, 'content_filter', START)?.model, 'c');
    assert.deepEqual(course.skipped, ['p/b: not for what a content filter refused']);
  });

  test('a prompt that is too long goes to a larger target, never to one of the same size', () => {
    const small = target('small', { context: 8_000 });
    const others = [target('same', { context: 8_000 }), target('unknown'), target('large', { context: 128_000 })];
    const course = new Course(plan([small, ...others]));
    course.first(START);
    assert.equal(course.after(small, 'context_too_long', START)?.model, 'large');
    assert.equal(course.skipped.length, 2);
  });

  test('targets that should be left alone are passed over with the reason, and asked where nothing else is left', () => {
    const all = states();
    const a = target('a', { state: all.of('p/a') });
    const b = target('b', { state: all.of('p/b') });
    eject(all.of('p/a'));
    const course = new Course(plan([a, b]));
    assert.equal(course.first(START), b);
    assert.match(course.skipped.join(), /^p\/a: ejected for \d s$/);
    assert.equal(course.after(b, 'retryable', START), a);
    assert.equal(course.after(a, 'retryable', START), undefined);
    const alone = new Course(plan([a]));
    assert.equal(alone.first(START), a);
  });

  test('in a full outage one of the ejected ones is asked, not all', () => {
    const all = states();
    const targets = ['a', 'b', 'c'].map((name) => target(name, { state: all.of(`p/${name}`) }));
    for (const state of all) eject(state);
    const course = new Course(plan(targets));
    assert.equal(course.first(START), targets[0]);
    assert.equal(course.after(targets[0] as Target, 'retryable', START), undefined);
  });

  test('who asked to be left alone is, for as long as that, up to five minutes', () => {
    const state = states().of('p/a');
    const throttled = (waitMs: number | undefined) =>
      state.end(ended({ as: 'throttled', answered: false, waitMs }), false);
    throttled(undefined);
    assert.equal(state.refusal(START), '');
    throttled(7_000);
    assert.equal(state.refusal(START), 'throttled for 7 s');
    assert.equal(state.refusal(START + 7 * S), '');
    throttled(86_400_000);
    assert.equal(state.refusal(START + 301 * S), '');
  });
});

describe('peak-EWMA', () => {
  test('goes up at once, down slowly, and forgets what nobody asks', () => {
    const mean = new PeakEwma();
    mean.observe(100, START);
    mean.observe(1_000, START);
    assert.equal(mean.at(START), 1_000);
    mean.observe(100, START + S);
    assert.ok(mean.at(START + S) > 800 && mean.at(START + S) < 1_000);
    assert.ok(mean.at(START + 60 * S) < 5);
  });
});

describe('strategies', () => {
  const models = ['a', 'b', 'c'].map((name) => ({ model: `openai/${name}` }));

  function router(route: object, more: { random?: () => number; prices?: Record<string, [number, number]> } = {}) {
    const states = new TargetStates(config);
    const found = configSchema.parse({ providers: { openai: {} }, routes: { r: { targets: models, ...route } } });
    const made = createRouter(found.routes['r'] as NonNullable<(typeof found.routes)[string]>, {
      states,
      random: more.random ?? Math.random,
      priceOf: ({ model }, input, output) => {
        const price = more.prices?.[model];
        return price && (price[0] * input + price[1] * output) / 1e6;
      },
    });
    const choose = (now = START, inputTokens = 1_000) => made.choose({ now, inputTokens });
    return { choose, state: (name: string) => states.of(`openai/${name}`), first: () => choose().targets[0]?.model };
  }

  test('latency: of two drawn the faster, so that the slowest of three is never first', () => {
    const { choose, state } = router({ strategy: 'latency', fallback: ['openai/last'] });
    for (const [name, ms] of Object.entries({ a: 100, b: 200, c: 900 })) {
      state(name).begin(START);
      state(name).end(ended({ firstTokenUs: START + ms * 1e3, endUs: START + S }), false);
    }
    const counts = new Map<string, number>();
    for (let round = 0; round < 600; round++) {
      const { targets } = choose(START + S);
      assert.equal(targets.at(-1)?.model, 'last');
      assert.equal(targets.length, 4);
      counts.set(targets[0]?.model ?? '', (counts.get(targets[0]?.model ?? '') ?? 0) + 1);
    }
    assert.equal(counts.get('c'), undefined);
    assert.ok((counts.get('a') ?? 0) > (counts.get('b') ?? 0));
  });

  test('latency: calls under way count, an unmeasured target is tried, and each is by what was asked', () => {
    const two = { targets: models.slice(0, 2), strategy: 'latency' };
    const busy = router(two);
    for (const name of ['a', 'b']) {
      busy.state(name).begin(START);
      busy.state(name).end(ended({ firstTokenUs: START + (name === 'a' ? 100e3 : 150e3), endUs: START + S }), false);
    }
    assert.equal(busy.first(), 'a');
    busy.state('a').begin(START);
    assert.equal(busy.first(), 'b');
    const fresh = router(two);
    fresh.state('a').begin(START);
    fresh.state('a').end(ended({ endUs: START + S }), false);
    assert.equal(fresh.first(), 'b');
    const total = router({ ...two, measure: 'total' });
    for (const name of ['a', 'b']) total.state(name).begin(START);
    total.state('a').end(ended({ firstTokenUs: START + 1, endUs: START + 9 * S }), false);
    total.state('b').end(ended({ firstTokenUs: START + S, endUs: START + 2 * S }), false);
    assert.equal(total.first(), 'b');
    assert.match(total.choose().reason, /^the faster of two \(whole answers after \d+ ms, 0 under way\)$/);
  });

  test('least_busy: the fewest under way; among equals each in its turn', () => {
    const { choose, state, first } = router({ strategy: 'least_busy' });
    state('a').begin(START);
    state('b').begin(START);
    for (let round = 0; round < 20; round++) assert.equal(first(), 'c');
    state('c').begin(START);
    const seen = new Set(Array.from({ length: 60 }, first));
    assert.deepEqual([...seen].sort(), ['a', 'b', 'c']);
    assert.match(choose().reason, /least busy: 1 calls/);
  });

  test('cost: by the prompt and the answers so far; without a price last', () => {
    const prices = { a: [1, 10], b: [2, 2] } satisfies Record<string, [number, number]>;
    const { choose, state } = router({ strategy: 'cost' }, { prices });
    const order = (inputTokens: number) => choose(START, inputTokens).targets.map(({ model }) => model);
    assert.deepEqual(order(100_000), ['a', 'b', 'c']);
    assert.deepEqual(order(100), ['b', 'a', 'c']);
    const usage = { input: 1, output: 50_000, cacheRead: 0, cacheWrite: 0, reasoning: 0 };
    state('a').begin(START);
    state('a').end(ended({ usage }), false);
    assert.deepEqual(order(100_000), ['b', 'a', 'c']);
    assert.match(choose().reason, /^the cheapest: about 0\.\d+ USD$/);
    assert.equal(router({ strategy: 'cost' }).choose().reason, 'no target has a price');
  });
});

describe('several keys', () => {
  const providers = createProviders(configSchema.parse({ providers: { openai: { api_keys: ['k1', 'k2', 'k3'] } } }));
  after(() => Promise.all([...providers.values()].map(({ upstream }) => upstream.close())));

  test('the first that does not rest; none left: the one that rests the shortest', () => {
    const keys = providers.get('openai')?.keys;
    assert.ok(keys);
    const key = (now: number) => {
      const headers: string[] = [];
      keys.pick(now).authorize(headers, {}, false);
      return headers[headers.indexOf('authorization') + 1];
    };
    assert.equal(key(START), 'Bearer k1');
    keys.rest(keys.pick(START), START + 60 * S);
    assert.equal(key(START), 'Bearer k2');
    keys.rest(keys.pick(START), START + 30 * S);
    assert.equal(key(START), 'Bearer k3');
    keys.rest(keys.pick(START), START + 90 * S);
    assert.equal(key(START), 'Bearer k2');
    assert.equal(key(START + 61 * S), 'Bearer k1');
  });

  test('both ways of writing keys at once are refused', () => {
    assert.throws(
      () => configSchema.parse({ providers: { openai: { api_key: 'a', api_keys: ['b'] } } }),
      /stands instead of api_key/,
    );
  });
});
