import { asciiLower, markupEnd, resolveEntities } from '../message/html.ts';

/** Elements before and after which there is an empty line, and those that begin a line. */
const PARAGRAPHS = /^(?:p|h[1-6]|ul|ol|dl|table|blockquote|pre|hr)$/;
const LINES = /^(?:address|article|aside|center|dd|div|dt|footer|form|header|li|main|nav|section|tr)$/;

/** Of a longer tag the rest is not looked at. */
const MAX_TAG = 4096;

/** Deeper quotes look no deeper. */
const MAX_QUOTES = 10;

/**
 * HTML as plain text that keeps the outline (RFC 5259 §7.2): paragraphs, lists, quotes, the cells of tables apart by tabs, and
 * where a link leads. Lines end with CRLF. Takes time in proportion to its length, whatever it holds.
 */
export function htmlToPlain(html: string): string {
  const lower = asciiLower(html);
  const page = new Page();
  let at = 0;
  while (at < html.length) {
    const open = html.indexOf('<', at);
    if (open < 0) break;
    page.text(html.slice(at, open));
    const end = markupEnd(lower, open);
    if (end === open) page.text('<');
    else page.tag(lower.slice(open, end), html.slice(open, end));
    at = end === open ? open + 1 : end;
  }
  page.text(html.slice(at));
  return page.end();
}

interface List {
  /** The number of the last item; undefined where items have none. */
  count: number | undefined;
}

class Page {
  /** Pieces of the text; a line that is long is never looked through again. */
  readonly #out: string[] = [];
  #lineIsEmpty = true;
  #last = '';
  /** Line ends owed before the next text. */
  #owed = 0;
  #hasText = false;
  #needsSpace = false;
  #quotes = 0;
  /** Of the line at hand. */
  #lineQuotes = 0;
  #pre = 0;
  /** Where a link leads, and the words that are shown of it. */
  #link: { readonly url: string; readonly shown: string[] } | undefined;
  readonly #lists: List[] = [];
  #cells = 0;

  text(markup: string): void {
    if (markup === '') return;
    const text = resolveEntities(markup);
    if (this.#pre > 0) {
      for (const [i, line] of text.split(/\r?\n/).entries()) {
        if (i > 0) this.#break(1, true);
        if (line !== '') this.#put(line);
      }
      return;
    }
    const words = text.split(/[ \t\r\n\f]+/);
    for (const [i, word] of words.entries()) {
      if (i > 0) this.#needsSpace = true;
      if (word !== '') this.#put(word);
    }
  }

  tag(lower: string, original: string): void {
    const [, slash, name = ''] = /^<(\/?)([a-z][a-z0-9]*)/.exec(lower) ?? [];
    const closes = slash === '/';
    if (name === 'br') this.#break(1, true);
    else if (name === 'a' && closes) this.#endLink();
    else if (name === 'a') this.#beginLink(lower, original);
    else if (name === 'img' && !closes) this.text(attribute(lower, original, 'alt') ?? '');
    else if ((name === 'td' || name === 'th') && !closes && this.#cells++ > 0) this.#put('\t');
    else this.#block(name, closes);
  }

  #block(name: string, closes: boolean): void {
    if (PARAGRAPHS.test(name)) this.#break(2);
    else if (LINES.test(name)) this.#break(1);
    else return;
    if (name === 'tr') this.#cells = 0;
    else if (name === 'blockquote') this.#quotes = Math.max(0, this.#quotes + (closes ? -1 : 1));
    else if (name === 'pre') this.#pre = Math.max(0, this.#pre + (closes ? -1 : 1));
    else if (name === 'hr') this.#rule();
    else if (name === 'ul' || name === 'ol') this.#list(name, closes);
    else if (name === 'li' && !closes) this.#item();
  }

  end(): string {
    this.#endLink();
    return this.#hasText ? `${this.#out.join('')}\r\n` : '';
  }

  #list(name: string, closes: boolean): void {
    if (closes) this.#lists.pop();
    else this.#lists.push({ count: name === 'ol' ? 0 : undefined });
    // Lists within lists are not apart.
    if (this.#lists.length > (closes ? 0 : 1)) this.#owed = Math.min(this.#owed, 1);
  }

  #item(): void {
    const list = this.#lists.at(-1);
    if (list?.count !== undefined) list.count++;
    const indent = '  '.repeat(Math.min(MAX_QUOTES, Math.max(0, this.#lists.length - 1)));
    this.#put(`${indent}${list?.count === undefined ? '*' : `${list.count}.`}`);
    this.#needsSpace = true;
  }

  #rule(): void {
    this.#put('-'.repeat(40));
    this.#break(2);
  }

  #beginLink(lower: string, original: string): void {
    const url = attribute(lower, original, 'href')?.trim();
    if (url !== undefined && /^(?:https?|mailto):/i.test(url)) this.#link = { url, shown: [] };
  }

  /** Where it leads, unless that is what is written. */
  #endLink(): void {
    if (this.#link === undefined) return;
    const { url, shown } = this.#link;
    this.#link = undefined;
    const words = shown.join(' ');
    if (words === '' || url.replace(/^mailto:|\/$/gi, '') === words.replace(/\/$/, '')) return;
    this.#needsSpace = true;
    this.#put(`<${url.replace(/[\s<>]/g, '')}>`);
  }

  #put(word: string): void {
    const quote = quoteOf(this.#quotes);
    const between = quoteOf(Math.min(this.#quotes, this.#lineQuotes));
    this.#lineQuotes = this.#quotes;
    if (this.#owed > 0 && this.#hasText) {
      for (let n = 1; n < this.#owed; n++) this.#out.push('\r\n', between);
      this.#out.push('\r\n');
      this.#lineIsEmpty = true;
    }
    this.#owed = 0;
    this.#hasText = true;
    if (this.#lineIsEmpty && quote !== '') this.#out.push(quote, ' ');
    else if (!this.#lineIsEmpty && this.#needsSpace && !/\s/.test(this.#last) && word !== '\t') this.#out.push(' ');
    this.#needsSpace = false;
    this.#lineIsEmpty = false;
    this.#last = word.slice(-1);
    this.#out.push(word);
    this.#link?.shown.push(word);
  }

  /** `always`: every one counts, as of `br`; else as many as are not owed yet. */
  #break(lines: number, always = false): void {
    this.#needsSpace = false;
    this.#owed = Math.min(2, always ? this.#owed + lines : Math.max(this.#owed, lines));
  }
}

function quoteOf(depth: number): string {
  return '>'.repeat(Math.min(MAX_QUOTES, depth));
}

/** The value of an attribute of a tag, given in lower case to look in and as it is to take from. */
function attribute(lower: string, original: string, name: string): string | undefined {
  const found = new RegExp(`\\s${name}\\s{0,9}=\\s{0,9}(?:"([^"]*)"|'([^']*)'|([^\\s>]+))`).exec(
    lower.slice(0, MAX_TAG),
  );
  if (found === null) return undefined;
  const value = found[1] ?? found[2] ?? found[3] ?? '';
  const end = found.index + found[0].length - (found[3] === undefined ? 1 : 0);
  return resolveEntities(original.slice(end - value.length, end));
}
