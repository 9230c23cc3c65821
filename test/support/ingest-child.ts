// The collector's way in as a process that tests kill: its store is a file of `token span-ids` lines, written in one
// go, which sometimes refuses and sometimes says it failed after it has written. Prints its port.
//   node ingest-child.ts DIR

import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createPipeline } from '../../collector/pipeline.ts';
import { createLogger } from '../../runtime/log.ts';
import { Metrics } from '../../runtime/metrics.ts';
import type { SpanBatch } from '../../schemas/span.ts';

const [dir = ''] = process.argv.slice(2);
const file = join(dir, 'stored.txt');

const store = {
  async insert(batch: SpanBatch, token: string): Promise<void> {
    if (Math.random() < 0.3) throw new Error('refused');
    const ids = batch.spans.map((row) => row.trace_id + row.span_id).join(',');
    appendFileSync(file, `${token} ${ids}\n`);
    await sleep(Math.random() * 20);
    if (Math.random() < 0.3) throw new Error('the answer got lost');
  },
  async *recentSpanIds(): AsyncIterable<string> {
    if (!existsSync(file)) return;
    for (const line of readFileSync(file, 'utf8').split('\n')) yield* (line.split(' ')[1] ?? '').split(',');
  },
};

const pipeline = createPipeline({
  dir,
  store,
  metrics: new Metrics(),
  log: createLogger('child'),
  prices: {},
  maxBody: 1e7,
  maxDisk: 1e9,
});
await pipeline.start();
const server = createServer((request, response) => void pipeline.handleOtlp(request, response));
server.listen(0, '127.0.0.1', () => process.stdout.write(`${(server.address() as AddressInfo).port}\n`));
process.on('SIGTERM', () => {
  server.closeAllConnections();
  server.close();
  void pipeline.flush().then(() => pipeline.close());
});
