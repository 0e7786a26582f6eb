import type { NotifyAction } from '../actions.ts';
import type { Extension } from '../definition.ts';
import { checkMailboxes } from '../headers.ts';
import { parseMailto } from '../mailto.ts';
import type { Run } from '../run.ts';

/** RFC 5435: tell somebody of the message, by mail (RFC 5436). */
export const enotify: Extension = {
  capability: 'enotify',
  commands: [
    {
      name: 'notify',
      tags: [
        { name: 'from', value: { type: 'string', check: checkMailboxes } },
        { name: 'importance', value: { type: 'string', check: checkImportance } },
        { name: 'options', value: { type: 'strings', check: checkOption } },
        { name: 'message', value: { type: 'string' } },
      ],
      parameters: [{ name: 'method', type: 'string' }],
      run: (node, run) => {
        const method = run.text(node, 'method');
        // RFC 5435 §3.2: what is not supported is an error of the run, as a script can test for it.
        if (!isSupported(method, run)) run.fail(`"${method.slice(0, 64)}" is no way to notify anybody.`);
        takeNotify(run, (action) => run.act(node, action), {
          kind: 'notify',
          method,
          importance: run.has(node, ':importance') ? importanceOf(run.text(node, ':importance')) : 2,
          ...(run.has(node, ':message') ? { message: run.text(node, ':message') } : {}),
          ...(run.has(node, ':from') ? { from: run.text(node, ':from') } : {}),
          options: run.texts(node, ':options'),
        });
      },
    },
  ],
  tests: [
    {
      name: 'valid_notify_method',
      parameters: [{ name: 'methods', type: 'strings' }],
      run: (node, run) => run.texts(node, 'methods').every((method) => isSupported(method, run)),
    },
    {
      name: 'notify_method_capability',
      match: true,
      parameters: [
        { name: 'method', type: 'string' },
        { name: 'item', type: 'string' },
        { name: 'keys', type: 'strings' },
      ],
      run: (node, run) => {
        const value = capabilityOf(run.text(node, 'method'), run.text(node, 'item').toLowerCase(), run);
        return value !== undefined && node.matching.type.run([value], run.texts(node, 'keys'), node.matching, run);
      },
    },
  ],
  modifiers: [{ name: 'encodeurl', precedence: 15, apply: encodeUrl }],
};

/** Takes a notification, so many in one run (RFC 5435 §8). */
export function takeNotify(run: Run, take: (action: NotifyAction) => void, action: NotifyAction): void {
  const before = run.actions.filter(({ kind }) => kind === 'notify').length;
  if (before >= run.limits.notifications) run.fail(`More than ${run.limits.notifications} notifications.`);
  take(action);
}

function isSupported(method: string, run: Run): boolean {
  run.spend(1, method.length);
  const mailto = parseMailto(method);
  return mailto !== undefined && mailto.to.length + mailto.cc.length + mailto.bcc.length <= run.limits.redirects;
}

function capabilityOf(method: string, item: string, run: Run): string | undefined {
  // RFC 5436 §2.2: nobody knows whether somebody reads mail just now.
  if (item === 'online') return isSupported(method, run) ? 'maybe' : undefined;
  // RFC 8580 §3.2.1: the scheme is enough.
  return item === 'fcc' && /^mailto:/i.test(method) ? 'yes' : undefined;
}

function importanceOf(text: string): 1 | 2 | 3 {
  return text === '1' ? 1 : text === '3' ? 3 : 2;
}

function checkImportance(text: string): string | undefined {
  return /^[123]$/.test(text) ? undefined : 'The importance must be "1", "2" or "3".';
}

/** RFC 5435 §3.5: `name=value`. */
function checkOption(text: string): string | undefined {
  if (/^[a-z0-9][a-z0-9._-]*=[^\0\n\r]*$/i.test(text)) return undefined;
  return `"${text.slice(0, 64)}" is no option; write "name=value".`;
}

/** RFC 5435 §6: every octet that is not unreserved (RFC 3986 §2.3) in percents. */
function encodeUrl(text: string): string {
  return text.replace(/[^A-Za-z0-9._~-]+/gu, (run) => {
    return Buffer.from(run).reduce((out, octet) => `${out}%${octet.toString(16).toUpperCase().padStart(2, '0')}`, '');
  });
}
