import { metadataOf } from '../../../lib/store/metadata.ts';
import type { Context } from '../context.ts';
import { Refused } from '../errors.ts';
import { bad, no } from '../reply.ts';
import { BadSyntax } from '../wire/bad-syntax.ts';
import type { SearchProgram } from '../wire/commands.ts';
import { storedSearch } from '../wire/read/search.ts';
import type { SearchKey } from '../wire/search-key.ts';
import { badCharset, undefinedFilter } from '../wire/write/response-code.ts';
import { asks } from './program.ts';

/** Keys that filters may come to in one search: they can name each other many times over. */
const MAX_FILTERS = 100;

/**
 * The programme with the searches in place of their names (RFC 5466 §3). They are annotations of the server, the user's
 * own before those of all; one that is not there, cannot be read or needs itself is undefined.
 */
export async function withFilters<P extends SearchProgram>(context: Context, program: P): Promise<P> {
  if (!asks(program.key, 'filter')) return program;
  // RFC 5466 §3.1: a filter is in UTF-8, and so must be what stands beside it.
  if (program.charset !== null && program.charset !== 'UTF-8' && program.charset !== 'US-ASCII') {
    throw new Refused(bad('FILTER needs the charset UTF-8', badCharset(['US-ASCII', 'UTF-8'])));
  }
  const entries = await metadataOf(context.account, '');
  const values = new Map([...entries].map(([entry, value]) => [entry.toLowerCase(), value]));
  let count = 0;
  const resolve = (key: SearchKey, within: readonly string[]): SearchKey => {
    switch (key.key) {
      case 'and':
        return { key: 'and', keys: key.keys.map((inner) => resolve(inner, within)) };
      case 'or':
        return { key: 'or', left: resolve(key.left, within), right: resolve(key.right, within) };
      case 'not':
      case 'fuzzy':
        return { key: key.key, inner: resolve(key.inner, within) };
      case 'filter': {
        const name = key.name.toLowerCase();
        const text = values.get(`/private/filters/values/${name}`) ?? values.get(`/shared/filters/values/${name}`);
        if (text === undefined || within.includes(name) || ++count > MAX_FILTERS) throw notDefined(key.name);
        return resolve(parsed(context, text, key.name), [...within, name]);
      }
      default:
        return key;
    }
  };
  return { ...program, key: resolve(program.key, []) };
}

function parsed(context: Context, text: string, name: string): SearchKey {
  try {
    return storedSearch(text, context.dialect);
  } catch (error) {
    if (error instanceof BadSyntax) throw notDefined(name);
    throw error;
  }
}

function notDefined(name: string): Refused {
  return new Refused(no('There is no such filter', undefinedFilter(name)));
}
