import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { FunctionName } from '../../lib/infra/bundle.ts';
import { temporaryFolder } from './temporary-folder.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const child = fileURLToPath(new URL('./function-child.ts', import.meta.url));

/** The functions bundled as they are deployed, in a folder that goes with the test. */
export async function bundleFunctions(names: readonly FunctionName[]) {
  const folder = await temporaryFolder();
  const script = `const { bundleInto } = await import('./lib/infra/bundle.ts');
    bundleInto(${JSON.stringify(folder.path)}, ${JSON.stringify(names)});`;
  const bundling = spawn(process.execPath, ['--input-type=module', '-e', script], { cwd: root, stdio: 'inherit' });
  const [code] = await once(bundling, 'exit');
  if (code !== 0) throw new Error('the functions cannot be bundled');
  return {
    pathOf: (name: FunctionName): string => join(folder.path, name, 'index.mjs'),
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}

/** One function in a process of its own, which is started again when it was killed. */
export class FunctionProcess implements AsyncDisposable {
  readonly #bundle: string;
  readonly #environment: Readonly<Record<string, string>>;
  #running: { readonly process: ChildProcess; readonly answers: AsyncIterator<string> } | undefined;
  #queue: Promise<unknown> = Promise.resolve();

  constructor(bundle: string, environment: Readonly<Record<string, string>>) {
    this.#bundle = bundle;
    this.#environment = environment;
  }

  /** The answer to an event, one event after the other; throws when the function did, or was killed meanwhile. */
  invoke(event: unknown): Promise<unknown> {
    const result = this.#queue.then(() => this.#invoke(event));
    this.#queue = result.catch(() => undefined);
    return result;
  }

  /** kill -9; answers whether it ran. */
  async kill(): Promise<boolean> {
    const running = this.#running;
    this.#running = undefined;
    if (running === undefined || running.process.exitCode !== null) return false;
    const ended = once(running.process, 'exit');
    running.process.kill('SIGKILL');
    await ended;
    return true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }

  async #invoke(event: unknown): Promise<unknown> {
    const { process: running, answers } = (this.#running ??= this.#start());
    running.stdin?.write(`${JSON.stringify(event)}\n`);
    for (;;) {
      const { value, done } = await answers.next();
      if (done === true) throw new Error('the function was killed');
      if (!value.startsWith('ANSWER ')) continue;
      const answer = JSON.parse(value.slice('ANSWER '.length)) as { value?: unknown; error?: string };
      if (answer.error !== undefined) throw new Error(answer.error);
      return answer.value;
    }
  }

  #start() {
    const started = spawn(process.execPath, [child, this.#bundle], {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { ...process.env, ...this.#environment },
    });
    started.stdin.on('error', () => undefined);
    return { process: started, answers: createInterface({ input: started.stdout })[Symbol.asyncIterator]() };
  }
}

/** Speaks as much of Lambda's protocol as an invocation needs. */
export async function openLambdaServer(functions: Readonly<Record<string, Pick<FunctionProcess, 'invoke'>>>) {
  const sizes: number[] = [];
  const server = createServer((request, response) => {
    void (async () => {
      const pieces: Buffer[] = [];
      for await (const piece of request) pieces.push(piece);
      const event = JSON.parse(Buffer.concat(pieces).toString('utf8'));
      sizes.push(event.mails?.length ?? 1);
      const [, name = ''] = /^\/2015-03-31\/functions\/([^/]+)\/invocations/.exec(request.url ?? '') ?? [];
      try {
        const answer = await functions[name]?.invoke(event);
        response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer ?? null));
      } catch (error) {
        const headers = { 'content-type': 'application/json', 'x-amz-function-error': 'Unhandled' };
        response.writeHead(200, headers).end(JSON.stringify({ errorMessage: String(error) }));
      }
    })();
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('the server does not listen');
  return {
    endpoint: `http://127.0.0.1:${address.port}`,
    /** How many messages each request held. */
    sizes,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
