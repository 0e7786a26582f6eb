import { FormatError } from '../base/bytes.ts';
import { StoreError } from '../store/errors.ts';

/** The one seam between the disk's errors and the store's: what the world did becomes `unavailable`, the rest passes. */
export function translated(error: unknown, doing: string): unknown {
  if (error instanceof FormatError) return new StoreError('format', `${doing}: ${error.message}`, { cause: error });
  if (isSystemError(error)) return new StoreError('unavailable', `${doing}: ${error.message}`, { cause: error });
  return error;
}

/** Whether the error is the operating system's `code` (ENOENT, EEXIST, ...). */
export function isErrno(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code));
}

function isSystemError(error: unknown): error is Error {
  return error instanceof Error && 'syscall' in error;
}
