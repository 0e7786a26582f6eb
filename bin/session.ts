import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type OpenStore, openStore, type StoreUse } from '../gateway/open-store.ts';
import { type Config, loadConfig } from '../lib/base/config.ts';
import { type Log, openLog } from '../lib/base/log.ts';
import { StoreError } from '../lib/store/errors.ts';
import { CommandError, exitCode } from './exit-codes.ts';

/** What every command is run with: the configuration that `-C` and the environment name. */
export interface Settings {
  readonly config: Config;
  readonly file: string | undefined;
}

/** Reads the configuration and warns on standard error of keys that do nothing. */
export function readSettings(options: { readonly config?: string | undefined }): Settings {
  const { config, file, warnings } = loadConfig({ file: options.config });
  for (const warning of warnings) process.stderr.write(`cirrus: warning: ${warning}\n`);
  return { config, file };
}

/** Runs a command on the store, which a server may have open at the same time. The store must be there already. */
export async function withStore<T>(
  settings: Settings,
  run: (opened: OpenStore) => Promise<T>,
  options: Pick<StoreUse, 'rebuilds'> = {},
): Promise<T> {
  const { configdirectory, home } = settings.config;
  // Most likely the command was run in another folder than the server: an empty store would be a wrong answer.
  if (home === 'embedded' && !existsSync(join(configdirectory, 'index'))) {
    throw new CommandError(
      exitCode.noInput,
      `there is no mail store in ${configdirectory} (see -C and configdirectory)`,
    );
  }
  return withNewStore(settings, run, options);
}

/** The same; the store is made when it is not there. */
export async function withNewStore<T>(
  { config }: Settings,
  run: (opened: OpenStore) => Promise<T>,
  options: Pick<StoreUse, 'rebuilds'> = {},
): Promise<T> {
  await using opened = await openHomeOf(config, () => openStore(config, commandLog(config), options));
  return await run(opened);
}

/** The log of a command that comes and goes: of what went wrong only, unless asked for more. */
export function commandLog({ loglevel }: Config): Log {
  return openLog(loglevel === 'info' ? 'warn' : loglevel, process.stderr);
}

/** Runs what opens the home; its failure is told in a sentence that names the folder, or what is wrong with table or bucket. */
export async function openHomeOf<T>(config: Config, open: () => Promise<T>): Promise<T> {
  try {
    return await open();
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    const code = error.code === 'format' ? exitCode.data : exitCode.cannotCreate;
    const what = config.home === 'aws' ? 'the AWS home' : `the data folder ${config.configdirectory}`;
    throw new CommandError(code, `${what} cannot be used: ${reasonOf(error)}`, { cause: error });
  }
}

const REASONS: ReadonlyMap<string, string> = new Map([
  ['EACCES', 'this user has no permission'],
  ['EPERM', 'this user has no permission'],
  ['EROFS', 'the disk is read-only'],
  ['ENOSPC', 'the disk is full'],
  ['ENOENT', 'no folder can be made there'],
  ['ENOTDIR', 'a part of the path is not a folder'],
  ['EEXIST', 'there is a file of that name'],
]);

function reasonOf(error: StoreError): string {
  const { cause } = error;
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  return REASONS.get(code) ?? error.message;
}

/** A path as the person meant it: npm runs scripts in its own folder and tells where it was called. */
export function pathGiven(path: string): string {
  const { npm_lifecycle_event: script, INIT_CWD: calledFrom } = process.env;
  return resolve(script === 'cirrus' && calledFrom !== undefined ? calledFrom : '', path);
}
