// Prices change, and prices are found to have been wrong: the cost of stored calls is worked out again, by the same
// function that priced them when they came.

import { ATTR } from '../../schemas/attributes.ts';
import type { RepriceReport } from '../../schemas/api.ts';
import type { PriceOverrides } from '../../schemas/price.ts';
import { costOfRow } from '../processors/price.ts';
import type { StoreClient } from '../store/client.ts';
import type { Range } from '../store/filter.ts';
import { applyCosts, repriceable, settleRollups, type NewCost, type StoredCall } from '../store/queries/reprice.ts';

export interface RepriceOptions {
  readonly prices: PriceOverrides;
  readonly range: Range;
  /** Of the model asked for or the one that answered; '' for all. */
  readonly model: string;
  readonly dryRun: boolean;
}

type ModelReport = RepriceReport['models'][number];
type Tally = {
  -readonly [Name in keyof ModelReport]: ModelReport[Name] extends readonly string[] ? Set<string> : ModelReport[Name];
};

const PAGE = 50_000;
/** New costs that go into one change of the tables. */
const BATCH = 200_000;
const HOUR_US = 3_600_000_000;
const DAY_US = 24 * HOUR_US;

/** Works the cost of all calls in the range out again; writes what differs, unless it is a dry run. */
export async function reprice(store: StoreClient, options: RepriceOptions): Promise<RepriceReport> {
  const { range, model, dryRun } = options;
  const tallies = new Map<string, Tally>();
  let pending: { readonly cost: NewCost; readonly time: number }[] = [];
  const flush = async () => {
    if (pending.length > 0 && !dryRun) await applyCosts(store, costsOf(pending), spanOf(pending));
    pending = [];
  };
  for (let after: StoredCall | undefined; ;) {
    const page = await repriceable(store, { range, model, after, limit: PAGE });
    for (const call of page) {
      const cost = newCost(call, options.prices);
      const changed = differs(call, cost);
      count(tallies, call, { cost, changed });
      if (changed) pending.push({ cost, time: call.time });
    }
    if (pending.length >= BATCH) await flush();
    after = page.at(-1);
    if (page.length < PAGE) break;
  }
  await flush();
  if (!dryRun) await settle(store, range);
  return reportOf([...tallies.values()], options);
}

/** Also where nothing differs: a run that was cut off may have left the rollups behind. */
async function settle(store: StoreClient, range: Range): Promise<void> {
  const end = Math.ceil(range.to / HOUR_US) * HOUR_US;
  for (let from = Math.floor(range.from / HOUR_US) * HOUR_US; from < end; from += DAY_US) {
    await settleRollups(store, { from, to: Math.min(end, from + DAY_US) });
  }
}

function newCost(call: StoredCall, prices: PriceOverrides): NewCost {
  const attrs: Record<string, string> = { [ATTR.SERVER_ADDRESS]: call.host };
  if (call.region !== '') attrs[ATTR.USAGE_REGION] = call.region;
  const cost = costOfRow({ ...call, ts: call.time, attrs }, prices);
  return {
    id: call.trace_id + call.span_id,
    cost_usd: cost?.total ?? 0,
    cost_known: cost !== undefined,
    price_id: cost?.priceId ?? '',
    saved_usd: cost?.saved ?? 0,
  };
}

function differs(call: StoredCall, cost: NewCost): boolean {
  return (
    call.cost_known !== cost.cost_known ||
    call.price_id !== cost.price_id ||
    Math.round(call.cost_usd * 1e9) !== Math.round(cost.cost_usd * 1e9)
  );
}

function count(tallies: Map<string, Tally>, call: StoredCall, now: { cost: NewCost; changed: boolean }): void {
  const { provider, model } = call;
  const key = `${provider} ${model}`;
  const tally = tallies.get(key) ?? {
    provider, model, calls: 0, changed: 0, old_usd: 0, new_usd: 0, old_unpriced: 0, new_unpriced: 0,
    price_ids: new Set<string>(),
  }; // prettier-ignore
  tallies.set(key, tally);
  tally.calls++;
  tally.changed += now.changed ? 1 : 0;
  tally.old_usd += call.cost_known ? call.cost_usd : 0;
  tally.new_usd += now.cost.cost_usd;
  tally.old_unpriced += call.cost_known ? 0 : 1;
  tally.new_unpriced += now.cost.cost_known ? 0 : 1;
  if (now.cost.price_id !== '') tally.price_ids.add(now.cost.price_id);
}

function reportOf(tallies: readonly Tally[], { range, dryRun }: RepriceOptions): RepriceReport {
  const models = tallies
    .map((tally) => ({
      ...tally,
      old_usd: nanos(tally.old_usd),
      new_usd: nanos(tally.new_usd),
      price_ids: [...tally.price_ids].sort(),
    }))
    .sort((a, b) => Math.abs(b.new_usd - b.old_usd) - Math.abs(a.new_usd - a.old_usd));
  const sum = (name: 'calls' | 'changed') => models.reduce((total, model) => total + model[name], 0);
  return {
    from: range.from / 1000,
    to: range.to / 1000,
    dry_run: dryRun,
    calls: sum('calls'),
    changed: sum('changed'),
    models,
  };
}

type Pending = readonly { readonly cost: NewCost; readonly time: number }[];
const costsOf = (pending: Pending) => pending.map(({ cost }) => cost);
/** Pages come in order of time. */
const spanOf = (pending: Pending): Range => ({ from: pending[0]?.time ?? 0, to: (pending.at(-1)?.time ?? 0) + 1 });
const nanos = (usd: number) => Math.round(usd * 1e9) / 1e9;
