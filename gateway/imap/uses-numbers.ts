import { namesNumbers } from './search/program.ts';
import type { ImapCommand } from './wire/commands.ts';

/** Whether the command names messages by their numbers, or asks for them (RFC 9586 §3.2, §3.5, §3.8). */
export function usesNumbers(command: ImapCommand): boolean {
  if ('uid' in command && !command.uid) return true;
  if ('qresync' in command) return command.qresync?.match != null;
  return 'key' in command && namesNumbers(command.key);
}
