import type { Context } from './context.ts';
import { listed } from './wire/write/response.ts';

/**
 * The name that a mailbox gets: composed (RFC 9051 §6.3.4, RFC 5198 §3) where the client will be told so. Others look for their
 * mailbox under the name that they have given.
 */
export function nameToGive(context: Context, given: string): string {
  return context.style.rev2 ? given.normalize('NFC') : given;
}

/** RFC 9051 §6.3.9.7: tells what a mailbox is called that the client called, or has called, `oldName`. */
export function tellName(context: Context, name: string, oldName: string): void {
  const { names, dialect } = context;
  context.write(listed('LIST', { attributes: [], delimiter: names.separator, name, oldName }, dialect));
}
