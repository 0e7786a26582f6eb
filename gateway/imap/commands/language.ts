import type { CommandOf } from '../command-of.ts';
import type { Context } from '../context.ts';
import { no, ok, type Reply } from '../reply.ts';
import { languages } from '../wire/write/response.ts';

/** Every text here is English, which is also what i-default asks for (RFC 2277 §4.5). */
const KNOWN = ['en', 'i-default'] as const;

/** LANGUAGE (RFC 5255 §3.2): tells the languages there are, or takes the first of the client's that is one. */
export async function language(context: Context, { ranges }: CommandOf<'LANGUAGE'>): Promise<Reply> {
  if (ranges.length === 0) {
    context.write(languages(KNOWN));
    return ok();
  }
  const chosen = ranges.map(lookedUp).find((tag) => tag !== undefined);
  if (chosen === undefined) return no('None of these languages is supported');
  context.write(languages([chosen]));
  return ok('The language is English');
}

/** The language that a range asks for, `en` for `en-GB-oed` (RFC 4647 §3.4); undefined when there is none. */
function lookedUp(range: string): (typeof KNOWN)[number] | undefined {
  const wanted = range.toLowerCase();
  if (wanted === 'default' || wanted === '*' || wanted === 'i-default') return 'i-default';
  return wanted === 'en' || wanted.startsWith('en-') ? 'en' : undefined;
}
