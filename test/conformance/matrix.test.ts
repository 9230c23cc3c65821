// The conformance matrix: every dialect by its official clients x every provider in its true wire format x every feature.
// A cell is in docs/conformance.json because the test of that cell ran, and how it ended is what stands there. The last
// test fails when the files say something else; SIGNALBOX_UPDATE=1 writes them anew.

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { startTestProxy } from '../support/proxy.ts';
import { startWires } from '../support/wire-server.ts';
import { WIRES } from '../support/wires.ts';
import { SERVER_WIRES } from '../support/wires-servers.ts';
import { callersOf, FEATURES } from './callers.ts';
import { runCell, runs } from './cells.ts';
import { PROVIDERS } from './providers.ts';
import { Report } from './report.ts';

const wires = await startWires([...SERVER_WIRES, ...WIRES]);
const providers = PROVIDERS.map(({ id, config, base }) => [id, { ...config, base_url: wires.url + base }] as const);
const proxy = await startTestProxy({ providers: Object.fromEntries(providers) });
const callers = callersOf(proxy.url);
const report = new Report(callers);
const only = process.env['SIGNALBOX_CELLS'];

after(async () => {
  for (const { client } of callers) client.close();
  await proxy.close();
  await wires.close();
});

describe('cells', { concurrency: 24 }, () => {
  const pairs = callers.flatMap((caller) => PROVIDERS.map((provider) => ({ caller, provider })));
  for (const pair of pairs) {
    const { dialect, by } = pair.caller;
    for (const feature of FEATURES.filter((each) => runs(pair, each))) {
      const name = `${dialect} by ${by} -> ${pair.provider.id}: ${feature}`;
      if (only !== undefined && !new RegExp(only).test(name)) continue;
      test(name, async () => {
        const result = await runCell({ proxy, wires }, pair, feature);
        report.add({ dialect, provider: pair.provider.id, feature, ...result });
      });
    }
  }
});

const FILES = ['json', 'md'] as const;

test('the committed files say the same', { skip: only !== undefined }, async () => {
  const written = { json: await report.json(), md: report.markdown() };
  for (const kind of FILES) {
    const path = join(import.meta.dirname, '..', '..', 'docs', `conformance.${kind}`);
    if (process.env['SIGNALBOX_UPDATE'] === '1') writeFileSync(path, written[kind]);
    assert.equal(
      readFileSync(path, 'utf8'),
      written[kind],
      `docs/conformance.${kind}: SIGNALBOX_UPDATE=1 writes it anew`,
    );
  }
});
