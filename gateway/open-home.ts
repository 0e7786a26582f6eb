import type { Config } from '../lib/base/config.ts';
import { openEmbedded } from '../lib/embedded/open.ts';
import type { StorePorts } from '../lib/store/mail-store.ts';

/** The ports of the home that a configuration chooses. */
export interface Home extends StorePorts {
  /** Removes what writers that died have left of objects. */
  removeTorn(): Promise<unknown>;
  close(): Promise<void>;
}

export interface HomeOptions {
  /** Whether this process serves for long; one that comes and goes needs no thread that commits, and no address that others know. */
  readonly serves: boolean;
  /** Whether no other process may have a data folder open; of the AWS home nobody knows. */
  readonly alone?: boolean;
  readonly onError: (what: string, error: unknown) => void;
}

/** Opens the home; other processes may have it open. A data folder is made, a table or bucket is not. Throws `StoreError`. */
export async function openHome(config: Config, { serves, alone = false, onError }: HomeOptions): Promise<Home> {
  if (config.home === 'embedded') {
    const home = await openEmbedded(config.configdirectory, { onError, commitHere: !serves, alone });
    return { ...home, removeTorn: () => home.blobs.removeTorn() };
  }
  // The SDK takes long to load, and `deliver` runs once per message.
  const { openAws } = await import('../lib/aws/open.ts');
  const jobs = { onError: (error: unknown) => onError('jobs', error) };
  const home = await openAws(config, { hints: hintsAddress(config, serves), jobs });
  return { ...home, removeTorn: () => home.blobs.removeTorn() };
}

/** Where the home is, for people. */
export function homePlace(config: Config): string {
  if (config.home === 'aws') return `DynamoDB table ${config.aws_table}, S3 bucket ${config.aws_bucket}`;
  return config.configdirectory;
}

function hintsAddress({ listen_hints: [address] }: Config, serves: boolean) {
  const host = address !== undefined && 'host' in address ? address.host : undefined;
  return { host, port: serves && address !== undefined && 'port' in address ? address.port : 0 };
}
