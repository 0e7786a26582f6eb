import { readFileSync } from 'node:fs';
import { ConfigError } from './config.ts';

/** The file that a key names; a {@link ConfigError} that names both when it cannot be read. */
export function readConfigFile(key: string, file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new ConfigError(`${key}: ${file} cannot be read: ${why}`, { cause });
  }
}
