import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { type Gateway, PASSWORD } from '../clients/gateway.ts';
import { freePort } from '../support/free-port.ts';
import { until } from '../support/until.ts';

/** A Thunderbird without a window that runs the steps of `thunderbird-job.js`. */
export interface Thunderbird extends AsyncDisposable {
  step(name: string, ...given: readonly unknown[]): Promise<unknown>;
}

/** Starts it with a profile of its own and an account that is the gateway's, inside TLS. */
export async function startThunderbird(gateway: Gateway, user: string): Promise<Thunderbird> {
  const profile = join(gateway.workFolder, 'profile');
  await mkdir(profile);
  const port = await freePort();
  const preferences = {
    'marionette.port': port,
    'mail.accountmanager.accounts': 'account1',
    'mail.accountmanager.defaultaccount': 'account1',
    'mail.account.account1.server': 'server1',
    'mail.account.account1.identities': 'id1',
    'mail.identity.id1.useremail': `${user}@localhost`,
    'mail.server.server1.type': 'imap',
    'mail.server.server1.name': 'Cirrus',
    'mail.server.server1.hostname': gateway.host,
    'mail.server.server1.port': gateway.imapsPort,
    // TLS from the first byte, a plain password.
    'mail.server.server1.socketType': 3,
    'mail.server.server1.authMethod': 3,
    'mail.server.server1.userName': user,
    'mail.server.server1.login_at_startup': false,
    'mail.shell.checkDefaultClient': false,
    'mailnews.start_page.enabled': false,
    // Nothing leaves this machine.
    'network.proxy.type': 1,
    'network.proxy.http': '127.0.0.1',
    'network.proxy.http_port': 9,
    'network.proxy.ssl': '127.0.0.1',
    'network.proxy.ssl_port': 9,
    'network.proxy.no_proxies_on': '127.0.0.1',
    'datareporting.policy.dataSubmissionEnabled': false,
    'toolkit.telemetry.enabled': false,
    'app.update.enabled': false,
    'extensions.update.enabled': false,
  };
  const lines = Object.entries(preferences).map(
    ([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});\n`,
  );
  await writeFile(join(profile, 'user.js'), lines.join(''));
  const given = ['--headless', '--no-remote', '--profile', profile, '--marionette', '--remote-allow-system-access'];
  const child = spawn('thunderbird', given, {
    stdio: 'ignore',
    env: { ...process.env, HOME: gateway.workFolder, XDG_CACHE_HOME: join(gateway.workFolder, 'cache') },
  });
  // A test run that is cut short leaves no program behind.
  const kill = (): void => void child.kill('SIGKILL');
  process.once('exit', kill);
  const ended = once(child, 'exit');
  const end = async (): Promise<void> => {
    kill();
    await ended;
    process.off('exit', kill);
  };
  try {
    const remote = await Marionette.connect(port, () => child.exitCode === null);
    const job = await readFile(new URL('thunderbird-job.js', import.meta.url), 'utf8');
    const step: Thunderbird['step'] = (name, ...args) => remote.run(job, name, args);
    const pem = await readFile(gateway.certificate, 'utf8');
    await step('trust', `imap://${gateway.host}`, user, PASSWORD, gateway.host, gateway.imapsPort, pem);
    return {
      step,
      async [Symbol.asyncDispose]() {
        remote.close();
        await end();
      },
    };
  } catch (error) {
    await end();
    throw error;
  }
}

type Answer = readonly [type: number, id: number, error: { readonly message: string } | null, result: unknown];

/** The remote protocol of Mozilla's programs: `length:JSON` both ways, one request at a time. */
class Marionette {
  readonly #socket: Socket;
  #got = Buffer.alloc(0);
  #requests = 0;

  private constructor(socket: Socket) {
    this.#socket = socket;
  }

  static async connect(port: number, isRunning: () => boolean): Promise<Marionette> {
    let socket: Socket | undefined;
    await until('Thunderbird listens', async () => {
      if (!isRunning()) throw new Error('thunderbird ended');
      const attempt = connect(port, '127.0.0.1');
      socket = await once(attempt, 'connect').then(
        () => attempt,
        () => undefined,
      );
      return socket !== undefined;
    });
    if (socket === undefined) throw new Error('no connection');
    const remote = new Marionette(socket);
    await remote.#receive();
    await remote.#ask('WebDriver:NewSession', { capabilities: { alwaysMatch: {} } });
    await remote.#ask('WebDriver:SetTimeouts', { script: 120_000 });
    await remote.#ask('Marionette:SetContext', { value: 'chrome' });
    return remote;
  }

  /** Runs a step of the job; its answer, or its error. */
  async run(job: string, step: string, given: readonly unknown[]): Promise<unknown> {
    // In a block of its own: Marionette has names of its own around it.
    const script = `const request = arguments; {\n${job}\n}`;
    const answer = await this.#ask('WebDriver:ExecuteAsyncScript', { script, args: [step, given] });
    const { value } = answer as { readonly value: { readonly value?: unknown; readonly error?: string } };
    if (value.error !== undefined) throw new Error(`${step}: ${value.error}`);
    return value.value;
  }

  close(): void {
    this.#socket.destroy();
  }

  async #ask(name: string, parameters: object): Promise<unknown> {
    const request = Buffer.from(JSON.stringify([0, ++this.#requests, name, parameters]));
    this.#socket.write(Buffer.concat([Buffer.from(`${request.length}:`), request]));
    const [, , error, result] = (await this.#receive()) as Answer;
    if (error !== null) throw new Error(`${name}: ${error.message}`);
    return result;
  }

  async #receive(): Promise<unknown> {
    for (;;) {
      const colon = this.#got.indexOf(':');
      const end = colon + 1 + Number(this.#got.toString('latin1', 0, colon));
      if (colon > 0 && this.#got.length >= end) {
        const text = this.#got.toString('utf8', colon + 1, end);
        this.#got = this.#got.subarray(end);
        return JSON.parse(text);
      }
      const [chunk] = (await once(this.#socket, 'data')) as [Buffer];
      this.#got = Buffer.concat([this.#got, chunk]);
    }
  }
}
