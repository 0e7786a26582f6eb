import { metadataOf, setMetadata } from '../../../lib/store/metadata.ts';
import { hasRight } from '../../../lib/store/rights.ts';
import type { CommandOf } from '../command-of.ts';
import type { Context } from '../context.ts';
import { ListPattern, namesMatching } from '../list-pattern.ts';
import { seenNames } from '../referrals.ts';
import { bad, ok, type Reply } from '../reply.ts';
import { BadSyntax } from '../wire/bad-syntax.ts';
import type { NamePattern } from '../wire/commands.ts';
import { annotation } from '../wire/write/metadata.ts';
import { asMetadata } from './metadata.ts';

/** Attributes of the draft, and where METADATA has them. */
const ATTRIBUTES: readonly (readonly [attribute: string, prefix: string, isSize: boolean])[] = [
  ['value.shared', '/shared', false],
  ['value.priv', '/private', false],
  ['size.shared', '/shared', true],
  ['size.priv', '/private', true],
];

/** GETANNOTATION (draft-daboo-imap-annotatemore §5.1), METADATA's elder: entries without the prefix, which is an attribute. */
export async function getAnnotation(context: Context, command: CommandOf<'GETANNOTATION'>): Promise<Reply> {
  const asked = ATTRIBUTES.filter(([name]) => command.attributes.some((one) => new ListPattern(one).matches(name)));
  const globs = command.entries.map((entry) => new ListPattern(entry));
  for (const mailbox of await mailboxesOf(context, command.pattern)) {
    await context.breathe();
    const all = await metadataOf(context.account, mailbox);
    const entries = new Set([...all.keys()].map((entry) => entry.replace(/^\/(shared|private)/, '')));
    for (const entry of [...entries].sort()) {
      if (!globs.some((glob) => glob.matches(entry))) continue;
      const values = asked.flatMap(([name, prefix, isSize]): [string, string][] => {
        const value = all.get(`${prefix}${entry}`);
        return value === undefined ? [] : [[name, isSize ? String(Buffer.byteLength(value)) : value]];
      });
      if (values.length > 0) context.write(annotation(mailbox, entry, values, context.dialect));
    }
  }
  return ok();
}

/** SETANNOTATION (the same draft, §5.2). */
export async function setAnnotation(context: Context, command: CommandOf<'SETANNOTATION'>): Promise<Reply> {
  const changes: [string, string | undefined][] = [];
  for (const [entry, values] of command.values) {
    for (const [attribute, value] of values) {
      const known = ATTRIBUTES.find(([name, , isSize]) => name === attribute && !isSize);
      if (known === undefined) return bad('Attributes that can be set are value.shared and value.priv');
      changes.push([`${known[1]}${entry}`, value ?? undefined]);
    }
  }
  return asMetadata(async () => {
    for (const mailbox of await mailboxesOf(context, command.pattern)) {
      await setMetadata(context.account, mailbox, changes);
    }
  });
}

/** '' is the server; a name without wildcards is itself, so that one which does not exist is an error. */
async function mailboxesOf(context: Context, pattern: NamePattern): Promise<readonly string[]> {
  const text = typeof pattern === 'string' ? pattern : pattern.spelled;
  if (!/[*%]/.test(text)) {
    if (text !== pattern) throw new BadSyntax('Mailbox name is not valid modified UTF-7');
    return [context.names.fromWire(text)];
  }
  const matches = namesMatching(context.names, '', pattern);
  const rows = await seenNames(context, false);
  return rows
    .filter(({ name, mailbox, rights }) => mailbox !== undefined && hasRight(rights, 'r') && matches(name))
    .map(({ name }) => name);
}
