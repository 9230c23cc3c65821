// A collector as a process of its own, for tests that kill it. Prints its address.
//   node collector-child.ts DATA_DIR

import { startCollector } from '../../collector/main.ts';
import { defaultConfig } from '../../runtime/config.ts';
import { createLogger } from '../../runtime/log.ts';

const [dataDir = ''] = process.argv.slice(2);
const config = defaultConfig();
const options = { config: { ...config, collector: { ...config.collector, listen: '127.0.0.1:0' } }, dataDir };
try {
  const collector = await startCollector({ ...options, log: createLogger('collector') });
  process.stdout.write(`${collector.url}\n`);
  process.on('SIGTERM', () => void collector.close());
} catch (error) {
  process.stdout.write(`refused: ${error instanceof Error ? error.message : String(error)}\n`);
}
