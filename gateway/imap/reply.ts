import type { Condition } from './wire/write/response.ts';

/** What ends a command: its tagged response. */
export interface Reply {
  readonly state: Condition & ('OK' | 'NO' | 'BAD');
  readonly code: string | null;
  readonly text: string;
}

export function ok(text = 'Completed', code: string | null = null): Reply {
  return { state: 'OK', code, text };
}

export function no(text: string, code: string | null = null): Reply {
  return { state: 'NO', code, text };
}

export function bad(text: string, code: string | null = null): Reply {
  return { state: 'BAD', code, text };
}
