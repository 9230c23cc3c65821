// `countTokens`: contents alone, or a whole request in a wrapping, and one number back.

import { checkedBody } from '../check.ts';
import { count, isFields } from '../read.ts';
import type { TokenCounting } from '../types.ts';
import { google } from '../google.ts';
import { readCall } from './request.ts';
import { writeCall } from './write-call.ts';

export const counting: TokenCounting = {
  readCall(request) {
    const body = google(checkedBody(request.body));
    const whole = body['generateContentRequest'];
    return readCall({ ...request, body: isFields(whole) ? whole : body });
  },
  /** Instructions and tools count only inside a whole request. */
  writeCall(call, target) {
    const { body, dropped } = writeCall(call, { ...target, stream: false });
    const { contents, systemInstruction, tools } = body;
    if (systemInstruction === undefined && tools === undefined) return { body: { contents }, dropped };
    return { body: { generateContentRequest: { model: `models/${target.model}`, ...body } }, dropped };
  },
  readAnswer(body) {
    const tokens = count(google(body)['totalTokens']);
    return tokens === 'bad' ? undefined : tokens;
  },
  writeAnswer: (tokens) => ({ totalTokens: tokens }),
};
