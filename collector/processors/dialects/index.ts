// Whose attribute names are understood. A dialect is a file and a line here; earlier ones win.

import type { AttributeDialect } from '../types.ts';
import { crewai } from './crewai.ts';
import { genai } from './genai.ts';
import { haystack } from './haystack.ts';
import { langfuse } from './langfuse.ts';
import { langsmith } from './langsmith.ts';
import { litellm } from './litellm.ts';
import { logfire } from './logfire.ts';
import { mlflow } from './mlflow.ts';
import { openinference } from './openinference.ts';
import { openllmetry } from './openllmetry.ts';
import { semanticKernel } from './semantic-kernel.ts';
import { vercel } from './vercel.ts';

export const ATTRIBUTE_DIALECTS: readonly AttributeDialect[] = [
  semanticKernel, // before genai: both read gen_ai.response.finish_reason
  genai,
  langfuse,
  vercel,
  litellm, // before OpenLLMetry: both read llm.request.type
  openinference,
  openllmetry,
  logfire,
  mlflow,
  langsmith,
  haystack,
  crewai,
];
