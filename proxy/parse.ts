// A JSON body, read strictly: what is decided here and what is forwarded must be the same reading of the same bytes.

import { isAscii, isUtf8 } from 'node:buffer';
import { isFields, type Fields } from '../schemas/dialects/read.ts';
import { GatewayError } from '../schemas/errors.ts';
import { scanBigBody, scanBody, type BodyScan } from './json/scan.ts';

export interface ParsedBody {
  /** Without a byte order mark. */
  readonly body: Buffer;
  readonly json: Fields;
  readonly scan: BodyScan;
}

const MAX_DEPTH = 128;
/** Bodies above this are not built into objects: only the settings at the top are read, the rest is passed on. */
const BUILD_BYTES = 1024 * 1024;
const SETTING_BYTES = 4096;
const EDITED: ReadonlySet<string> = new Set(['model', 'stream', 'stream_options']);
const SETTINGS: ReadonlySet<string> = new Set([
  ...EDITED,
  'temperature',
  'top_p',
  'max_tokens',
  'max_completion_tokens',
  'max_output_tokens',
  'seed',
  'n',
  'reasoning_effort',
  'reasoning',
  'response_format',
  'user',
  'metadata',
]);

/** @throws GatewayError invalid_json, bad_request */
export async function parseBody(bytes: Buffer): Promise<ParsedBody> {
  const body = withoutBom(bytes);
  const ascii = isAscii(body);
  if (!ascii && !isUtf8(body)) throw new GatewayError('invalid_json', 'The body is not valid UTF-8.');
  if (body.length > BUILD_BYTES) return parseBig(body);
  const latin1 = body.toString('latin1');
  const scan = checked(scanBody(latin1, EDITED, MAX_DEPTH));
  const json = build(ascii ? latin1 : body.toString());
  return { body, json, scan: withoutDuplicates(scan) };
}

async function parseBig(body: Buffer): Promise<ParsedBody> {
  const scan = checked(await scanBigBody(body.toString('latin1'), SETTINGS, MAX_DEPTH));
  return { body, json: settingsOf(body, withoutDuplicates(scan)), scan };
}

function withoutBom(bytes: Buffer): Buffer {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? bytes.subarray(3) : bytes;
}

function checked(scan: BodyScan): BodyScan {
  if (scan.deepest <= MAX_DEPTH) return scan;
  throw new GatewayError('bad_request', `The body is nested more than ${MAX_DEPTH} levels deep.`);
}

function withoutDuplicates(scan: BodyScan): BodyScan {
  const { duplicate } = scan;
  if (duplicate === undefined || !EDITED.has(duplicate)) return scan;
  throw new GatewayError('bad_request', `The body has "${duplicate}" twice.`, { param: duplicate });
}

function build(text: string): Fields {
  const value = parsed(text);
  if (!isFields(value)) throw new GatewayError('invalid_json', 'The body must be a JSON object.');
  return value;
}

function settingsOf(body: Buffer, scan: BodyScan): Fields {
  if (scan.inside === 0) throw new GatewayError('invalid_json', 'The body must be a JSON object.');
  const settings: Record<string, unknown> = {};
  for (const [key, { start, end }] of scan.found) {
    if (end - start <= SETTING_BYTES) settings[key] = parsed(body.toString('utf8', start, end));
  }
  return settings;
}

/** Says where the mistake is; never what stands there. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const position = /position (\d+)/.exec(error instanceof Error ? error.message : '')?.[1];
    const where = text.trim() === '' ? ': it is empty' : position === undefined ? '' : ` (near character ${position})`;
    throw new GatewayError('invalid_json', `The body is not valid JSON${where}.`);
  }
}
