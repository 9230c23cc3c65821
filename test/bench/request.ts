// The request that the proxy benchmark sends: what the OpenAI SDK sends, 2 kB of JSON, streamed or not.

const WORDS =
  'the order was late and the customer would like to know where it is because nobody answered the phone '.repeat(20);

export type Kind = 'json' | 'fast' | 'paced';

function body(kind: Kind): string {
  const make = (fill: string) =>
    JSON.stringify({
      model: 'gpt-5-mini',
      messages: [
        { role: 'system', content: 'You are a support assistant. Be short and friendly.' },
        { role: 'user', content: fill },
      ],
      temperature: 0.3,
      max_completion_tokens: 400,
      // The upstream paces a stream by this field: headers do not reach it through every gateway.
      ...(kind === 'paced' ? { seed: 10 } : {}),
      ...(kind === 'json' ? {} : { stream: true, stream_options: { include_usage: true } }),
    });
  return make(WORDS.slice(0, 2048 - make('').length));
}

/** One HTTP/1.1 request as bytes. @param extra headers of one gateway's own */
export function requestBytes(port: number, kind: Kind, extra: Readonly<Record<string, string>> = {}): Buffer {
  const content = body(kind);
  const headers = {
    host: `127.0.0.1:${port}`,
    connection: 'keep-alive',
    accept: 'application/json',
    'content-type': 'application/json',
    'content-length': String(Buffer.byteLength(content)),
    'user-agent': 'OpenAI/JS 7.57.0',
    authorization: 'Bearer sk-bench-0123456789abcdef0123456789abcdef',
    'x-stainless-retry-count': '0',
    'x-stainless-lang': 'js',
    'x-stainless-package-version': '7.57.0',
    'x-stainless-os': 'Linux',
    'x-stainless-arch': 'x64',
    'x-stainless-runtime': 'node',
    ...extra,
  };
  const head = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.from(`POST /v1/chat/completions HTTP/1.1\r\n${head.join('')}\r\n${content}`);
}
