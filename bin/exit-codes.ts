import { ListenError } from '../gateway/net/listen-error.ts';
import { BadPassword } from '../lib/auth/password.ts';
import { ConfigError } from '../lib/base/config.ts';
import { StoreError, type StoreErrorCode } from '../lib/store/errors.ts';

/** Exit codes of sysexits(3), which MTAs and service managers know. */
export const exitCode = {
  ok: 0,
  usage: 64,
  data: 65,
  noInput: 66,
  noUser: 67,
  unavailable: 69,
  software: 70,
  cannotCreate: 73,
  temporary: 75,
  noPermission: 77,
  config: 78,
} as const;

export type ExitCode = (typeof exitCode)[keyof typeof exitCode];

/** A command cannot do what it was asked; the message is one sentence for whoever typed it. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly code: ExitCode;

  constructor(code: ExitCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

const STORE_CODES = {
  nonexistent: exitCode.noUser,
  'already-exists': exitCode.data,
  cannot: exitCode.data,
  'special-use': exitCode.data,
  'no-permission': exitCode.noPermission,
  'over-quota': exitCode.temporary,
  'too-many': exitCode.data,
  'too-big': exitCode.data,
  'in-use': exitCode.temporary,
  'has-children': exitCode.data,
  gone: exitCode.temporary,
  expunged: exitCode.temporary,
  unavailable: exitCode.temporary,
  format: exitCode.data,
} satisfies Record<StoreErrorCode, ExitCode>;

/** What an error is to the shell: the sentence and the code; undefined when it is a bug of ours. */
export function failure(error: unknown): { readonly code: ExitCode; readonly text: string } | undefined {
  if (error instanceof CommandError) return { code: error.code, text: error.message };
  if (error instanceof ConfigError) return { code: exitCode.config, text: error.message };
  if (error instanceof ListenError) return { code: exitCode.unavailable, text: error.message };
  if (error instanceof BadPassword) return { code: exitCode.data, text: error.message };
  if (error instanceof StoreError) return { code: STORE_CODES[error.code], text: error.message };
  return undefined;
}
