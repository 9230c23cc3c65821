// The answers of OTLP/HTTP, in the encoding of the request: ExportResponse with its partial success, google.rpc.Status.

export type Encoding = 'protobuf' | 'json';

export const CONTENT_TYPES = { protobuf: 'application/x-protobuf', json: 'application/json' } as const;

/** Codes of google.rpc.Status that go with our HTTP statuses. */
const RPC_CODES: Readonly<Record<number, number>> = {
  400: 3,
  401: 16,
  405: 12,
  408: 4,
  413: 3,
  415: 3,
  429: 8,
  503: 14,
};
const RPC_INTERNAL = 13;

/** What the response calls the number of refused records: rejectedSpans, rejectedLogRecords, rejectedDataPoints. */
export type RejectedName = 'rejectedSpans' | 'rejectedLogRecords' | 'rejectedDataPoints';

export interface Outcome {
  readonly name: RejectedName;
  readonly rejected: number;
  readonly message: string;
}

/** The body of a 200: empty unless something was refused. */
export function successBody(encoding: Encoding, outcome: Outcome): Buffer {
  const { name, rejected, message } = outcome;
  const partial = rejected > 0 || message !== '';
  if (encoding === 'json') {
    const body = partial ? { partialSuccess: { [name]: String(rejected), errorMessage: message } } : {};
    return Buffer.from(JSON.stringify(body));
  }
  if (!partial) return Buffer.alloc(0);
  return field(1, Buffer.concat([number(1, rejected), field(2, Buffer.from(message))]));
}

export function statusBody(encoding: Encoding, httpStatus: number, message: string): Buffer {
  const code = RPC_CODES[httpStatus] ?? RPC_INTERNAL;
  if (encoding === 'json') return Buffer.from(JSON.stringify({ code, message, details: [] }));
  return Buffer.concat([number(1, code), field(2, Buffer.from(message))]);
}

function field(id: number, bytes: Buffer): Buffer {
  return Buffer.concat([varint((id << 3) | 2), varint(bytes.length), bytes]);
}

function number(id: number, value: number): Buffer {
  return value === 0 ? Buffer.alloc(0) : Buffer.concat([varint(id << 3), varint(value)]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  return Buffer.from([...bytes, rest]);
}
