// 2 read: the body off the wire and checked, the model, whether it streams, and the caller's labels and deadline.

import { isFields, text } from '../../schemas/dialects/read.ts';
import { GatewayError } from '../../schemas/errors.ts';
import { readBody, releaseBody, unpackBody } from '../body.ts';
import { nowUs } from '../clock.ts';
import { one } from '../headers.ts';
import { readLabels } from '../labels.ts';
import { readForm } from '../media/form.ts';
import { mediaOf } from '../media/index.ts';
import type { Live } from '../live.ts';
import { parseBody } from '../parse.ts';
import type { Layer } from '../pipeline.ts';
import type { Services } from '../services.ts';
import { asArray } from '../stream/frames.ts';
import type { Streams } from '../surface.ts';

const MAX_MODEL_CHARS = 256;
const JSON_TYPE = /^application\/json\s*(?:;\s*charset="?utf-8"?\s*)?$/i;
const CONTROL = /\p{Cc}/u;
const MAX_DEADLINE_MS = 86_400_000;
/** Bodies of a passthrough are looked into up to this size. */
const PEEK_BYTES = 1024 * 1024;

export function read(services: Services): Layer {
  return async (live, next) => {
    try {
      live.deadlineUs = deadlineOf(live);
      if (live.operation === 'models') readLabels(live);
      else if (live.operation === 'realtime') readSession(live);
      else if (live.operation === 'passthrough') await readAny(services, live);
      else if (mediaOf(live.operation) !== undefined) await readMediaCall(services, live);
      else await readCall(services, live);
      live.ownSinceUs = nowUs();
      await next(live);
    } finally {
      releaseBody(services, live);
    }
  };
}

async function readCall(services: Services, live: Live): Promise<void> {
  checkType(live);
  const sent = await readBody(services, live);
  const bytes = live.request.headers['content-encoding'] === undefined ? sent : await unpackBody(services, live, sent);
  const { body, json, scan } = await parseBody(bytes);
  live.body = body;
  live.json = json;
  live.scan = scan;
  live.modelAsked = modelOf(live.surface.model || json['model']);
  live.stream = streams(live.surface.streams, json['stream']);
  readLabels(live);
}

function readSession(live: Live): void {
  if (live.upgrade === undefined) {
    throw new GatewayError('bad_request', `${live.httpRoute} is a WebSocket: connect to it with a WebSocket client.`);
  }
  // Transcription sessions and calls that run already name none.
  const model = new URLSearchParams(live.query).get('model');
  if (model !== null) live.modelAsked = modelOf(model);
  live.stream = true;
  readLabels(live);
}

/** A call that is forwarded as it is, but for the name of its model: a JSON object, a form, or nothing. */
async function readMediaCall(services: Services, live: Live): Promise<void> {
  const type = live.request.headers['content-type'] ?? '';
  live.body = await readBody(services, live);
  if (JSON_TYPE.test(type) && live.body.length > 0) {
    const { body, json, scan } = await parseBody(live.body);
    Object.assign(live, { body, json, scan });
  } else if (/^multipart\/form-data\b/i.test(type)) live.form = readForm(live.body, type);
  const model = live.form?.fields['model'] ?? live.json?.['model'];
  if (model !== undefined) live.modelAsked = modelOf(model);
  live.stream = live.json?.['stream'] === true || live.form?.fields['stream'] === 'true';
  readLabels(live);
}

/** A passthrough body is not ours to judge: it is read for its model where that is easy, and forwarded as it is. */
async function readAny(services: Services, live: Live): Promise<void> {
  live.body = await readBody(services, live);
  const type = live.request.headers['content-type'] ?? '';
  const packed = live.request.headers['content-encoding'] !== undefined;
  if (!packed && live.body.length <= PEEK_BYTES && JSON_TYPE.test(type)) {
    try {
      const json: unknown = JSON.parse(live.body.toString());
      if (isFields(json)) live.json = json;
    } catch {
      live.json = undefined;
    }
  }
  live.modelAsked = text(live.surface.model || live.json?.['model'])
    .slice(0, MAX_MODEL_CHARS)
    .toWellFormed();
  live.stream = streams(live.surface.streams, live.json?.['stream']);
  // A stream as one JSON array is passed on as it comes, and not read.
  if (asArray(live)) live.dialect = '';
  readLabels(live);
}

function streams(who: Streams, asked: unknown): boolean {
  if (who === 'if_asked') return asked === true;
  return who === 'always' || (who === 'unless_refused' && asked !== false);
}

function checkType({ request, dialect }: Live): void {
  const type = request.headers['content-type'];
  // AWS's own clients call the body of InvokeModel what it is to them.
  if (dialect === 'bedrock_invoke' && type === 'application/octet-stream') return;
  if (type === 'application/json' || (type !== undefined && JSON_TYPE.test(type))) return;
  throw new GatewayError('media', 'The content-type must be application/json (UTF-8).');
}

function modelOf(value: unknown): string {
  if (typeof value !== 'string' || value === '') {
    throw new GatewayError('bad_request', 'A "model" is needed, as a string.', { param: 'model' });
  }
  if (value.length > MAX_MODEL_CHARS || CONTROL.test(value) || !value.isWellFormed()) {
    const rule = `at most ${MAX_MODEL_CHARS} characters, none of them control characters`;
    throw new GatewayError('bad_request', `The "model" is no name of a model: ${rule}.`, { param: 'model' });
  }
  return value;
}

function deadlineOf(live: Live): number {
  const header = one(live.request.headers['x-signalbox-deadline-ms']);
  if (header === '') return Number.POSITIVE_INFINITY;
  const ms = /^\d{1,9}$/.test(header) ? Number(header) : 0;
  if (ms < 1 || ms > MAX_DEADLINE_MS) {
    throw new GatewayError('bad_request', 'x-signalbox-deadline-ms must be a number of milliseconds from 1 to a day.');
  }
  return live.startUs + ms * 1000;
}
