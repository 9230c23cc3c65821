// Fills the hours before the demo with what would have happened in them, so that every chart has a past at once.

import { setImmediate as breathe } from 'node:timers/promises';
import { request } from 'undici';
import type { DemoConfig } from '../config.ts';
import { Random } from '../random.ts';
import { PastWorld } from './past.ts';
import { CALLS_PER_SCENARIO, pastRate } from './rate.ts';
import { play } from './scenarios.ts';
import { sendSpans, type DemoSpan } from './spans.ts';

export interface HistoryOptions {
  readonly config: DemoConfig;
  readonly collector: string;
  readonly seed: string;
  readonly epoch: number;
  /** Calls a second that the live traffic will make. */
  readonly rate: number;
  readonly hours: number;
  readonly signal: AbortSignal;
}

const HOUR_MS = 3_600_000;
const BATCH = 400;

/** @returns how many spans were written */
export async function fillHistory(options: HistoryOptions): Promise<number> {
  const from = await lastKnown(options);
  let sent = 0;
  let waiting: DemoSpan[] = [];
  // The newest first: the charts of the last hour are what people look at.
  for (const [index, start] of arrivals(options, from).reverse().entries()) {
    if (options.signal.aborted) return sent;
    const world = new PastWorld(
      { config: options.config, epoch: options.epoch, emit: (span) => waiting.push(span) },
      start,
    );
    await play(world, new Random(`${options.seed}/${options.epoch}/past/${index}`));
    if (waiting.length < BATCH) continue;
    sent += await send(options, waiting);
    waiting = [];
    await breathe();
  }
  return sent + (await send(options, waiting));
}

/** Nothing of the past may lie in the future: a scenario that began late is cut where the demo starts. */
async function send({ collector, epoch }: HistoryOptions, spans: readonly DemoSpan[]): Promise<number> {
  const past = spans.filter((span) => span.end < epoch);
  if (past.length > 0) await sendSpans(collector, past);
  return past.length;
}

function arrivals({ seed, epoch, rate }: HistoryOptions, from: number): number[] {
  const random = new Random(`${seed}/past`);
  const times: number[] = [];
  for (let time = from; time < epoch;) {
    const perMinute = pastRate(time, epoch - time, rate) / CALLS_PER_SCENARIO;
    time += Math.min((-Math.log(1 - random.next()) / perMinute) * 60_000, 5 * 60_000);
    if (time < epoch) times.push(time);
  }
  return times;
}

/** Where the history begins: after the newest trace that is there already, at most `hours` ago. */
async function lastKnown({ collector, epoch, hours }: HistoryOptions): Promise<number> {
  const earliest = epoch - hours * HOUR_MS;
  const answer = await request(`${collector}/api/v1/traces?from=${earliest}&to=${epoch}&limit=1`);
  const body = (await answer.body.json()) as { traces?: { start?: unknown }[] };
  const newest = body.traces?.[0]?.start;
  return typeof newest === 'number' ? Math.max(earliest, newest + 1000) : earliest;
}
