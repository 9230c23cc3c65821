// A reporter as a process of its own. Tests kill it.
//   node report-child.ts DATA COLLECTOR_URL

import { startReporter } from '../../proxy/report/reporter.ts';
import { createLogger } from '../../runtime/log.ts';
import { Metrics } from '../../runtime/metrics.ts';
import { config } from './report.ts';

const [dataDir = '', collector = ''] = process.argv.slice(2);
startReporter({
  config: config(collector),
  dataDir,
  log: createLogger('reporter'),
  metrics: new Metrics(),
  isAlive: () => false,
});
