import { parseDate } from '../../message/date.ts';
import type { Action, RedirectAction } from '../actions.ts';
import { checkZone } from '../date-text.ts';
import type { Extension } from '../definition.ts';
import type { Run } from '../run.ts';
import type { Value } from '../script.ts';
import { textOf } from './fcc.ts';

/** RFC 6009 §4: what the sender asked of delivery reports; the `envelope` test has the parts. LMTP takes none yet. */
export const envelopeDsn: Extension = { capability: 'envelope-dsn', quiet: true };

/** RFC 6009 §5: when the message should have been delivered; likewise. */
export const envelopeDeliverby: Extension = {
  capability: 'envelope-deliverby',
  quiet: true,
  tags: [{ name: 'zone', to: ['envelope'], value: { type: 'string', check: checkZone } }],
};

/** RFC 6009 §6: reports of what is sent on. */
export const redirectDsn: Extension = {
  capability: 'redirect-dsn',
  tags: [
    {
      name: 'notify',
      to: ['redirect'],
      value: { type: 'string', check: checkNotify },
      refine: (action, value, run) => onRedirect(action, { notify: textOf(value, run, checkNotify).toUpperCase() }),
    },
    {
      name: 'ret',
      to: ['redirect'],
      value: { type: 'string', check: checkRet },
      refine: (action, value, run) => onRedirect(action, { ret: textOf(value, run, checkRet).toUpperCase() }),
    },
  ],
};

/** RFC 6009 §7: until when it is to be delivered. */
export const redirectDeliverby: Extension = {
  capability: 'redirect-deliverby',
  tags: [
    {
      name: 'bytimerelative',
      to: ['redirect'],
      value: { type: 'number' },
      group: 'bytime',
      refine: (action, value) => withTime(action, { seconds: typeof value === 'number' ? value : 0 }),
    },
    {
      name: 'bytimeabsolute',
      to: ['redirect'],
      value: { type: 'string', check: checkTime },
      group: 'bytime',
      refine: (action, value, run) => withTime(action, { seconds: secondsUntil(value, run) }),
    },
    {
      name: 'bymode',
      to: ['redirect'],
      value: { type: 'string', check: checkMode },
      needs: 'bytime',
      refine: (action, value, run) => withTime(action, { mode: textOf(value, run, checkMode).toLowerCase() }),
    },
    { name: 'bytrace', to: ['redirect'], needs: 'bytime', refine: (action) => withTime(action, { trace: true }) },
  ],
};

function onRedirect(action: Action, more: Partial<RedirectAction>): Action {
  return action.kind === 'redirect' ? { ...action, ...more } : action;
}

function withTime(action: Action, more: Partial<NonNullable<RedirectAction['byTime']>>): Action {
  if (action.kind !== 'redirect') return action;
  return { ...action, byTime: { seconds: 0, mode: 'return', trace: false, ...action.byTime, ...more } };
}

function secondsUntil(value: Value, run: Run): number {
  const until = parseDate(textOf(value, run, checkTime));
  return until === undefined ? 0 : until.epochSeconds - Math.floor(run.environment.nowMs / 1000);
}

function checkNotify(text: string): string | undefined {
  if (/^(?:never|(?:success|failure|delay)(?:,(?:success|failure|delay))*)$/i.test(text)) return undefined;
  return `"${text.slice(0, 64)}" is neither "NEVER" nor a list of "SUCCESS", "FAILURE" and "DELAY".`;
}

function checkRet(text: string): string | undefined {
  return /^(?:full|hdrs)$/i.test(text) ? undefined : `"${text.slice(0, 64)}" is neither "FULL" nor "HDRS".`;
}

function checkMode(text: string): string | undefined {
  return /^(?:notify|return)$/i.test(text) ? undefined : `"${text.slice(0, 64)}" is neither "notify" nor "return".`;
}

/** RFC 5260 §4.2: restricted ISO 8601; the zone may be written as the `zone` of a date is (RFC 6009 §7.2). */
function checkTime(text: string): string | undefined {
  const form = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)$/;
  if (form.test(text) && parseDate(text) !== undefined) return undefined;
  return `"${text.slice(0, 64)}" is no time; write "2026-11-24T12:00:00Z".`;
}
