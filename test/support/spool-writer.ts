// A process that appends numbered records to a spool for ever and says on stdout, after each append returned, which
// one is safe. Tests kill it.
//   node spool-writer.ts DIR FIRST

import { writeSync } from 'node:fs';
import { SpoolWriter } from '../../runtime/spool/writer.ts';

const [dir = '', first = '0'] = process.argv.slice(2);
const writer = new SpoolWriter({ dir, segmentBytes: 64 * 1024, maxBytes: 1e12, overflow: 'refuse' });
for (let number = Number(first); ; number++) {
  const body = Buffer.alloc(16 + ((number * 7919) % 3000), number % 256);
  body.writeUInt32LE(number, 0);
  writer.append(1, [body.subarray(0, 10), body.subarray(10)]);
  writeSync(1, `${number}\n`);
}
