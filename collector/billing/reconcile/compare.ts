// Our account against the provider's, by day and model, and what may explain the difference. Pure.

import type { UsageLine } from '../../../schemas/api.ts';
import type { ProviderRow } from './types.ts';

export interface Sums {
  readonly requests: number | undefined;
  readonly input: number;
  readonly output: number;
  readonly usd: number | undefined;
}

export interface Gap {
  readonly day: string;
  readonly model: string;
  readonly ours: Sums;
  readonly theirs: Sums;
  /** Theirs less ours: what is missing here. */
  readonly input: number;
  readonly output: number;
  readonly usd: number | undefined;
  readonly causes: readonly string[];
}

export interface Reconciliation {
  readonly provider: string;
  readonly gaps: readonly Gap[];
  readonly total: Omit<Gap, 'day' | 'model' | 'causes'>;
  /** Days and models whose tokens and money agree. */
  readonly agreeing: number;
  readonly causes: readonly string[];
}

/** Below this share a difference is rounding and the edges of days. */
const TOLERANCE = 0.005;

/** Snapshots are the model: `gpt-4o-2024-08-06`, `claude-haiku-4-5-20251001`, `ft:gpt-4o:org`. */
export function familyOf(model: string): string {
  return model
    .toLowerCase()
    .replace(/@.*$/, '')
    .replace(/[-_](?:20\d{2}-\d{2}-\d{2}|20\d{6})(?=$|:)/, '');
}

interface Side {
  requests: number | undefined;
  input: number;
  output: number;
  usd: number | undefined;
  unpriced: number;
  estimated: number;
}

const nothing = (): Side => ({ requests: undefined, input: 0, output: 0, usd: undefined, unpriced: 0, estimated: 0 });

export function reconcile(
  provider: string,
  ours: readonly UsageLine[],
  theirs: readonly ProviderRow[],
): Reconciliation {
  const days = theirs.map(({ day }) => day).filter((day) => day !== '').sort(); // prettier-ignore
  const [first = '', last = ''] = [days[0], days.at(-1)];
  const sides = new Map<string, { day: string; model: string; ours: Side; theirs: Side }>();
  const at = (day: string, model: string) => {
    const key = `${day} ${familyOf(model)}`;
    const found = sides.get(key) ?? { day, model: familyOf(model), ours: nothing(), theirs: nothing() };
    sides.set(key, found);
    return found;
  };
  for (const row of theirs) if (row.day !== '') add(at(row.day, row.model).theirs, row);
  for (const line of ours) if (line.day >= first && line.day <= last) addOurs(at(line.day, line.model).ours, line);
  const all = [...sides.values()].sort((a, b) => (a.day + a.model < b.day + b.model ? -1 : 1));
  const has = factsOf(all);
  const gaps = all.map((each) => gapOf(each, has)).filter((gap) => differs(gap, has));
  const total = totalOf(all, has);
  const causes = [...new Set(gaps.flatMap((gap) => gap.causes))];
  return { provider, gaps, total, agreeing: all.length - gaps.length, causes };
}

function add(side: Side, { input, output, requests, usd }: ProviderRow): void {
  side.input += input;
  side.output += output;
  if (requests !== undefined) side.requests = (side.requests ?? 0) + requests;
  if (usd !== undefined) side.usd = (side.usd ?? 0) + usd;
}

function addOurs(side: Side, line: UsageLine): void {
  add(side, { input: line.in_tok, output: line.out_tok, requests: line.calls, usd: line.cost_usd ?? undefined } as ProviderRow);
  side.unpriced += line.unpriced;
  side.estimated += line.estimated;
} // prettier-ignore

type Pair = { readonly day: string; readonly model: string; readonly ours: Side; readonly theirs: Side };

/** What the provider's report speaks of at all, and where each side has anything. */
interface Facts {
  readonly tokens: boolean;
  readonly money: boolean;
  readonly ourDays: ReadonlySet<string>;
  readonly ourModels: ReadonlySet<string>;
}

function factsOf(all: readonly Pair[]): Facts {
  const mine = all.filter(({ ours }) => ours.requests !== undefined);
  return {
    tokens: all.some(({ theirs }) => theirs.input + theirs.output > 0),
    money: all.some(({ theirs }) => theirs.usd !== undefined),
    ourDays: new Set(mine.map(({ day }) => day)),
    ourModels: new Set(mine.map(({ model }) => model)),
  };
}

function gapOf({ day, model, ours, theirs }: Pair, has: Facts): Gap {
  const { input, output, usd } = difference(ours, theirs, has);
  return { day, model, ours, theirs, input, output, usd, causes: causesOf({ day, model, ours, theirs }, has) };
}

function difference(ours: Side, theirs: Side, { tokens, money }: Facts): Pick<Gap, 'input' | 'output' | 'usd'> {
  return {
    input: tokens ? theirs.input - ours.input : 0,
    output: tokens ? theirs.output - ours.output : 0,
    usd: money ? nanos((theirs.usd ?? 0) - (ours.usd ?? 0)) : undefined,
  };
}

function differs({ ours, theirs, input, output, usd }: Gap, { money }: Facts): boolean {
  const far = (gap: number, whole: number) => Math.abs(gap) > TOLERANCE * Math.max(whole, 0);
  if (far(input, theirs.input) || far(output, theirs.output)) return true;
  return money && Math.abs(usd ?? 0) > 1e-6 && far(usd ?? 0, theirs.usd ?? ours.usd ?? 0);
}

function causesOf(pair: Pair, has: Facts): string[] {
  const { model, ours, theirs } = pair;
  const { input, output, usd } = difference(ours, theirs, has);
  const tokens = input + output;
  const agree = has.tokens && Math.abs(tokens) <= TOLERANCE * (theirs.input + theirs.output);
  const counted = ours.estimated > 0 ? `${ours.estimated} calls are counted by estimate` : MORE_HERE;
  return [
    ...missing(pair, tokens, has),
    ...(tokens < -TOLERANCE * (ours.input + ours.output) ? [counted] : []),
    ...(ours.unpriced > 0 ? [`${ours.unpriced} calls of ${model} have no price here`] : []),
    ...(agree && ours.unpriced === 0 && usd !== undefined && usd !== 0 ? [OTHER_PRICE] : []),
  ];
}

const MORE_HERE = 'more was counted here: other accounts of the same provider, or days that end at another hour';
const OTHER_PRICE = 'tokens agree and money does not: a discount, a tier, or a price that changed';

/** Why the provider may know of more than we do. */
function missing({ day, model, ours, theirs }: Pair, tokens: number, has: Facts): string[] {
  if (model === '') return ['the provider names no model for some of the money: fees and tools'];
  if (ours.requests === undefined && !has.ourDays.has(day)) {
    return [`no calls were seen here on ${day}: Signalbox was not in use, or its records of that day are gone`];
  }
  if (ours.requests === undefined && !has.ourModels.has(model)) {
    return [`${model} was never called through Signalbox: other applications or keys use it`];
  }
  if (tokens <= TOLERANCE * (theirs.input + theirs.output)) return [];
  return ['the provider counts more: calls that went past Signalbox (other keys, batches), or answers that broke off'];
}

function totalOf(all: readonly Pair[], has: Facts): Reconciliation['total'] {
  const sum = (side: 'ours' | 'theirs'): Side => {
    const total = nothing();
    for (const pair of all) add(total, pair[side] as unknown as ProviderRow);
    return total;
  };
  const [ours, theirs] = [sum('ours'), sum('theirs')];
  return { ours, theirs, ...difference(ours, theirs, has) };
}

const nanos = (usd: number): number => Math.round(usd * 1e9) / 1e9;
