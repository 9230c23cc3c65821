// Reads the body of an OTLP request: bounded before and after decompression, bounded in time, bounded over all
// requests together, and gone when the sender goes.

import type { IncomingMessage } from 'node:http';
import { promisify } from 'node:util';
import { gunzip, inflate } from 'node:zlib';

export interface BodyLimits {
  /** Bytes of one body, as sent and decompressed. */
  readonly maxBody: number;
  /** Bytes of all bodies being read or decoded at one time. */
  readonly maxInflight: number;
  /** Milliseconds from the request's head to its last byte. */
  readonly timeout: number;
}

export type BodyProblem = 'too_large' | 'encoding' | 'corrupt' | 'busy' | 'slow' | 'gone';

/** Why there is no body. */
export class BodyError extends Error {
  override readonly name = 'BodyError';
  readonly problem: BodyProblem;

  constructor(problem: BodyProblem, message: string) {
    super(message);
    this.problem = problem;
  }
}

const unzip = { gzip: promisify(gunzip), 'x-gzip': promisify(gunzip), deflate: promisify(inflate) };

export class BodyReader {
  readonly #limits: BodyLimits;
  #inflight = 0;

  constructor(limits: BodyLimits) {
    this.#limits = limits;
  }

  /** Bytes held for requests that are not answered yet. */
  get inflight(): number {
    return this.#inflight;
  }

  /**
   * Hands the whole, decompressed body to `use`; its bytes count as in flight until `use` is done.
   * @throws BodyError
   */
  async read<T>(request: IncomingMessage, use: (body: Buffer) => Promise<T> | T): Promise<T> {
    const encoding = request.headers['content-encoding']?.trim().toLowerCase() ?? 'identity';
    if (encoding !== 'identity' && encoding !== '' && !Object.hasOwn(unzip, encoding)) {
      throw new BodyError(
        'encoding',
        `content-encoding "${encoding.slice(0, 40)}" is not one of gzip, deflate, identity`,
      );
    }
    const hold = { bytes: 0 };
    try {
      const sent = await this.#collect(request, hold);
      if (encoding === 'identity' || encoding === '' || sent.length === 0) return await use(sent);
      return await use(await this.#decompress(sent, unzip[encoding as keyof typeof unzip], hold));
    } finally {
      this.#inflight -= hold.bytes;
    }
  }

  #hold(hold: { bytes: number }, bytes: number): void {
    if (this.#inflight + bytes > this.#limits.maxInflight) {
      throw new BodyError('busy', 'too many bytes of requests are in flight; send again in a second');
    }
    this.#inflight += bytes;
    hold.bytes += bytes;
  }

  #collect(request: IncomingMessage, hold: { bytes: number }): Promise<Buffer> {
    const { maxBody, timeout } = this.#limits;
    const tooLarge = () => new BodyError('too_large', `the body is larger than ${maxBody} bytes`);
    if (Number(request.headers['content-length'] ?? 0) > maxBody) return Promise.reject(tooLarge());
    return new Promise((resolve, reject) => {
      const chunks: Buffer[] = [];
      let size = 0;
      const timer = setTimeout(() => done(new BodyError('slow', `the body took longer than ${timeout} ms`)), timeout);
      const done = (outcome: BodyError | Buffer) => {
        clearTimeout(timer);
        request.off('data', onData).off('end', onEnd).off('close', onGone).off('error', onGone);
        // An error after this has nobody left to tell.
        request.on('error', () => undefined);
        if (outcome instanceof Buffer) resolve(outcome);
        else reject(outcome);
      };
      const onData = (chunk: Buffer) => {
        size += chunk.length;
        if (size > maxBody) return done(tooLarge());
        try {
          this.#hold(hold, chunk.length);
        } catch (error) {
          return done(error as BodyError);
        }
        chunks.push(chunk);
      };
      const onEnd = () => done(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks));
      const onGone = () => done(new BodyError('gone', 'the sender went away'));
      request.on('data', onData).on('end', onEnd).on('close', onGone).on('error', onGone);
    });
  }

  /** zlib stops at the limit, so a bomb costs at most one body's memory. */
  async #decompress(sent: Buffer, unpack: (typeof unzip)['gzip'], hold: { bytes: number }): Promise<Buffer> {
    const { maxBody } = this.#limits;
    try {
      const body = await unpack(sent, { maxOutputLength: maxBody, chunkSize: 64 * 1024 });
      this.#hold(hold, body.length);
      return body;
    } catch (error) {
      if (error instanceof BodyError) throw error;
      if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') {
        throw new BodyError('too_large', `the body is larger than ${maxBody} bytes once decompressed`);
      }
      throw new BodyError('corrupt', 'the compressed body cannot be decompressed');
    }
  }
}
