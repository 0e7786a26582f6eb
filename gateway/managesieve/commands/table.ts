import type { Context } from '../context.ts';
import type { CommandName, CommandOf } from '../wire/parse-command.ts';
import type { Reply } from '../wire/write.ts';
import { authenticate } from './authenticate.ts';
import { capability } from './capability.ts';
import { checkscript } from './checkscript.ts';
import { deletescript } from './deletescript.ts';
import { getscript } from './getscript.ts';
import { havespace } from './havespace.ts';
import { listscripts } from './listscripts.ts';
import { logout } from './logout.ts';
import { noop } from './noop.ts';
import { putscript } from './putscript.ts';
import { renamescript } from './renamescript.ts';
import { setactive } from './setactive.ts';
import { starttls } from './starttls.ts';
import { unauthenticate } from './unauthenticate.ts';

/** How a verb is run. */
export interface Row<C = never> {
  /** When it is allowed (RFC 5804 §2). */
  readonly state: 'any' | 'before-login' | 'logged-in';
  run(context: Context, command: C): Promise<Reply>;
}

/** Every verb. */
export const commands = {
  CAPABILITY: { state: 'any', run: capability },
  LOGOUT: { state: 'any', run: logout },
  NOOP: { state: 'any', run: noop },
  AUTHENTICATE: { state: 'before-login', run: authenticate },
  STARTTLS: { state: 'before-login', run: starttls },
  UNAUTHENTICATE: { state: 'logged-in', run: unauthenticate },
  HAVESPACE: { state: 'logged-in', run: havespace },
  PUTSCRIPT: { state: 'logged-in', run: putscript },
  LISTSCRIPTS: { state: 'logged-in', run: listscripts },
  SETACTIVE: { state: 'logged-in', run: setactive },
  GETSCRIPT: { state: 'logged-in', run: getscript },
  DELETESCRIPT: { state: 'logged-in', run: deletescript },
  RENAMESCRIPT: { state: 'logged-in', run: renamescript },
  CHECKSCRIPT: { state: 'logged-in', run: checkscript },
} satisfies { readonly [N in CommandName]: Row<CommandOf<N>> };
