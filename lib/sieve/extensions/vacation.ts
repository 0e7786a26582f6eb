import { createHash } from 'node:crypto';
import type { Extension, Tag } from '../definition.ts';
import { addressIn, checkMailboxes, checkNamedAddress } from '../headers.ts';
import type { Run } from '../run.ts';
import type { CompiledNode } from '../script.ts';

const daySeconds = 86_400;

const interval = 'interval';

const tags: readonly Tag[] = [
  { name: 'days', value: { type: 'number' }, group: interval },
  { name: 'subject', value: { type: 'string', check: checkLine } },
  { name: 'from', value: { type: 'string', check: checkMailboxes } },
  { name: 'addresses', value: { type: 'strings', check: checkNamedAddress } },
  { name: 'mime' },
  { name: 'handle', value: { type: 'string' } },
];

/** RFC 5230: answer the sender. Whether an answer is fit (§4.5, §4.6) is for whoever sends it to see. */
export const vacation: Extension = {
  capability: 'vacation',
  deliveryOnly: true,
  commands: [
    {
      name: 'vacation',
      tags,
      parameters: [{ name: 'reason', type: 'string', check: checkReason }],
      run: (node, run) => {
        run.act(node, {
          kind: 'vacation',
          reason: run.text(node, 'reason'),
          mime: run.has(node, ':mime'),
          ...(run.has(node, ':subject') ? { subject: run.text(node, ':subject') } : {}),
          ...(run.has(node, ':from') ? { from: run.text(node, ':from') } : {}),
          addresses: run.texts(node, ':addresses').flatMap((text) => addressIn(text) ?? []),
          seconds: intervalSeconds(node, run),
          handle: handleOf(node, run),
        });
      },
    },
  ],
};

/** RFC 6131: the interval in seconds; 0 answers every message. */
export const vacationSeconds: Extension = {
  capability: 'vacation-seconds',
  implies: ['vacation'],
  tags: [{ name: 'seconds', to: ['vacation'], value: { type: 'number' }, group: interval }],
};

/** RFC 5230 §4.1, RFC 6131 §2: what is too short or too long is not an error. */
function intervalSeconds(node: CompiledNode, run: Run): number {
  const { vacationMaxSeconds, vacationMinDays, vacationDays } = run.limits;
  const seconds = run.number(node, ':seconds');
  if (seconds !== undefined) return Math.min(seconds, vacationMaxSeconds);
  const days = Math.max(run.number(node, ':days') ?? vacationDays, vacationMinDays);
  return Math.min(days * daySeconds, vacationMaxSeconds);
}

/** RFC 5230 §4.2: the handle, or what the arguments were before variables were put in. */
function handleOf(node: CompiledNode, run: Run): string {
  if (run.has(node, ':handle')) return `handle:${run.text(node, ':handle')}`;
  const written = [':subject', ':from', ':mime', 'reason'].map((name) => node.values.get(name) ?? null);
  return `arguments:${createHash('sha256').update(JSON.stringify(written)).digest('base64url')}`;
}

function checkLine(text: string): string | undefined {
  return /[\r\n\0]/.test(text) ? 'A subject must be one line.' : undefined;
}

/** RFC 5230 §5: a MIME header holds no 8-bit characters. */
function checkReason(text: string, has: (name: string) => boolean): string | undefined {
  if (!has(':mime')) return undefined;
  const end = text.search(/(?:^|\r\n)\r\n/);
  const header = end < 0 ? text : text.slice(0, end);
  return /^[\0-\x7f]*$/.test(header) ? undefined : 'The header of a MIME answer must be written in ASCII.';
}
