import type { ListCommand, StatusItem } from '../commands.ts';
import { listMailbox, listReference } from './mailbox.ts';
import { listMetadata } from './metadata.ts';
import type { Reader } from './reader.ts';
import { list, word } from './text.ts';

/**
 *     list        = "LIST" [SP list-select-opts] SP mailbox SP mbox-or-pat [SP list-return-opts]     ; RFC 9051 §9
 *     mbox-or-pat = list-mailbox / patterns
 *     patterns    = "(" list-mailbox *(SP list-mailbox) ")"
 *     list-return-opts = "RETURN" SP "(" [return-option *(SP return-option)] ")"
 */
export function listArguments(reader: Reader): ListCommand {
  const hasSelect = reader.peek() === '(';
  const select = hasSelect ? list(reader, selectOption, true) : [];
  // RFC 5258 §3: RECURSIVEMATCH modifies another selection option (REMOTE does not count) and means nothing alone.
  if (
    select.includes('RECURSIVEMATCH') &&
    !select.some((option) => option === 'SUBSCRIBED' || option === 'SPECIAL-USE')
  ) {
    reader.invalid('RECURSIVEMATCH (nothing to match)');
  }
  if (hasSelect) reader.sp();
  const reference = listReference(reader);
  reader.sp();
  const manyPatterns = reader.peek() === '(';
  const patterns = manyPatterns ? list(reader, listMailbox, false) : [listMailbox(reader)];
  const hasReturn = reader.skip(' RETURN ');
  const options = hasReturn ? list(reader, returnOption, true) : [];
  return {
    name: 'LIST',
    select,
    reference,
    patterns,
    returns: options.filter((option) => typeof option === 'string'),
    status: options.find((option) => typeof option !== 'string' && 'status' in option)?.status ?? null,
    ...options.find((option) => typeof option !== 'string' && 'metadata' in option),
    extended: hasSelect || manyPatterns || hasReturn,
  };
}

/**
 *     status-att-list = "(" status-att *(SP status-att) ")"      ; RFC 9051 §9
 */
export function statusItems(reader: Reader): StatusItem[] {
  return list(reader, statusAtt, false);
}

/**
 *     list-select-opt = "SUBSCRIBED" / "REMOTE" / "RECURSIVEMATCH"      ; RFC 9051 §9
 *     list-select-opt =/ "SPECIAL-USE"                                  ; RFC 6154 §6
 */
function selectOption(reader: Reader): ListCommand['select'][number] {
  const option = word(reader, 'a selection option');
  switch (option) {
    case 'SUBSCRIBED':
    case 'REMOTE':
    case 'RECURSIVEMATCH':
    case 'SPECIAL-USE':
      return option;
    default:
      return reader.invalid('selection option');
  }
}

/**
 *     return-option = "SUBSCRIBED" / "CHILDREN" / status-option      ; RFC 9051 §9
 *     return-option =/ "SPECIAL-USE"                                 ; RFC 6154 §6
 *     return-option =/ "MYRIGHTS"                                    ; RFC 8440 §5
 *     return-option =/ "METADATA" [SP getmetadata-options] SP entries ; RFC 9590 §5
 *     status-option = "STATUS" SP status-att-list                    ; RFC 5819 §4
 */
function returnOption(
  reader: Reader,
):
  | ListCommand['returns'][number]
  | { readonly status: StatusItem[] }
  | { readonly metadata: NonNullable<ListCommand['metadata']> } {
  const option = word(reader, 'a return option');
  switch (option) {
    case 'SUBSCRIBED':
    case 'CHILDREN':
    case 'SPECIAL-USE':
    case 'MYRIGHTS':
      return option;
    case 'STATUS':
      reader.sp();
      return { status: statusItems(reader) };
    case 'METADATA':
      reader.sp();
      return { metadata: listMetadata(reader) };
    default:
      return reader.invalid('return option');
  }
}

/**
 *     status-att =  "MESSAGES" / "UIDNEXT" / "UIDVALIDITY" / "UNSEEN" / "DELETED" / "SIZE"     ; RFC 9051 §9
 *     status-att =/ "APPENDLIMIT"                                    ; RFC 7889 §6
 *     status-att =/ "RECENT"                                         ; RFC 3501 §9
 *     status-att =/ "HIGHESTMODSEQ"                                  ; RFC 7162 §7
 *     status-att =/ "MAILBOXID"                                      ; RFC 8474 §7
 *     status-att =/ "DELETED-STORAGE"                                ; RFC 9208 §7
 */
function statusAtt(reader: Reader): StatusItem {
  const item = word(reader, 'a status item');
  switch (item) {
    case 'MESSAGES':
    case 'RECENT':
    case 'UIDNEXT':
    case 'UIDVALIDITY':
    case 'UNSEEN':
    case 'DELETED':
    case 'DELETED-STORAGE':
    case 'SIZE':
    case 'APPENDLIMIT':
    case 'HIGHESTMODSEQ':
    case 'MAILBOXID':
      return item;
    default:
      return reader.invalid('status item');
  }
}
