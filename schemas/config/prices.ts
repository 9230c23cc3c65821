// The section `prices`: what models cost that the public table does not know, or not right. USD per million tokens,
// unless the name says otherwise.

import { z } from 'zod';

const usd = z.number().min(0).optional();

/** Rates that can change with the size of the input. */
const tokens = {
  input: usd,
  output: usd,
  cache_read: usd,
  cache_write: usd,
  cache_write_1h: usd,
  reasoning: usd,
  audio_input: usd,
  audio_cache_read: usd,
  audio_output: usd,
  image_input: usd,
  image_output: usd,
  tool_input: usd,
};

const other = {
  /** A thousand searches, a thousand requests, an image, an hour of audio, a million characters. */
  searches: usd,
  requests: usd,
  images: usd,
  audio_hours: usd,
  characters: usd,
};

const entry = z
  .strictObject({
    ...tokens,
    ...other,
    /** Rates of calls whose whole input is larger than `tokens`. */
    above: z.array(z.strictObject({ tokens: z.int().min(1), ...tokens })).optional(),
    /** Service tiers as factors: `{flex: 0.5, priority: 2}`. */
    tiers: z
      .partialRecord(z.enum(['batch', 'flex', 'priority', 'fast', 'scale', 'performance']), z.number().min(0))
      .optional(),
    /** On token rates; alone (or with tiers) it changes the list price: a discount, a data zone. */
    factor: z.number().min(0).optional(),
    /** The day from which the entry holds (UTC). */
    from: z.iso.date('must be a day like 2026-11-22').optional(),
  })
  .check(({ value, issues }) => {
    const rates = Object.keys({ ...tokens, ...other }).filter(
      (name) => value[name as keyof typeof value] !== undefined,
    );
    const complain = (message: string, path: string[] = []) =>
      issues.push({ code: 'custom', message, path, input: value });
    if (rates.length === 0 && value.factor === undefined && value.tiers === undefined)
      complain('needs rates (input, output ...), or a factor on the list price');
    const spoken = value.input !== undefined && value.output === undefined;
    if (spoken) complain('needs the price of output as well; 0 where there is none', ['output']);
  });

export const price = z.union([entry, z.array(entry).min(1)]);

export const prices = z
  .record(z.string().regex(/^[^/\s]+\/\S+$/, 'must be PROVIDER/MODEL, or PROVIDER/* for a factor on all'), price)
  .check(({ value, issues }) => {
    for (const [key, config] of Object.entries(value)) {
      const entries = Array.isArray(config) ? config : [config];
      if (!key.endsWith('/*') || entries.every((each) => each.input === undefined)) continue;
      issues.push({ code: 'custom', message: 'takes a factor or tiers, not rates', path: [key], input: value });
    }
  });

export type PriceConfig = z.infer<typeof price>;
export type PriceEntryConfig = z.infer<typeof entry>;
