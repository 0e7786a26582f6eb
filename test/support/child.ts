import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export interface Child {
  readonly process: ChildProcess;
  /** Lines the child has written, as they come. */
  readonly lines: AsyncIterable<string>;
  /** Resolves when the child has ended. */
  readonly ended: Promise<void>;
}

/** Starts a TypeScript file of `test/support` in a process of its own. */
export function startChild(file: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): Child {
  const path = fileURLToPath(new URL(file, import.meta.url));
  const child = spawn(process.execPath, [path, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...env },
  });
  const ended = once(child, 'exit').then(() => undefined);
  return { process: child, lines: createInterface({ input: child.stdout }), ended };
}

/** All lines of a child that ends by itself. */
export async function linesOf(child: Child): Promise<string[]> {
  const lines: string[] = [];
  for await (const line of child.lines) lines.push(line);
  await child.ended;
  return lines;
}
