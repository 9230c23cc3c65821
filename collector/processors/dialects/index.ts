// Whose attribute names are understood. A dialect is a file and a line here; earlier ones win.

import type { AttributeDialect } from '../types.ts';
import { genai } from './genai.ts';

export const ATTRIBUTE_DIALECTS: readonly AttributeDialect[] = [genai];
