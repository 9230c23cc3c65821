// The fields of a multipart form, as far as accounting needs them: where the value of `model` stands in the bytes, and the
// short texts. Files in it are passed on and not looked at.

import type { Span } from '../json/scan.ts';

export interface Form {
  /** Text fields by name, as far as they are short. */
  readonly fields: Readonly<Record<string, string>>;
  /** The bytes of the value of `model`; undefined where there is none. */
  readonly model: Span | undefined;
}

const BOUNDARY = /;\s*boundary=(?:"([^"]{1,70})"|([^\s;,"]{1,70}))/i;
const NAME = /^content-disposition:[^\r\n]*;\s*name="([^"\r\n]{1,64})"/im;
const FILE = /^content-disposition:[^\r\n]*;\s*filename/im;
const MAX_HEAD = 4096;
const MAX_VALUE = 4096;
const MAX_PARTS = 256;
const HEAD_END = Buffer.from('\r\n\r\n');

/** Reads a form; what is broken ends it early. @param contentType with its boundary */
export function readForm(body: Buffer, contentType: string): Form {
  const match = BOUNDARY.exec(contentType);
  const fields: Record<string, string> = {};
  let model: Span | undefined;
  for (const { name, span } of textParts(body, Buffer.from(`--${match?.[1] ?? match?.[2] ?? ''}`))) {
    if (name === 'model') model ??= span;
    if (!Object.hasOwn(fields, name)) fields[name] = body.toString('utf8', span.start, span.end);
  }
  return { fields, model };
}

interface TextPart {
  readonly name: string;
  readonly span: Span;
}

/** The parts that are short texts with a name. */
function* textParts(body: Buffer, boundary: Buffer): Generator<TextPart> {
  if (boundary.length === 2) return;
  let at = body.indexOf(boundary);
  for (let parts = 0; at >= 0 && parts < MAX_PARTS; parts++) {
    const head = at + boundary.length;
    const start = body.indexOf(HEAD_END, head) + HEAD_END.length;
    at = body.indexOf(boundary, head);
    if (start < HEAD_END.length || at < start || start - head > MAX_HEAD) return;
    // The line end before a boundary belongs to the boundary.
    const span = { start, end: at - 2 };
    const name = nameOf(body.toString('latin1', head, start));
    if (name !== undefined && span.end >= start && span.end - start <= MAX_VALUE) yield { name, span };
  }
}

/** Of a text field; undefined for files. */
function nameOf(headers: string): string | undefined {
  return FILE.test(headers) ? undefined : NAME.exec(headers)?.[1];
}
