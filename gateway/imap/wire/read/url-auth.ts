import type { ImapCommand, UrlFetchItem } from '../commands.ts';
import { mailbox } from './mailbox.ts';
import { type ReadArguments, type Reader, spaced } from './reader.ts';
import { astring, word } from './text.ts';

/** The commands of RFC 4467 §9. */
export const urlAuthCommands: readonly (readonly [verb: string, read: ReadArguments])[] = [
  ['GENURLAUTH', genUrlAuth],
  ['RESETKEY', resetKey],
  ['URLFETCH', urlFetch],
];

/**
 *     genurlauth = "GENURLAUTH" 1*(SP url-rump SP mechanism)       ; RFC 4467 §9
 */
function genUrlAuth(reader: Reader): ImapCommand {
  const rumps: [string, string][] = [];
  do rumps.push([spaced(reader, url), spaced(reader, (inner) => word(inner, 'a mechanism'))]);
  while (reader.peek() === ' ');
  return { name: 'GENURLAUTH', rumps };
}

/**
 *     resetkey = "RESETKEY" [SP mailbox *(SP mechanism)]           ; RFC 4467 §9
 */
function resetKey(reader: Reader): ImapCommand {
  if (reader.peek() !== ' ') return { name: 'RESETKEY', mailbox: null, mechanisms: [] };
  const name = spaced(reader, mailbox);
  const mechanisms: string[] = [];
  while (reader.peek() === ' ') mechanisms.push(spaced(reader, (inner) => word(inner, 'a mechanism')));
  return { name: 'RESETKEY', mailbox: name, mechanisms };
}

/**
 *     urlfetch =  "URLFETCH" 1*(SP url-full)                       ; RFC 4467 §9
 *     url-full =/ "(" url-full *(SP url-fetch-param) ")"           ; RFC 5524 §4
 */
function urlFetch(reader: Reader): ImapCommand {
  const urls: { text: string; wants: UrlFetchItem[] | null }[] = [];
  do {
    reader.sp();
    if (!reader.skip('(')) {
      urls.push({ text: url(reader), wants: null });
      continue;
    }
    const text = url(reader);
    const wants: UrlFetchItem[] = [];
    while (reader.skip(' ')) wants.push(urlFetchItem(reader));
    reader.expect(')');
    urls.push({ text, wants: wants.length === 0 ? ['BODY'] : [...new Set(wants)] });
  } while (reader.peek() === ' ');
  return { name: 'URLFETCH', urls };
}

function urlFetchItem(reader: Reader): UrlFetchItem {
  const item = word(reader, 'BODY, BINARY or BODYPARTSTRUCTURE');
  if (item === 'BODY' || item === 'BINARY' || item === 'BODYPARTSTRUCTURE') return item;
  return reader.invalid('item of a URL');
}

function url(reader: Reader): string {
  return astring(reader, 'a URL');
}
