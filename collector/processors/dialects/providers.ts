// Names of providers as instrumentations write them, and what the conventions call them.

import type { AttrValue } from '../../receivers/model.ts';
import { asText } from '../text.ts';

// prettier-ignore
const PROVIDERS: Readonly<Record<string, readonly string[]>> = {
  'azure.ai.openai': ['az.ai.openai', 'azure', 'azure-openai', 'azure_openai'],
  'azure.ai.inference': ['az.ai.inference'],
  'aws.bedrock': ['amazon-bedrock', 'amazon', 'aws', 'bedrock', 'aws_bedrock'],
  'gcp.gemini': ['gemini', 'google', 'google_genai', 'google.generative-ai'],
  'gcp.vertex_ai': ['google_vertexai', 'google.vertex', 'vertexai', 'vertex_ai'],
  cohere: ['cohere_chat'],
  mistral_ai: ['mistral', 'mistralai'],
  moonshot_ai: ['moonshot'],
  perplexity: ['perplexityai'],
  'ibm.watsonx.ai': ['watsonx'],
  x_ai: ['xai'],
};
const NAMES = new Map(Object.entries(PROVIDERS).flatMap(([name, others]) => others.map((other) => [other, name])));

/** Which part of a provider's API; the Vercel AI SDK writes it behind the name. */
const PART = /\.(chat|responses|completions?|messages|embeddings?|textEmbedding|image|speech|transcription)$/i;

export function providerName(value: AttrValue): string {
  const plain = asText(value).replace(PART, '').toLowerCase();
  return NAMES.get(plain) ?? plain;
}
