// Writes docs/config.md from the schema. usage: node scripts/config-docs.ts
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { renderConfigDocs } from '../lib/base/config-docs.ts';

writeFileSync(join(import.meta.dirname, '..', 'docs', 'config.md'), renderConfigDocs());
