// What the conformance tests found, as data for the UI and as a page for people.

import assert from 'node:assert/strict';
import { format } from 'prettier';
import { FEATURES } from './callers.ts';
import type { Caller, Feature } from './callers.ts';
import { PROVIDERS } from './providers.ts';

interface Cell {
  readonly dialect: string;
  readonly provider: string;
  readonly feature: Feature;
  readonly result: 'pass' | 'refused';
  readonly note?: string;
}

const COMMAND = 'SIGNALBOX_UPDATE=1 npm test -- conformance/matrix';
const keyOf = ({ dialect, provider, feature }: Omit<Cell, 'result' | 'note'>) => `${dialect} ${provider} ${feature}`;

const SHORTFALLS = [
  '## Where a client falls short of its dialect',
  '',
  'These are so without the proxy too; the cell stands on what the client can do, and on the other clients.',
  '',
  '- `@mistralai/mistralai` wants the name of the tool in every streamed piece of a call: calls are streamed to it only from',
  '  servers that send them in one piece. It never asks for usage in streams, and reads no `reasoning_content`.',
  "- Thoughts of Mistral's models are blocks of the content. OpenAI's client and the frameworks cannot read them, and",
  "  answers of the caller's own dialect pass untouched: openai_chat at mistral thinks for Mistral's own client only.",
  '- `@langchain/anthropic` reads input tokens of a stream from its first event, where a translated answer cannot know them.',
  '- `@langchain/openai` takes a Responses stream that breaks off for a whole one.',
  "- `ai` and `@langchain/openai` show no thoughts of chat completions, and no words of errors that are not in OpenAI's shape.",
  "- Google's embeddings come without token counts.",
  '',
];

export class Report {
  readonly #cells = new Map<string, Cell>();
  readonly #clients = new Map<string, string[]>();

  constructor(callers: readonly Caller[]) {
    for (const { dialect, by } of callers) this.#clients.set(dialect, [...(this.#clients.get(dialect) ?? []), by]);
  }

  /** Clients of one dialect must find the same. */
  add(cell: Cell): void {
    const known = this.#cells.get(keyOf(cell));
    if (known !== undefined)
      assert.equal(cell.result, known.result, `other clients of ${cell.dialect} found otherwise`);
    this.#cells.set(keyOf(cell), known ?? cell);
  }

  #sorted(): Cell[] {
    return [...this.#clients.keys()].flatMap((dialect) =>
      PROVIDERS.flatMap(({ id: provider }) =>
        FEATURES.flatMap((feature) => this.#cells.get(keyOf({ dialect, provider, feature })) ?? []),
      ),
    );
  }

  json(): Promise<string> {
    const facts = {
      generated: COMMAND,
      features: FEATURES,
      dialects: [...this.#clients.keys()],
      clients: Object.fromEntries(this.#clients),
      providers: PROVIDERS.map(({ id }) => id),
    };
    const head = Object.entries(facts).map(([name, value]) => `  ${JSON.stringify(name)}: ${JSON.stringify(value)},\n`);
    const cells = this.#sorted().map((cell) => `    ${JSON.stringify(cell)}`);
    const text = `{\n${head.join('')}  "cells": [\n${cells.join(',\n')}\n  ]\n}\n`;
    return format(text, { parser: 'json', printWidth: 120 });
  }

  markdown(): string {
    const cells = this.#sorted();
    const passed = cells.filter(({ result }) => result === 'pass').length;
    return [
      '# Conformance',
      '',
      `Made by the tests, not by hand: \`${COMMAND}\`. ${cells.length} cells: ${passed} pass, ${cells.length - passed} are`,
      'refused. Every cell ran: official clients, unmodified, ask the proxy; a simulated provider answers in its own wire',
      'format; what the client saw (content, tool calls and arguments, finish reason, token counts, class and status of',
      'errors) is compared with what the provider said, and what the provider got with what it takes. Where several clients',
      'speak a dialect, a cell counts for all of them.',
      '',
      '| sign | meaning |',
      '|---|---|',
      '| ✓ | passes, whole and streamed where both exist |',
      '| 400 | refused with the name of the field: the provider has no way to do it |',
      '| · | the dialect has no way to ask for it |',
      '',
      ...[...this.#clients].flatMap(([dialect, clients]) => this.#table(dialect, clients)),
      ...SHORTFALLS,
      ...this.#refusals(cells),
    ].join('\n');
  }

  #table(dialect: string, clients: readonly string[]): string[] {
    const sign = (provider: string, feature: Feature) => {
      const cell = this.#cells.get(keyOf({ dialect, provider, feature }));
      return cell === undefined ? '·' : cell.result === 'pass' ? '✓' : '400';
    };
    return [
      `## ${dialect}`,
      '',
      `Asked by ${clients.map((each) => `\`${each}\``).join(', ')}.`,
      '',
      `| provider | ${FEATURES.join(' | ')} |`,
      `|---|${FEATURES.map(() => '---|').join('')}`,
      ...PROVIDERS.map(({ id }) => `| ${id} | ${FEATURES.map((feature) => sign(id, feature)).join(' | ')} |`),
      '',
    ];
  }

  #refusals(cells: readonly Cell[]): string[] {
    const notes = new Map<string, Set<string>>();
    for (const { dialect, provider, note } of cells) {
      if (note === undefined) continue;
      const key = `${dialect} at ${provider}`;
      notes.set(key, (notes.get(key) ?? new Set()).add(note));
    }
    if (notes.size === 0) return [];
    const rows = [...notes].map(([key, why]) => `- ${key}: ${[...why].join(' ')}`);
    return ['## What is refused, and why', '', ...rows, ''];
  }
}
