// Serves the built UI from memory: what is there is read once at the start, and nothing else can be asked for, however
// a path is written. Links, dotfiles and source maps are left out. A page of the UI is index.html under any known path.

import { createHash } from 'node:crypto';
import { lstatSync, readFileSync, readdirSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { extname, join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

interface StaticFile {
  readonly type: string;
  readonly tag: string;
  readonly immutable: boolean;
  readonly plain: Buffer;
  readonly gzip: Buffer | undefined;
  readonly br: Buffer | undefined;
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.webmanifest': 'application/manifest+json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.txt': 'text/plain; charset=utf-8',
};
const COMPRESSED = new Set(['.html', '.js', '.css', '.json', '.svg', '.webmanifest', '.txt']);
const MAX_BYTES = 64 * 1024 * 1024;

/** Paths of the UI's pages: letters, digits and dashes, no dots, so that a missing file is never answered with a page. */
const PAGE = /^\/(?:[a-z][a-z0-9-]{0,40}(?:\/[A-Za-z0-9_-]{1,128}){0,3})?$/;

export class StaticFiles {
  readonly #files = new Map<string, StaticFile>();

  /** @param dir the UI's build; when it does not exist, nothing is served */
  constructor(dir: string) {
    let bytes = 0;
    for (const path of filesOf(dir, '')) {
      const plain = readFileSync(join(dir, path));
      bytes += plain.length;
      if (bytes > MAX_BYTES) throw new Error(`the UI in ${dir} is larger than ${MAX_BYTES} bytes: is that the build?`);
      this.#files.set(`/${path}`, fileOf(path, plain));
    }
  }

  get size(): number {
    return this.#files.size;
  }

  /** Answers GET and HEAD of a file or page. @returns false, with nothing touched, when there is none */
  serve(path: string, request: IncomingMessage, response: ServerResponse): boolean {
    if (request.method !== 'GET' && request.method !== 'HEAD') return false;
    const file = this.#files.get(path) ?? (PAGE.test(path) ? this.#files.get('/index.html') : undefined);
    if (!file) return false;
    response.setHeader('cache-control', file.immutable ? 'public, max-age=31536000, immutable' : 'no-cache');
    response.setHeader('etag', file.tag);
    response.setHeader('vary', 'accept-encoding');
    if (request.headers['if-none-match'] === file.tag) {
      response.writeHead(304).end();
      return true;
    }
    const [encoding, body] = encoded(file, String(request.headers['accept-encoding'] ?? ''));
    if (encoding !== '') response.setHeader('content-encoding', encoding);
    response.writeHead(200, { 'content-type': file.type, 'content-length': body.length });
    response.end(request.method === 'HEAD' ? undefined : body);
    return true;
  }
}

function encoded(file: StaticFile, accepted: string): [encoding: string, body: Buffer] {
  if (file.br && /\bbr\b/.test(accepted)) return ['br', file.br];
  if (file.gzip && /\bgzip\b/.test(accepted)) return ['gzip', file.gzip];
  return ['', file.plain];
}

function filesOf(dir: string, below: string): string[] {
  let names: string[];
  try {
    names = readdirSync(join(dir, below));
  } catch {
    return [];
  }
  return names.flatMap((name) => {
    const path = below === '' ? name : `${below}/${name}`;
    if (name.startsWith('.') || name.endsWith('.map')) return [];
    const stat = lstatSync(join(dir, path)); // not stat: a link may point anywhere
    if (stat.isDirectory()) return filesOf(dir, path);
    return stat.isFile() && TYPES[extname(name)] !== undefined ? [path] : [];
  });
}

function fileOf(path: string, plain: Buffer): StaticFile {
  const extension = extname(path);
  const compress = COMPRESSED.has(extension) && plain.length > 512;
  const params = { [constants.BROTLI_PARAM_QUALITY]: 9 };
  return {
    type: TYPES[extension] ?? 'application/octet-stream',
    tag: `"${createHash('sha256').update(plain).digest('base64url').slice(0, 22)}"`,
    immutable: /^assets\/.*[-.][A-Za-z0-9_-]{8,}\.\w+$/.test(path),
    plain,
    gzip: compress ? gzipSync(plain, { level: 9 }) : undefined,
    br: compress ? brotliCompressSync(plain, { params }) : undefined,
  };
}
