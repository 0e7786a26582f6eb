import { BadSyntax, type Frame } from './frame.ts';
import { Reader } from './reader.ts';

/** A command as it is meant (RFC 5804 §2). */
export type Command =
  | { readonly name: 'CAPABILITY' | 'LISTSCRIPTS' | 'LOGOUT' | 'STARTTLS' | 'UNAUTHENTICATE' }
  | { readonly name: 'AUTHENTICATE'; readonly mechanism: string; readonly initialResponse: string | undefined }
  | { readonly name: 'NOOP'; readonly tag: string | undefined }
  | { readonly name: 'HAVESPACE'; readonly script: string; readonly sizeBytes: number }
  | { readonly name: 'PUTSCRIPT'; readonly script: string; readonly text: Buffer }
  | { readonly name: 'CHECKSCRIPT'; readonly text: Buffer }
  | { readonly name: 'GETSCRIPT' | 'DELETESCRIPT' | 'SETACTIVE'; readonly script: string }
  | { readonly name: 'RENAMESCRIPT'; readonly from: string; readonly to: string };

export type CommandName = Command['name'];

/** The command of one verb. */
export type CommandOf<N extends CommandName> = Extract<Command, { readonly name: N }>;

/** Reads a whole command (RFC 5804 §4, `command`). Throws {@link BadSyntax}. */
export function parseCommand(frame: Frame): Command {
  const reader = new Reader(frame);
  const name = reader.word();
  const command = argumentsOf(reader, name);
  reader.end();
  return command;
}

/** Reads what a client answers to a challenge: a string on a line of its own (RFC 5804 §2.1). Throws {@link BadSyntax}. */
export function parseAnswer(frame: Frame): string {
  const reader = new Reader(frame);
  const answer = reader.text('The answer');
  reader.end();
  return answer;
}

function argumentsOf(reader: Reader, name: string): Command {
  const scriptName = (what = 'The script name'): string => {
    reader.sp();
    return reader.text(what);
  };
  const script = (): Buffer => {
    reader.sp();
    return reader.string('The script');
  };
  switch (name) {
    case 'CAPABILITY':
    case 'LISTSCRIPTS':
    case 'LOGOUT':
    case 'STARTTLS':
    case 'UNAUTHENTICATE':
      return { name };
    case 'NOOP':
      return { name, tag: optional(reader, 'The tag') };
    case 'AUTHENTICATE': {
      const mechanism = scriptName('The mechanism');
      return { name, mechanism, initialResponse: optional(reader, 'The initial response') };
    }
    case 'HAVESPACE': {
      const named = scriptName();
      reader.sp();
      return { name, script: named, sizeBytes: reader.number('The size') };
    }
    case 'PUTSCRIPT':
      return { name, script: scriptName(), text: script() };
    case 'CHECKSCRIPT':
      return { name, text: script() };
    case 'GETSCRIPT':
    case 'DELETESCRIPT':
    case 'SETACTIVE':
      return { name, script: scriptName() };
    case 'RENAMESCRIPT':
      return { name, from: scriptName('The old name'), to: scriptName('The new name') };
    default:
      throw new BadSyntax('Unknown command');
  }
}

function optional(reader: Reader, what: string): string | undefined {
  if (reader.isAtEnd) return undefined;
  reader.sp();
  return reader.isAtEnd ? undefined : reader.text(what);
}
