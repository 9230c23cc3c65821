// The provider of the proxy benchmark, as cheap as Node can: raw sockets, canned answers, nothing parsed that need not
// be. Also takes the reporter's OTLP and says 200, so that no collector competes for the core.
//
//   node upstream.ts PORT

import { createServer, type Socket } from 'node:net';

const CHUNKS = 50;
/** Between the chunks of a stream whose request has `"seed":10`. */
const PACED_MS = 10;

const answer = JSON.stringify({
  id: 'chatcmpl-bench',
  object: 'chat.completion',
  created: 1_763_800_000,
  model: 'gpt-5-mini-2025-08-07',
  choices: [
    {
      index: 0,
      message: { role: 'assistant', content: 'Your order is on its way and arrives tomorrow.' },
      finish_reason: 'stop',
    },
  ],
  usage: { prompt_tokens: 431, completion_tokens: 12, total_tokens: 443, prompt_tokens_details: { cached_tokens: 0 } },
  system_fingerprint: 'fp_bench',
}).padEnd(472, ' ');

const head = (type: string, more: string) =>
  `HTTP/1.1 200 OK\r\ncontent-type: ${type}\r\nx-request-id: req_bench\r\ndate: Sun, 22 Nov 2026 12:00:00 GMT\r\n${more}\r\n`;

const JSON_ANSWER = Buffer.from(head('application/json', `content-length: ${answer.length}\r\n`) + answer);
const OTLP_ANSWER = Buffer.from(`${head('application/json', 'content-length: 2\r\n')}{}`);
const STREAM_HEAD = head('text/event-stream', 'transfer-encoding: chunked\r\n');

const chunked = (text: string) => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;
const event = (value: unknown) => chunked(`data: ${JSON.stringify(value)}\n\n`);
const common = {
  id: 'chatcmpl-bench',
  object: 'chat.completion.chunk',
  created: 1_763_800_000,
  model: 'gpt-5-mini-2025-08-07',
  system_fingerprint: 'fp_bench',
};
const delta = event({
  ...common,
  choices: [{ index: 0, delta: { content: ' arrives' }, logprobs: null, finish_reason: null }],
  usage: null,
});
const tail =
  event({ ...common, choices: [{ index: 0, delta: {}, finish_reason: 'stop' }], usage: null }) +
  event({
    ...common,
    choices: [],
    usage: { prompt_tokens: 431, completion_tokens: CHUNKS, total_tokens: 431 + CHUNKS },
  }) +
  chunked('data: [DONE]\n\n') +
  '0\r\n\r\n';
const DELTA = Buffer.from(delta);
const TAIL = Buffer.from(tail);

function streamTo(socket: Socket, paced: boolean): void {
  socket.write(STREAM_HEAD + delta);
  let sent = 1;
  if (!paced) {
    while (sent++ < CHUNKS) socket.write(DELTA);
    socket.write(TAIL);
    return;
  }
  const timer = setInterval(() => {
    if (socket.destroyed) return clearInterval(timer);
    if (sent++ < CHUNKS) {
      socket.write(DELTA);
      return;
    }
    clearInterval(timer);
    socket.write(TAIL);
  }, PACED_MS);
}

/** Answers every whole request in what has arrived; returns what is left over. */
function serve(socket: Socket, bytes: Buffer): Buffer {
  let rest = bytes;
  for (;;) {
    const end = rest.indexOf('\r\n\r\n');
    if (end < 0) return rest;
    const top = rest.toString('latin1', 0, end).toLowerCase();
    const length = Number(/\r\ncontent-length: *(\d+)/.exec(top)?.[1] ?? 0);
    const chunkedBody = top.includes('\r\ntransfer-encoding: chunked');
    const whole = chunkedBody ? rest.indexOf('\r\n0\r\n\r\n', end) + 7 : end + 4 + length;
    if ((chunkedBody && whole === 6) || rest.length < whole) return rest;
    answerTo(socket, top, rest.subarray(end + 4, whole));
    rest = rest.subarray(whole);
    if (rest.length === 0) return rest;
  }
}

function answerTo(socket: Socket, top: string, body: Buffer): void {
  if (top.startsWith('post /v1/traces')) socket.write(OTLP_ANSWER);
  else if (body.includes('"stream":true')) streamTo(socket, body.includes('"seed":10'));
  else socket.write(JSON_ANSWER);
}

const server = createServer({ noDelay: true }, (socket) => {
  let rest: Buffer = Buffer.alloc(0);
  socket.on('data', (chunk: Buffer) => {
    rest = serve(socket, rest.length === 0 ? chunk : Buffer.concat([rest, chunk]));
  });
  socket.on('error', () => socket.destroy());
});
server.listen({ port: Number(process.argv[2]), host: '127.0.0.1', backlog: 4096 });
process.on('SIGTERM', () => process.exit(0));
