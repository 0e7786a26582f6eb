import { StoreError } from '../../../lib/store/errors.ts';
import { entryProblem, MAX_METADATA_BYTES, metadataOf, setMetadata } from '../../../lib/store/metadata.ts';
import type { CommandOf } from '../command-of.ts';
import type { Context } from '../context.ts';
import { no, ok, type Reply } from '../reply.ts';
import { BadSyntax } from '../wire/bad-syntax.ts';
import type { MetadataOptions } from '../wire/commands.ts';
import { metadata } from '../wire/write/metadata.ts';

type Asked = MetadataOptions & { readonly entries: readonly string[] };

/** GETMETADATA (RFC 5464 §4.2). */
export async function getMetadata(context: Context, command: CommandOf<'GETMETADATA'>): Promise<Reply> {
  checkEntries(command.entries);
  const { lines, longest } = answerOf(await metadataOf(context.account, command.mailbox), command);
  for (const values of lines) context.write(metadata(command.mailbox, values, context.dialect));
  return longest > 0 ? ok('Some values are longer', `METADATA LONGENTRIES ${longest}`) : ok();
}

/** SETMETADATA (RFC 5464 §4.3). */
export async function setMetadataCommand(context: Context, command: CommandOf<'SETMETADATA'>): Promise<Reply> {
  const { mailbox, values } = command;
  for (const [entry] of values) {
    const problem = entryProblem(entry);
    if (problem !== undefined) throw new BadSyntax(`The entry ${problem}`);
  }
  return asMetadata(() =>
    setMetadata(
      context.account,
      mailbox,
      values.map(([entry, value]) => [entry, value ?? undefined]),
    ),
  );
}

/** The store's limits in the words of RFC 5464 §4.3. */
export async function asMetadata(work: () => Promise<void>): Promise<Reply> {
  try {
    await work();
    return ok();
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    if (error.code === 'too-big') return no(error.message, `METADATA MAXSIZE ${MAX_METADATA_BYTES}`);
    if (error.code === 'too-many') return no(error.message, 'METADATA TOOMANY');
    throw error;
  }
}

/** The METADATA response that LIST gives for a mailbox (RFC 9590 §3). */
export async function writeListMetadata(context: Context, mailbox: string, asked: Asked): Promise<void> {
  checkEntries(asked.entries);
  const { lines } = answerOf(await metadataOf(context.account, mailbox), asked);
  for (const values of lines) context.write(metadata(mailbox, values, context.dialect));
}

function checkEntries(entries: readonly string[]): void {
  for (const entry of entries) {
    // Neither is an entry, but with DEPTH all that are below it are asked for.
    if (entry === '/private' || entry === '/shared') continue;
    const problem = entryProblem(entry.replace(/[*%]+/g, 'x'));
    if (problem !== undefined) throw new BadSyntax(`The entry ${problem}`);
  }
}

interface Answer {
  readonly lines: readonly (readonly (readonly [entry: string, value: string | null])[])[];
  /** Octets of the longest value that MAXSIZE left out; 0: none. */
  readonly longest: number;
}

/** Entries asked for by name are answered in any case; those below them, or of a pattern, where they have a value. */
function answerOf(all: ReadonlyMap<string, string>, { entries, maxSize, depth }: Asked): Answer {
  let longest = 0;
  const fits = ([, value]: readonly [string, string | null]): boolean => {
    const octets = Buffer.byteLength(value ?? '');
    if (maxSize === null || octets <= maxSize) return true;
    longest = Math.max(longest, octets);
    return false;
  };
  const named: (readonly [string, string | null])[] = [];
  const lines: (readonly (readonly [string, string | null])[])[] = [];
  for (const entry of entries) {
    const pattern = /[*%]/.test(entry) ? patternOf(entry) : undefined;
    // Administration tools that ask with patterns read one entry in each response.
    if (pattern !== undefined) for (const one of all) if (pattern.test(one[0]) && fits(one)) lines.push([one]);
    if (pattern !== undefined) continue;
    const below = [...all].filter(([name]) => name.startsWith(`${entry}/`) && levels(name) - levels(entry) <= depth);
    named.push(...[[entry, all.get(entry) ?? null] as const, ...below].filter(fits));
  }
  const asked = depth > 0 ? named.filter(([, value]) => value !== null) : named;
  return { lines: asked.length > 0 ? [asked, ...lines] : lines, longest };
}

function patternOf(entry: string): RegExp {
  const source = entry.replace(/[.+?^$()[\]{}|\\]/g, '\\$&').replace(/[*%]*\*[*%]*/g, '.*');
  return new RegExp(`^${source.replace(/%+/g, '[^/]*')}$`);
}

function levels(entry: string): number {
  return entry.split('/').length;
}
