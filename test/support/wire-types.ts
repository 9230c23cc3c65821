// What the fake providers say, in no provider's words, and how each wire format is asked for it. Written from the
// providers' references and SDK types, without a line of schemas/: a fake that shared our reading would prove nothing.

export interface ToolUse {
  readonly id: string;
  readonly name: string;
  readonly args: Readonly<Record<string, unknown>>;
}

export interface Saying {
  readonly thought: string;
  readonly text: string;
  readonly tools: readonly ToolUse[];
  readonly finish: 'stop' | 'length' | 'tools';
  /** input: total, cached included; output: total, reasoning included. */
  readonly usage: {
    readonly input: number;
    readonly cached: number;
    readonly output: number;
    readonly reasoning: number;
  };
}

export type Json = Readonly<Record<string, unknown>>;

export interface Asked {
  readonly path: string;
  readonly query: string;
  readonly body: Json;
}

export interface Reply {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: unknown;
}

/** One wire format, as its provider serves it. */
export interface Wire {
  readonly id: string;
  readonly path: RegExp;
  model(asked: Asked): string;
  stream(asked: Asked): boolean;
  readonly streamType: string;
  /** In a thought's way to prove itself, where the provider has one. */
  whole(saying: Saying, model: string, asked: Asked): unknown;
  /** The frames of a streamed answer, the terminal one last. */
  frames(saying: Saying, model: string, asked: Asked): Buffer[];
  error(status: number, message: string): Reply;
  errorFrame(message: string): Buffer;
  /** Of embeddings: the vectors 0.5, -0.25 for each input. */
  vectors?(asked: Asked): unknown;
}

export const SIGNATURE = 'c2lnbmF0dXJl';
export const VECTOR = [0.5, -0.25];

/** A text in pieces, as models stream it: words with their spaces. */
export function pieces(text: string): string[] {
  return text.match(/\s*\S+/g) ?? [];
}

/** Arguments in three pieces, cut anywhere. */
export function argumentPieces(args: unknown): string[] {
  const text = JSON.stringify(args);
  const third = Math.ceil(text.length / 3);
  return [text.slice(0, third), text.slice(third, third * 2), text.slice(third * 2)].filter((each) => each !== '');
}

const SCENARIOS: Readonly<Record<string, Omit<Saying, 'usage'>>> = {
  plain: { thought: '', text: 'Grüße aus Zürich, all is well 🦊', tools: [], finish: 'stop' },
  long: { thought: '', text: Array.from({ length: 400 }, (_, at) => `word${at}`).join(' '), tools: [], finish: 'stop' },
  cut: { thought: '', text: 'This is where it', tools: [], finish: 'length' },
  json: { thought: '', text: '{"city":"Zürich","celsius":4}', tools: [], finish: 'stop' },
  thinking: { thought: 'The user wants a greeting.', text: 'Hello there!', tools: [], finish: 'stop' },
  tools: {
    thought: '',
    text: 'Let me look.',
    tools: [{ id: 'call_a1', name: 'weather', args: { city: 'Zürich', days: 2 } }],
    finish: 'tools',
  },
  parallel: {
    thought: '',
    text: '',
    tools: [
      { id: 'call_a1', name: 'weather', args: { city: 'Zürich' } },
      { id: 'call_b2', name: 'weather', args: { city: 'Bern' } },
    ],
    finish: 'tools',
  },
};

/** The scenario is the end of the model's name: `gemini-3-tools`. */
export function scenarioOf(model: string): string {
  return /[a-z]+$/.exec(model)?.[0] ?? 'plain';
}

export function sayingOf(model: string): Saying {
  const scenario = scenarioOf(model);
  const said = SCENARIOS[scenario] ?? SCENARIOS['plain'];
  if (said === undefined) throw new Error('there is no plain scenario');
  const reasoning = said.thought === '' ? 0 : 7;
  return { ...said, usage: { input: 31, cached: 8, output: 12 + reasoning, reasoning } };
}

export const sse = (data: unknown, event = ''): Buffer =>
  Buffer.from(
    `${event === '' ? '' : `event: ${event}\n`}data: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`,
  );
