import { addressSpec, mailboxesOf, parseAddressList } from '../message/address.ts';
import { decodeWords } from '../message/encoded-word.ts';
import { fieldText, headerFields } from '../message/header.ts';
import { type Run, slot } from './run.ts';
import type { CompiledNode } from './script.ts';

/** One field of the header as the script sees it. */
export interface Field {
  /** In lower case. */
  readonly name: string;
  /** The whole field with its line ends. */
  readonly bytes: Uint8Array;
  /** Unfolded and trimmed; encoded words are as they came. */
  readonly raw: string;
}

/** A header as a value: `editheader` makes another one. */
export class Header {
  readonly fields: readonly Field[];
  #index: Map<string, Field[]> | undefined;

  constructor(fields: readonly Field[]) {
    this.fields = fields;
  }

  /** The fields of this name (any case), in order. */
  named(name: string): readonly Field[] {
    this.#index ??= Map.groupBy(this.fields, (field) => field.name);
    // Lines that are no field have the empty name.
    return name === '' ? [] : (this.#index.get(name.toLowerCase()) ?? []);
  }
}

/** Reads a header block. */
export function readHeader(block: Uint8Array): Header {
  const fields: Field[] = [];
  for (const field of headerFields(block)) {
    fields.push({ name: field.name, bytes: block.subarray(field.start, field.end), raw: fieldText(block, field) });
  }
  return new Header(fields);
}

const textSlot = slot('texts', () => new Map<Field, string>());

/** The value of a field with encoded words decoded (RFC 5228 §2.7.2), once in a run. */
export function decodedField(run: Run, field: Field): string {
  const texts = run.slot(textSlot);
  let text = texts.get(field);
  if (text === undefined) texts.set(field, (text = decodeWords(field.raw)));
  return text;
}

const headerSlot = slot<Header | undefined>('header', () => undefined);

/** The header of the message, as it was left by what the script has edited. */
export function currentHeader(run: Run): Header {
  const known = run.slot(headerSlot);
  if (known !== undefined) return known;
  run.spend(0, run.message.header.length);
  const header = readHeader(run.message.header);
  run.setSlot(headerSlot, header);
  return header;
}

export function setCurrentHeader(run: Run, header: Header): void {
  run.setSlot(headerSlot, header);
}

/** The fields of these names in the order of the names; with `:index` the one of them that is meant (RFC 5260 §6). */
export function fieldsOf(node: CompiledNode, run: Run, names: readonly string[]): readonly Field[] {
  const header = currentHeader(run);
  return indexed(
    node,
    run,
    names.flatMap((name) => header.named(name)),
  );
}

/** The field that `:index` means, or all. */
export function indexed(node: CompiledNode, run: Run, fields: readonly Field[]): readonly Field[] {
  const index = run.number(node, ':index');
  if (index === undefined) return fields;
  const field = run.has(node, ':last') ? fields[fields.length - index] : fields[index - 1];
  return field === undefined ? [] : [field];
}

/** Local part and domain of every address in fields of a name; of a group, those of its members. */
export function fieldAddresses(texts: readonly string[]): { readonly local: string; readonly domain: string }[] {
  return texts.flatMap((text) =>
    mailboxesOf(parseAddressList(text)).map(({ mailbox, host }) => ({ local: mailbox, domain: host })),
  );
}

const addressesSlot = slot('addresses', () => new Map<Field, ReturnType<typeof fieldAddresses>>());

/** The addresses of a field, read once in a run: scripts ask often for the same ones. */
export function addressesOf(run: Run, field: Field): ReturnType<typeof fieldAddresses> {
  const known = run.slot(addressesSlot);
  let addresses = known.get(field);
  if (addresses === undefined) {
    run.spend(1, field.raw.length);
    known.set(field, (addresses = fieldAddresses([field.raw])));
  }
  run.spend(addresses.length / 8);
  return addresses;
}

/** RFC 5322 §3.6.8: what can be the name of a field. */
export function checkFieldName(name: string): string | undefined {
  if (/^[\x21-\x39\x3b-\x7e]+$/.test(name)) return undefined;
  return `"${name.slice(0, 64)}" cannot be the name of a header field.`;
}

/** An address without a name or comments: `user@example.com`. */
export function checkAddress(text: string): string | undefined {
  const bare = addressIn(text) !== undefined && !/[\s<>]/.test(text);
  return bare ? undefined : `"${text.slice(0, 64)}" is not an email address.`;
}

/** An address with or without a name (RFC 5228 §2.4.2.3): `Tim <tim@example.com>`. */
export function checkNamedAddress(text: string): string | undefined {
  return addressIn(text) === undefined ? `"${text.slice(0, 64)}" is not an email address.` : undefined;
}

/** The one address of a text without its name; undefined when there is none, a route or a group. */
export function addressIn(text: string): string | undefined {
  const [address, ...more] = parseAddressList(text);
  if (address === undefined || more.length > 0 || !('mailbox' in address) || address.adl !== undefined)
    return undefined;
  const { mailbox, host } = address;
  const spec = addressSpec(address);
  // What has to be quoted must have been: `a b@c.d` is no address, and is not made one.
  const isQuoted = /[\s"(),:;@[\\\]]/.test(mailbox) && !text.includes('"');
  const usable =
    mailbox !== '' && host !== '' && spec.length <= 320 && !/[\p{Cc}<>]/u.test(mailbox + host) && !isQuoted;
  return usable && !/\p{Cc}/u.test(text) ? spec : undefined;
}

/** A list of mailboxes as in From (RFC 5322 §3.6.2), on one line. */
export function checkMailboxes(text: string): string | undefined {
  const mailboxes = mailboxesOf(parseAddressList(text));
  const whole = mailboxes.length > 0 && mailboxes.every(({ mailbox, host }) => mailbox !== '' && host !== '');
  return whole && !/[\r\n\0]/.test(text) ? undefined : `"${text.slice(0, 64)}" cannot be a sender.`;
}

/** What can be the name of a mailbox. */
export function checkMailbox(name: string): string | undefined {
  if (name === '') return 'The name of a mailbox cannot be empty.';
  if (name.length > 1000) return 'This name of a mailbox is too long.';
  return /\p{Cc}/u.test(name) ? 'The name of a mailbox cannot hold control characters.' : undefined;
}
