import { type MessageDate, parseDate } from '../../message/date.ts';
import { checkZone, dateText, isoText, two, zoneOf, zoneText } from '../date-text.ts';
import type { Extension, Tag } from '../definition.ts';
import { fieldsOf } from '../headers.ts';
import type { Run } from '../run.ts';
import type { CompiledNode } from '../script.ts';

const zone: Tag = { name: 'zone', value: { type: 'string', check: checkZone }, group: 'zone' };

/** RFC 5260 §4, §5: parts of a date in the header, or of the date now. */
export const date: Extension = {
  capability: 'date',
  tests: [
    {
      name: 'date',
      match: true,
      tags: [zone, { name: 'originalzone', group: 'zone' }],
      parameters: [
        { name: 'field', type: 'string' },
        { name: 'part', type: 'string', check: checkPart },
        { name: 'keys', type: 'strings' },
      ],
      run: (node, run) => {
        const field = fieldsOf(node, run, [run.text(node, 'field')])[0];
        const found = field === undefined ? undefined : dateOf(field.raw);
        if (found === undefined) return node.matching.type.run([], run.texts(node, 'keys'), node.matching, run);
        const minutes = run.has(node, ':originalzone') ? found.offsetMinutes : zoneMinutes(node, run);
        return matchPart(node, run, found.epochSeconds, minutes);
      },
    },
    {
      name: 'currentdate',
      match: true,
      tags: [zone],
      parameters: [
        { name: 'part', type: 'string', check: checkPart },
        { name: 'keys', type: 'strings' },
      ],
      run: (node, run) => {
        return matchPart(node, run, Math.floor(run.environment.nowMs / 1000), zoneMinutes(node, run));
      },
    },
  ],
};

/** RFC 5260 §6: which of several fields is meant. */
export const index: Extension = {
  capability: 'index',
  tags: [
    { name: 'index', to: ['header', 'address', 'date'], value: { type: 'number' } },
    { name: 'last', to: ['header', 'address', 'date'], needs: 'index' },
  ],
};

/** The clock of a zone: the numbers that its people read. */
interface Local {
  readonly at: Date;
  readonly zoneMinutes: number;
}

/** RFC 5260 §4.2. */
const parts: Readonly<Record<string, (local: Local) => string>> = {
  year: ({ at }) => String(at.getUTCFullYear()).padStart(4, '0'),
  month: ({ at }) => two(at.getUTCMonth() + 1),
  day: ({ at }) => two(at.getUTCDate()),
  date: ({ at }) => at.toISOString().slice(0, 10),
  // Days since 17 November 1858, which is 40587 days before 1970.
  julian: ({ at }) => String(Math.floor(at.getTime() / 86_400_000) + 40_587),
  hour: ({ at }) => two(at.getUTCHours()),
  minute: ({ at }) => two(at.getUTCMinutes()),
  second: ({ at }) => two(at.getUTCSeconds()),
  time: ({ at }) => at.toISOString().slice(11, 19),
  iso8601: ({ at, zoneMinutes: minutes }) => isoText(at.getTime() - minutes * 60_000, minutes),
  std11: ({ at, zoneMinutes: minutes }) => dateText(at.getTime() - minutes * 60_000, minutes),
  zone: ({ zoneMinutes: minutes }) => zoneText(minutes, ''),
  weekday: ({ at }) => String(at.getUTCDay()),
};

function matchPart(node: CompiledNode, run: Run, epochSeconds: number, minutes: number) {
  const local = { at: new Date((epochSeconds + minutes * 60) * 1000), zoneMinutes: minutes };
  const value = parts[run.text(node, 'part').toLowerCase()]?.(local) ?? '';
  return node.matching.type.run([value], run.texts(node, 'keys'), node.matching, run);
}

/** The date that is the whole value, or stands behind its last semicolon, as in Received (RFC 5260 §4). */
function dateOf(text: string): MessageDate | undefined {
  const semicolon = text.lastIndexOf(';');
  return (semicolon < 0 ? undefined : parseDate(text.slice(semicolon + 1))) ?? parseDate(text);
}

function zoneMinutes(node: CompiledNode, run: Run): number {
  return run.has(node, ':zone') ? zoneOf(run.text(node, ':zone')) : run.environment.zoneMinutes;
}

function checkPart(text: string): string | undefined {
  if (Object.hasOwn(parts, text.toLowerCase())) return undefined;
  return `A date has no part "${text.slice(0, 64)}"; it has ${Object.keys(parts).join(', ')}.`;
}
