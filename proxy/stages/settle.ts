// 10 settle: what one attempt used and cost. A layer inside attempt, because every attempt has its own bill.

import { billedTier, costOf } from '../../schemas/price.ts';
import { estimateTokens, estimateUsage } from '../estimate.ts';
import type { Attempt, Reading } from '../exchange.ts';
import { one } from '../headers.ts';
import type { Held, Live } from '../live.ts';
import { mediaOf, readMedia } from '../media/index.ts';
import type { Layer } from '../pipeline.ts';
import type { Services } from '../services.ts';
import { meterOf } from '../stream/meter.ts';
import { outputBytesOf, readWhole, textsOf } from '../stream/whole.ts';
import { isStreamOf } from '../translation.ts';

export function settle({ config, once }: Services): Layer {
  return async (live, next) => {
    await next(live);
    const attempt = live.attempts.at(-1);
    if (attempt === undefined) return;
    const media = mediaOf(live.operation) !== undefined;
    if (live.held !== undefined && media) readMedia(live, live.held, once);
    else if (live.held !== undefined) readHeld(live, attempt, live.held);
    if (attempt.errorType === '' && attempt.httpStatus >= 400) attempt.errorType = String(attempt.httpStatus);
    if (attempt.dialect !== '') complement(live, attempt);
    price(live, attempt, config.prices);
  };
}

/** What the provider left unsaid. */
function complement(live: Live, attempt: Attempt): void {
  const { reading } = attempt;
  if (reading.usage === undefined && worked(live, attempt)) estimate(live, attempt);
  else if (reading.usage !== undefined && !reading.complete) atLeastWhatCame(live, reading);
}

function price({ json }: Live, attempt: Attempt, prices: Services['config']['prices']): void {
  const { reading, target } = attempt;
  if (reading.usage === undefined) return;
  const at = new Date(attempt.startUs / 1000);
  const { deployment } = target;
  // A batch names its model only in its answer.
  const model = target.model || reading.model;
  const tier = billedTier([reading.usage.tier, reading.serviceTier], json?.['service_tier']);
  if (tier !== '') reading.usage = { ...reading.usage, tier };
  const { provider, serverAddress: host } = attempt;
  const query = { provider, deployment, model, returned: reading.model, at, tier, host };
  attempt.cost = costOf(query, reading.usage, prices);
}

function readHeld(live: Live, attempt: Attempt, { headers, body }: Held): void {
  const { dialect, reading } = attempt;
  if (dialect === '') {
    reading.complete = true;
    return;
  }
  // A stream that nobody asked for was kept until its end.
  if (isStreamOf(dialect, one(headers['content-type']))) readKeptStream(live, attempt, body);
  else readWhole(dialect, reading, body);
  if (attempt.httpStatus < 400 && reading.error !== undefined) attempt.errorType = reading.error.type.slice(0, 64);
  if (reading.error !== undefined) attempt.errorMessage ||= reading.error.message.slice(0, 512);
}

function readKeptStream(live: Live, { dialect, reading }: Attempt, body: Buffer): void {
  if (dialect === '') return;
  const meter = meterOf(dialect, reading);
  meter.push(body.toString('latin1'));
  meter.end();
  live.outputBytes = meter.outputBytes;
}

/** A provider that began an answer has begun a bill, also where it gives up in the middle. */
function worked({ outputBytes }: Live, { httpStatus, reading }: Attempt): boolean {
  return httpStatus >= 200 && httpStatus < 300 && (reading.error === undefined || outputBytes > 0);
}

function estimate(live: Live, { reading, responseBody }: Attempt): void {
  const kept = live.held?.body ?? Buffer.concat(responseBody);
  // A stream's text was counted as it passed; of an answer kept back, as much is there as came.
  const output = live.outputBytes || outputBytesOf(kept);
  if (output === 0 && live.held !== undefined && live.operation !== 'embeddings') return;
  reading.usage = estimateUsage(inputBytesOf(live), output);
  reading.usageSource = 'estimated';
}

/** Numbers from the beginning of a stream that broke off do not count what came after them. */
function atLeastWhatCame({ outputBytes }: Live, reading: Reading): void {
  const output = estimateTokens(outputBytes);
  if (reading.usage === undefined || output <= reading.usage.output) return;
  reading.usage = { ...reading.usage, output };
  reading.usageSource = 'estimated';
}

function inputBytesOf({ json, body }: Live): number {
  if (json === undefined) return body.length;
  const { messages, input, contents, system, instructions, prompt, tools } = json;
  if (typeof input === 'string') return Buffer.byteLength(input);
  const parts = {
    messages,
    input,
    contents,
    content: [system, instructions, prompt].filter((each) => typeof each === 'string').join(''),
  };
  return Buffer.byteLength(textsOf(parts, 0)) + (tools === undefined ? 0 : JSON.stringify(tools).length);
}
