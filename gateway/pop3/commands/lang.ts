import type { Context } from '../context.ts';
import { Refused } from '../errors.ts';
import { words } from '../wire/arguments.ts';

/** LANG (RFC 6856 §3): there is English. */
export function lang(context: Context, rest: string): void {
  const [tag] = words(rest, 0, 1, 'LANG [language tag]');
  if (tag === undefined) {
    context.ok('Language list follows');
    context.write('en English\r\n.\r\n');
    return;
  }
  // `*` and `i-default` leave the choice to us (RFC 6856 §3.2); `en-GB` is met by `en` (RFC 4647 §3.4).
  if (!/^(\*|i-default|en(-[a-z0-9-]+)?)$/i.test(tag)) throw new Refused('This language is not supported');
  context.ok('en Language is English');
}
