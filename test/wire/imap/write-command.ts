import type { AnnotationToStore, AttributeScope } from '../../../gateway/imap/wire/annotation.ts';
import type { ImapCommand, ListCommand, NamePattern } from '../../../gateway/imap/wire/commands.ts';
import type { ConvertItem } from '../../../gateway/imap/wire/convert-item.ts';
import type { FetchItem, Partial } from '../../../gateway/imap/wire/fetch-item.ts';
import type { Dialect } from '../../../gateway/imap/wire/read/reader.ts';
import {
  type CalendarDate,
  isRange,
  type PartialRange,
  type SearchKey,
  type SearchReturn,
  type SortCriterion,
} from '../../../gateway/imap/wire/search-key.ts';
import type { SequenceSet } from '../../../gateway/imap/wire/sequence-set.ts';
import { convertItemName } from '../../../gateway/imap/wire/write/convert.ts';
import { binarySectionName, sectionSpec } from '../../../gateway/imap/wire/write/fetch.ts';
import { astring, flagList, mailbox, nstring, string } from '../../../gateway/imap/wire/write/text.ts';

/** The client's side: a command as it goes over the wire, its literals non-synchronising. Without tag and CRLF. */
export function writeCommand(command: ImapCommand, dialect: Dialect): Buffer {
  return Buffer.from(commandText(command, dialect).replace(/\{(\d+)\}\r\n/g, '{$1+}\r\n'), 'utf8');
}

function commandText(command: ImapCommand, dialect: Dialect): string {
  const box = (name: string) => mailbox(name, dialect);
  const uid = 'uid' in command && command.uid ? 'UID ' : '';
  switch (command.name) {
    case 'ID': {
      const params = command.params.map(([field, value]) => `${string(field, dialect)} ${nstring(value, dialect)}`);
      return `ID (${params.join(' ')})`;
    }
    case 'LOGIN':
      return `LOGIN ${astring(command.user, dialect)} ${astring(command.password, dialect)}`;
    case 'AUTHENTICATE': {
      const response = command.initialResponse?.toString('base64');
      return `AUTHENTICATE ${command.mechanism}${response === undefined ? '' : ` ${response || '='}`}`;
    }
    case 'CONVERSIONS':
      return `CONVERSIONS ${string(command.from, dialect)} ${string(command.to, dialect)}`;
    case 'CONVERT': {
      const params = command.params.map(([name, value]) => `${astring(name, dialect)} ${astring(value, dialect)}`);
      const given = params.length === 0 ? '' : ` (${params.join(' ')})`;
      const items = command.items.map(convertItemText).join(' ');
      return `${uid}CONVERT ${formatSequenceSet(command.set)} (${nstring(command.to, dialect)}${given}) (${items})`;
    }
    case 'COMPARATOR':
      return ['COMPARATOR', ...command.orders.map((order) => astring(order, dialect))].join(' ');
    case 'ENABLE':
      return `ENABLE ${command.capabilities.join(' ')}`;
    case 'SELECT':
    case 'EXAMINE':
      return `${command.name} ${box(command.mailbox)}${selectParams(command)}`;
    case 'CREATE':
      return `CREATE ${box(command.mailbox)}${command.use.length > 0 ? ` (USE ${flagList(command.use)})` : ''}`;
    case 'DELETE':
    case 'SUBSCRIBE':
    case 'UNSUBSCRIBE':
    case 'GETACL':
    case 'MYRIGHTS':
    case 'GETQUOTAROOT':
      return `${command.name} ${box(command.mailbox)}`;
    case 'RENAME':
      return `RENAME ${box(command.from)} ${box(command.to)}`;
    case 'LIST':
      return listText(command, dialect);
    case 'LSUB':
      return `${command.remote ? 'RLSUB' : 'LSUB'} ${namePattern(command.reference, dialect)} ${namePattern(command.pattern, dialect)}`;
    case 'STATUS':
      return `STATUS ${box(command.mailbox)} (${command.items.join(' ')})`;
    case 'EXPUNGE':
      return command.uids === null ? 'EXPUNGE' : `UID EXPUNGE ${formatSequenceSet(command.uids)}`;
    case 'SEARCH': {
      const charset = command.charset === null ? '' : `CHARSET ${command.charset} `;
      return `${uid}SEARCH ${returnText(command.returns, dialect)}${charset}${keyText(command.key, true)}`;
    }
    case 'UIDBATCHES': {
      const { size, batches } = command;
      return `UIDBATCHES ${size}${batches === null ? '' : ` ${batches.from}:${batches.to}`}`;
    }
    case 'CANCELUPDATE':
      return `CANCELUPDATE ${command.tags.map((tag) => string(tag, dialect)).join(' ')}`;
    case 'ESEARCH': {
      const sources = command.sources.map((source) =>
        'names' in source ? `${source.kind} (${source.names.map(box).join(' ')})` : source.kind,
      );
      const charset = command.charset === null ? '' : `CHARSET ${command.charset} `;
      return `ESEARCH IN (${sources.join(' ')}) ${returnText(command.returns, dialect)}${charset}${keyText(command.key, true)}`;
    }
    case 'FETCH':
      return `${uid}FETCH ${formatSequenceSet(command.set)} (${command.items.map((item) => itemText(item, dialect)).join(' ')})${modifiers(command)}`;
    case 'STORE': {
      if (command.annotations !== null) return storeAnnotationText(command, command.annotations);
      const unless = command.unchangedSince === null ? '' : `(UNCHANGEDSINCE ${command.unchangedSince}) `;
      const sign = { replace: '', add: '+', remove: '-' }[command.mode];
      return `${uid}STORE ${formatSequenceSet(command.set)} ${unless}${sign}FLAGS${command.silent ? '.SILENT' : ''} ${flagList(command.flags)}`;
    }
    case 'COPY':
    case 'MOVE':
      return `${uid}${command.name} ${formatSequenceSet(command.set)} ${box(command.mailbox)}`;
    case 'DELETEACL':
    case 'LISTRIGHTS':
      return `${command.name} ${box(command.mailbox)} ${astring(command.identifier, dialect)}`;
    case 'SETACL': {
      const sign = { replace: '', add: '+', remove: '-' }[command.mode];
      return `SETACL ${box(command.mailbox)} ${astring(command.identifier, dialect)} ${astring(sign + command.rights, dialect)}`;
    }
    case 'GETQUOTA':
      return `GETQUOTA ${astring(command.root, dialect)}`;
    case 'SETQUOTA':
      return `SETQUOTA ${astring(command.root, dialect)} (${command.limits.map((pair) => pair.join(' ')).join(' ')})`;
    case 'SORT': {
      const criteria = command.criteria.map(criterionText).join(' ');
      return `${uid}SORT ${returnText(command.returns, dialect)}(${criteria}) ${command.charset} ${keyText(command.key, true)}`;
    }
    case 'THREAD':
      return `${uid}THREAD ${command.algorithm} ${command.charset} ${keyText(command.key, true)}`;
    default:
      return command.name;
  }
}

function selectParams(command: Extract<ImapCommand, { name: 'SELECT' | 'EXAMINE' }>): string {
  const params = command.condstore ? ['CONDSTORE'] : [];
  if (command.annotate) params.push('ANNOTATE');
  if (command.qresync !== null) {
    const { uidValidity, modSeq, knownUids, match } = command.qresync;
    const known = knownUids === null ? '' : ` ${formatSequenceSet(knownUids)}`;
    const pairs = match === null ? '' : ` (${formatSequenceSet(match.sequence)} ${formatSequenceSet(match.uids)})`;
    params.push(`QRESYNC (${uidValidity} ${modSeq}${known}${pairs})`);
  }
  return params.length === 0 ? '' : ` (${params.join(' ')})`;
}

function listText(command: ListCommand, dialect: Dialect): string {
  const select = command.select.length > 0 ? `(${command.select.join(' ')}) ` : '';
  const patterns = command.patterns.map((pattern) => namePattern(pattern, dialect));
  const returns: string[] = [...command.returns];
  if (command.status !== null) returns.push(`STATUS (${command.status.join(' ')})`);
  const many = command.extended || patterns.length > 1 ? `(${patterns.join(' ')})` : patterns.join('');
  return `LIST ${select}${namePattern(command.reference, dialect)} ${many}${returns.length > 0 ? ` RETURN (${returns.join(' ')})` : ''}`;
}

function namePattern(pattern: NamePattern, dialect: Dialect): string {
  return typeof pattern === 'string' ? mailbox(pattern, dialect) : astring(pattern.spelled, dialect);
}

function convertItemText(item: ConvertItem): string {
  const cut = item.item === 'BINARY' ? partialText(item.partial) : '';
  return `${convertItemName(item).replace(/<\d+>$/, '')}${cut}`;
}

function attributeText(name: string, scope: AttributeScope): string {
  return scope === 'both' ? name : `${name}.${scope === 'private' ? 'priv' : 'shared'}`;
}

function criterionText({ by, reverse, annotation }: SortCriterion): string {
  const of = annotation === undefined ? '' : ` ${annotation.entry} ${attributeText('value', annotation.scope)}`;
  return `${reverse ? 'REVERSE ' : ''}${by}${of}`;
}

function storeAnnotationText(
  { uid, set, unchangedSince }: Extract<ImapCommand, { name: 'STORE' }>,
  annotations: readonly AnnotationToStore[],
): string {
  const unless = unchangedSince === null ? '' : `(UNCHANGEDSINCE ${unchangedSince}) `;
  const values = annotations.map(({ entry, scope, value }) => {
    const text = value === null ? 'NIL' : string(value.toString('utf8'), { utf8: false });
    return `${entry} (${attributeText('value', scope)} ${text})`;
  });
  return `${uid ? 'UID ' : ''}STORE ${formatSequenceSet(set)} ${unless}ANNOTATION (${values.join(' ')})`;
}

function modifiers(command: Extract<ImapCommand, { name: 'FETCH' }>): string {
  const texts = command.changedSince === null ? [] : [`CHANGEDSINCE ${command.changedSince}`];
  if (command.vanished) texts.push('VANISHED');
  if (command.partial !== null) texts.push(rangeText(command.partial));
  return texts.length === 0 ? '' : ` (${texts.join(' ')})`;
}

function itemText(item: FetchItem, dialect: Dialect): string {
  switch (item.item) {
    case 'BODY[]':
      return `BODY${item.peek ? '.PEEK' : ''}[${sectionSpec(item.section, dialect)}]${partialText(item.partial)}`;
    case 'BINARY[]':
      return `BINARY${item.peek ? '.PEEK' : ''}[${item.part.join('.')}]${partialText(item.partial)}`;
    case 'ANNOTATION': {
      const entries = item.entries.map((entry) => string(entry, dialect)).join(' ');
      return `ANNOTATION ((${entries}) (${item.attributes.map(({ name, scope }) => attributeText(name, scope)).join(' ')}))`;
    }
    case 'PREVIEW':
      return item.lazy ? 'PREVIEW (LAZY)' : 'PREVIEW';
    case 'BINARY.SIZE[]':
      return binarySectionName('BINARY.SIZE', item.part, null);
    default:
      return item.item;
  }
}

function partialText(partial: Partial | null): string {
  return partial === null ? '' : `<${partial.offset}.${partial.count}>`;
}

const fields = { bcc: 'BCC', body: 'BODY', cc: 'CC', from: 'FROM', subject: 'SUBJECT', text: 'TEXT', to: 'TO' };
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

function keyText(key: SearchKey, top = false): string {
  switch (key.key) {
    case 'all':
      return 'ALL';
    case 'and': {
      const keys = key.keys.map((inner) => keyText(inner)).join(' ');
      return top ? keys : `(${keys})`;
    }
    case 'or':
      return `OR ${keyText(key.left)} ${keyText(key.right)}`;
    case 'fuzzy':
      return `FUZZY ${keyText(key.inner)}`;
    case 'not':
      return `NOT ${keyText(key.inner)}`;
    case 'sequence':
      return formatSequenceSet(key.set);
    case 'uid':
      return `UID ${formatSequenceSet(key.set)}`;
    case 'annotation':
      return `ANNOTATION ${astring(key.entry, { utf8: false })} ${attributeText('value', key.scope)} ${string(key.value.toString('utf8'), { utf8: false })}`;
    case 'uid-between':
      return key.from > 1 ? `UIDAFTER ${key.from - 1}` : `UIDBEFORE ${key.to + 1}`;
    case 'flag':
      return key.flag.slice(1).toUpperCase();
    case 'keyword':
      return `KEYWORD ${key.keyword}`;
    case 'contains':
      return `${fields[key.field]} ${bytesText(key.value)}`;
    case 'header':
      return `HEADER ${astring(key.field, { utf8: false })} ${bytesText(key.value)}`;
    case 'before':
    case 'on':
    case 'since':
      return `${{ internal: '', saved: 'SAVED', sent: 'SENT' }[key.of]}${key.key.toUpperCase()} ${dateText(key.date)}`;
    case 'larger':
    case 'smaller':
      return `${key.key.toUpperCase()} ${key.sizeBytes}`;
    case 'older':
    case 'younger':
      return `${key.key.toUpperCase()} ${key.seconds}`;
    case 'modseq':
      return `MODSEQ ${key.atLeast}`;
    case 'filter':
      return `FILTER ${key.name}`;
    case 'emailid':
    case 'threadid':
      return `${key.key.toUpperCase()} ${key.id}`;
  }
}

function bytesText(value: Buffer): string {
  return astring(value.toString('utf8'), { utf8: false });
}

function dateText({ year, month, day }: CalendarDate): string {
  return `${day}-${months[month - 1]}-${String(year).padStart(4, '0')}`;
}

/** A set as a client would write it. */
export function formatSequenceSet(set: SequenceSet): string {
  if (set === '$') return '$';
  return set.map(({ from, to }) => (from === to ? `${from}` : `${from}:${to}`)).join(',');
}

function returnText(returns: readonly SearchReturn[] | null, dialect: Dialect): string {
  if (returns === null) return '';
  const texts = returns.map((option) => {
    if (typeof option === 'string') return option;
    return isRange(option) ? rangeText(option) : `(${option.fetch.map((item) => itemText(item, dialect)).join(' ')})`;
  });
  return `RETURN (${texts.join(' ')}) `;
}

function rangeText({ fromEnd, first, last }: PartialRange): string {
  const sign = fromEnd ? '-' : '';
  return `PARTIAL ${sign}${first}:${sign}${last}`;
}
