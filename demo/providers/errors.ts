// Error answers in the words of the two shapes.

const OPENAI: Readonly<Record<number, readonly [type: string, code: string | null, message: string]>> = {
  400: ['invalid_request_error', null, 'We could not parse the JSON body of your request.'],
  404: ['invalid_request_error', 'model_not_found', 'The model does not exist or you do not have access to it.'],
  429: ['requests', 'rate_limit_exceeded', 'Rate limit reached for requests. Please try again later.'],
  500: ['server_error', null, 'The server had an error while processing your request. Sorry about that!'],
  529: ['server_error', 'overloaded', 'The engine is currently overloaded, please try again later.'],
};

const ANTHROPIC: Readonly<Record<number, readonly [type: string, message: string]>> = {
  400: ['invalid_request_error', 'The request body is not valid JSON.'],
  404: ['not_found_error', 'model not found'],
  429: ['rate_limit_error', 'This request would exceed the rate limit of your organization.'],
  500: ['api_error', 'Internal server error'],
  529: ['overloaded_error', 'Overloaded'],
};

/** @param shape whose words; @param requestId repeated in Anthropic's body, as the real one does */
export function errorBody(shape: 'openai' | 'anthropic', status: number, requestId: string): unknown {
  if (shape === 'anthropic') {
    const [type, message] = ANTHROPIC[status] ?? ['api_error', 'Internal server error'];
    return { type: 'error', error: { type, message }, request_id: requestId };
  }
  const [type, code, message] = OPENAI[status] ?? ['server_error', null, 'Internal error'];
  return { error: { message, type, param: null, code } };
}
