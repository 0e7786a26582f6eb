import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import {
  type Config,
  type ConfigKey,
  configAliases,
  configMeaningless,
  configNotYet,
  configSchema,
} from './config-schema.ts';
import type { ListenAddress } from './config-values.ts';

export type { Config, ConfigKey } from './config-schema.ts';
export type { Bytes, ListenAddress, Milliseconds } from './config-values.ts';

/** The configuration cannot be used: the program must not start (exit code 78, EX_CONFIG, is the caller's). */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

export interface LoadedConfig {
  readonly config: Config;
  /** The file that was read; undefined when there is none. */
  readonly file: string | undefined;
  /** One sentence each, for people: keys that do nothing. */
  readonly warnings: readonly string[];
}

type Environment = Readonly<Record<string, string | undefined>>;

/** A value as given, and where: `FILE line N`, or the environment variable. */
interface Given {
  readonly text: string;
  readonly source: string;
}

/**
 * Reads the configuration: `file` (from `-C`), else the file named by CIRRUS_CONFIG, else `imapd.conf` in the data folder
 * if there is one; environment variables override the file. Throws {@link ConfigError}.
 */
export function loadConfig(
  options: { readonly file?: string | undefined; readonly env?: Environment; readonly cwd?: string } = {},
): LoadedConfig {
  const env = options.env ?? process.env;
  const cwd = options.cwd ?? process.cwd();
  const named = options.file ?? (env.CIRRUS_CONFIG || undefined);
  const home = env.CIRRUS_CONFIGDIRECTORY || './data';
  const file = resolve(cwd, named ?? join(home, 'imapd.conf'));
  const content = readIfThere(file);
  if (content === undefined && named !== undefined) throw new ConfigError(`${file}: no such file`);
  const { config, warnings } = parseConfig(content ?? '', file, env);
  return { config: absolutePaths(config, cwd), warnings, file: content === undefined ? undefined : file };
}

/** What `content` and the environment say, without touching files; paths stay as they are. Throws {@link ConfigError}. */
export function parseConfig(
  content: string,
  file: string,
  env: Environment = {},
): { readonly config: Config; readonly warnings: readonly string[] } {
  const warnings: string[] = [];
  const given = new Map<ConfigKey, Given>();
  readLines(content, file, given, warnings);
  readEnvironment(env, given, warnings);
  const result = configSchema.safeParse(Object.fromEntries([...given].map(([name, { text }]) => [name, text])));
  if (result.success) return { config: result.data, warnings };
  const problems = result.error.issues.map(({ path: [name], message }) => {
    const value = given.get(name as ConfigKey);
    return `${value?.source ?? 'default'}: ${String(name)}: ${JSON.stringify(value?.text ?? '')} is not allowed; ${message}`;
  });
  throw new ConfigError(problems.join('\n'));
}

function readLines(content: string, file: string, given: Map<ConfigKey, Given>, warnings: string[]): void {
  const lines = new Map<string, number>();
  const rows = content.replace(/^\uFEFF/, '').split(/\r?\n/);
  for (const [index, row] of rows.entries()) {
    const line = index + 1;
    const trimmed = row.trim();
    if (trimmed === '' || trimmed.startsWith('#')) continue;
    const colon = trimmed.indexOf(':');
    if (colon < 1) {
      throw new ConfigError(`${file} line ${line}: ${JSON.stringify(trimmed)} is not allowed; allowed: key: value`);
    }
    const written = trimmed.slice(0, colon).trimEnd().toLowerCase();
    const name = configAliases.get(written) ?? written;
    const text = trimmed.slice(colon + 1).trim();
    const earlier = lines.get(name);
    if (earlier !== undefined) {
      throw new ConfigError(
        `${file} line ${line}: ${written}: ${JSON.stringify(text)}: the key is already given in line ${earlier}; allowed: each key once`,
      );
    }
    lines.set(name, line);
    if (isConfigKey(name)) given.set(name, { text, source: `${file} line ${line}` });
    else warnings.push(`${file} line ${line}: ${whyIgnored(written)}`);
  }
}

function readEnvironment(env: Environment, given: Map<ConfigKey, Given>, warnings: string[]): void {
  for (const [variable, text] of Object.entries(env)) {
    if (text === undefined || !variable.startsWith('CIRRUS_')) continue;
    if (variable === 'CIRRUS_CONFIG' || variable.startsWith('CIRRUS_TEST_')) continue;
    const name = variable.slice('CIRRUS_'.length).toLowerCase();
    if (isConfigKey(name)) given.set(name, { text: text.trim(), source: `environment variable ${variable}` });
    else warnings.push(`environment variable ${variable}: ${whyIgnored(name)}`);
  }
}

function isConfigKey(name: string): name is ConfigKey {
  return Object.hasOwn(configSchema.shape, name);
}

function whyIgnored(name: string): string {
  if (configNotYet.includes(name)) return `${name} does nothing yet`;
  for (const [pattern, reason] of Object.entries(configMeaningless)) {
    const matches = pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern;
    if (matches) return `${name} has no meaning here: ${reason}`;
  }
  return `${name} is not a known key and does nothing`;
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    // ENOTDIR: the data folder is a file, which whoever opens it will say.
    if (error instanceof Error && 'code' in error && /^(ENOENT|ENOTDIR)$/.test(String(error.code))) return undefined;
    throw new ConfigError(`${file} cannot be read: ${whyUnread(error)}`);
  }
}

function whyUnread(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'EACCES' || code === 'EPERM') return 'this user has no permission';
  if (code === 'EISDIR') return 'it is a folder';
  return error instanceof Error ? error.message : String(error);
}

function absolutePaths(config: Config, cwd: string): Config {
  const home = resolve(cwd, config.configdirectory);
  const listen = (addresses: readonly ListenAddress[]): readonly ListenAddress[] =>
    addresses.map((address) => ('path' in address ? { path: resolve(home, address.path) } : address));
  const file = (path: string): string => (path === '' ? '' : resolve(home, path));
  return {
    ...config,
    configdirectory: home,
    servername: config.servername || hostname(),
    tls_server_cert: file(config.tls_server_cert),
    tls_server_key: file(config.tls_server_key),
    autocreate_sieve_script: file(config.autocreate_sieve_script),
    listen_imap: listen(config.listen_imap),
    listen_imaps: listen(config.listen_imaps),
    listen_pop3: listen(config.listen_pop3),
    listen_pop3s: listen(config.listen_pop3s),
    listen_sieve: listen(config.listen_sieve),
    listen_smmapd: listen(config.listen_smmapd),
    listen_lmtp: listen(config.listen_lmtp),
    listen_lmtp_unix: listen(config.listen_lmtp_unix),
  };
}
