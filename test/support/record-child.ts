// A worker as the report sees it: records requests for ever, three of them always under way, and says on stdout what
// it has begun and ended once that is safe. Tests kill it.
//   node record-child.ts DATA WRITER_ID FIRST

import { writeSync } from 'node:fs';
import { openRecorder } from '../../proxy/report/recorder.ts';
import { createLogger } from '../../runtime/log.ts';
import { Metrics } from '../../runtime/metrics.ts';
import { config, numbered } from './report.ts';

const [dataDir = '', writerId = '', first = '0'] = process.argv.slice(2);
const recorder = openRecorder({
  config: config(),
  dataDir,
  writerId,
  log: createLogger('child'),
  metrics: new Metrics(),
});
for (let number = Number(first); ; number++) {
  recorder.begin(numbered(number));
  writeSync(1, `b${number}\n`);
  if (number - 3 < Number(first)) continue;
  recorder.end(numbered(number - 3));
  writeSync(1, `e${number - 3}\n`);
}
