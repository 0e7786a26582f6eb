import type { ImapCommand, ImapCommandName } from './wire/commands.ts';

/** The command of a verb, as the reader gives it. */
export type CommandOf<N extends ImapCommandName, C extends ImapCommand = ImapCommand> = C extends ImapCommand
  ? N extends C['name']
    ? C
    : never
  : never;
