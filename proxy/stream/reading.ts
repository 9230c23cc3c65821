// The notes that a meter takes, and what every dialect's reader takes them with.

import { readError, text } from '../../schemas/dialects/read.ts';
import type { Fields } from '../../schemas/dialects/read.ts';
import type { Reading } from '../exchange.ts';

/** What a dialect's reader of events works on. */
export interface MeterState {
  readonly reading: Reading;
  /** Bytes of text, reasoning and tool arguments so far: what an estimate of the output stands on. */
  outputBytes: number;
  /** The usage object so far; some dialects send it in parts. */
  usage: unknown;
  /** Content arrived: notes the first time, counts the rest. */
  content(bytes: number): void;
  broken(): void;
}

/** What is known of an answer while it passes. */
export interface AnswerNotes {
  readonly reading: Reading;
  /** Bytes of text so far: what an estimate of the output stands on. */
  readonly outputBytes: number;
  /** The answer is over, one way or another. May be called again. */
  end(): void;
}

/** Reads an answer as it passes. */
export interface AnswerMeter extends AnswerNotes {
  /** @param latin1 the next bytes, one character each */
  push(latin1: string): void;
}

export type EventReader = (state: MeterState, event: string, data: string) => void;

export function newReading(): Reading {
  return {
    firstTokenUs: 0,
    chunks: 0,
    usage: undefined,
    usageSource: 'none',
    model: '',
    id: '',
    finishReasons: [],
    toolsCalled: [],
    systemFingerprint: '',
    serviceTier: '',
    complete: false,
    error: undefined,
    malformed: 0,
  };
}

/** What every dialect's answer says of itself in the same words. */
export function readHead(reading: Reading, body: Fields): void {
  reading.id ||= text(body['id']);
  reading.model = text(body['model']) || reading.model;
  reading.systemFingerprint ||= text(body['system_fingerprint']);
  reading.serviceTier = text(body['service_tier']) || reading.serviceTier;
  reading.error ??= readError(body);
}

export function addOnce(list: string[], value: unknown): void {
  const name = text(value);
  if (name !== '' && !list.includes(name)) list.push(name);
}
