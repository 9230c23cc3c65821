// A translated call all the way: a client, the supervisor's proxy, the reporter, the collector, and what a person reads.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { clientsOf } from '../support/clients.ts';
import { Signalbox, until } from '../support/proc.ts';
import { startWires } from '../support/wire-server.ts';
import type { WireServer } from '../support/wire-server.ts';
import { sayingOf } from '../support/wire-types.ts';

let wires: WireServer;
let signalbox: Signalbox;

before(async () => {
  wires = await startWires();
  const api_key = 'provider-key-0123456789';
  signalbox = await Signalbox.start({
    config: {
      providers: {
        anthropic: { base_url: wires.url, api_key },
        bedrock: { base_url: wires.url, api_key },
      },
    },
  });
});

after(async () => {
  await signalbox.close();
  await wires.close();
});

interface Span {
  readonly kind: string;
  readonly attrs: Readonly<Record<string, string>>;
  readonly in_tok: number;
  readonly out_tok: number;
  readonly out_preview: string;
}

test('asked in one dialect, answered in another: the trace has both', async () => {
  for (const client of clientsOf(signalbox.proxyUrl)) {
    for (const provider of ['anthropic', 'bedrock']) {
      const got = await client.stream({ model: `${provider}/fake-plain` });
      assert.equal(got.text, sayingOf('plain').text, `${client.id} -> ${provider}`);
    }
    client.close();
  }
  const { usage, text } = sayingOf('plain');
  let traces: { trace_id: string }[] = [];
  await until('twelve traces', async () => {
    const response = await fetch(`${signalbox.collectorUrl}/api/v1/traces?limit=50`);
    traces = ((await response.json()) as { traces: { trace_id: string }[] }).traces;
    return traces.length === 12;
  });
  const spoken: string[] = [];
  for (const { trace_id: id } of traces) {
    const response = await fetch(`${signalbox.collectorUrl}/api/v1/traces/${id}`);
    const { spans } = (await response.json()) as { spans: Span[] };
    const call = spans.find(({ kind }) => kind === 'client');
    assert.ok(call, id);
    assert.deepEqual([call.in_tok, call.out_tok], [usage.input, usage.output], JSON.stringify(call));
    assert.equal(call.out_preview, text, JSON.stringify(call));
    const upstream = call.attrs['signalbox.upstream.dialect'];
    if (upstream !== undefined) spoken.push(upstream);
  }
  // All but the two whose callers spoke the provider's own.
  assert.deepEqual(spoken.sort(), [...Array(5).fill('anthropic'), ...Array(5).fill('bedrock')]);
});
