import type { Config } from '../lib/base/config.ts';
import type { Id } from '../lib/base/ids.ts';
import type { Log } from '../lib/base/log.ts';
import type { Autocreate } from '../lib/delivery/autocreate.ts';
import type { ImapEvents } from '../lib/delivery/imap-events.ts';
import { type ConfiguredStore, storeOfConfig } from '../lib/delivery/of-config.ts';
import type { OutboxFolder } from '../lib/delivery/outbox-folder.ts';
import type { Delivery } from '../lib/delivery/ports.ts';
import { type AddressedHint, type DeliverAnswer, type DeliverRequest, RemoteDelivery } from '../lib/delivery/remote.ts';
import { outboxOfConfig } from '../lib/outbox/of-config.ts';
import { type CheckpointJob, startCheckpointJob } from '../lib/store/checkpoint-job.ts';
import { runCrossingJobs } from '../lib/store/crossing-job.ts';
import { agreeOnFormat } from '../lib/store/format.ts';
import type { MailStore } from '../lib/store/mail-store.ts';
import { requireWhole } from '../lib/store/reconstruct.ts';
import { type SweepJob, startSweepJob } from '../lib/store/sweep-job.ts';
import { type Home, openHome } from './open-home.ts';

/** The store of a configuration, opened in this process. */
export interface OpenStore extends AsyncDisposable {
  readonly store: MailStore;
  readonly delivery: Delivery;
  /** Who gives mailboxes to users that have none; undefined: nobody does. */
  readonly autocreate: Autocreate | undefined;
  /** What IMAP sessions tell of what they do. */
  readonly imapEvents: ImapEvents;
  /** The mailbox that sends what IMAP sessions put into it; undefined: there is none. */
  readonly outboxFolder: OutboxFolder | undefined;
  /**
   * Sweeps now and then (Rule 9), unless something else does, writes checkpoints (Rule 21), and ends what other processes left
   * of moves between accounts (Rule 12), until the store is closed; a process that comes and goes does none of it.
   */
  startSweeps(): void;
  /**
   * Sends what scripts send, and runs scripts for what IMAP does, until the store is closed; a process that comes and goes
   * leaves that to those that stay.
   */
  startSending(): Promise<void>;
  /** Writes what is batched, then lets go of the home. */
  close(): Promise<void>;
}

/** What a process opens the store for. */
export interface StoreUse {
  /** For long, not for one command. */
  readonly serves?: boolean;
  /** To build its index again, alone: for everything else an index that is not whole is refused. */
  readonly rebuilds?: boolean;
}

/** Opens the store of the home that `config` chooses. Throws `StoreError`. */
export async function openStore(
  config: Config,
  log: Log,
  { serves = false, rebuilds = false }: StoreUse = {},
): Promise<OpenStore> {
  const onError = (what: string, err: unknown): void => log.error({ err, what }, 'background work failed');
  const home = await openHome(config, { serves, alone: rebuilds, onError });
  try {
    await agreeOnFormat(home.index);
    if (!rebuilds) await requireWhole(home);
  } catch (error) {
    await home.close();
    throw error;
  }
  const opened = await configured(home, config, log);
  const { store, outgoing } = opened;
  const remote = config.aws_deliver_function === '' ? undefined : await openRemote(config, log, opened);
  let sweeps: SweepJob | undefined;
  let checkpoints: CheckpointJob | undefined;
  let crossings: { stop(): Promise<void> } | undefined;
  const startSweeps = (): void => {
    crossings ??= runCrossingJobs(store);
    checkpoints ??= startCheckpointJob(store, {
      onDone: (tally) => log.info({ tally }, 'checkpoints written'),
      onAlarm: (where, err) => log.error({ where, err }, 'an account cannot be read: see cirrus doctor'),
      onError: (err) => log.warn({ err }, 'a run of checkpoints ended early; the next one goes on'),
    });
    if (!config.sweep) return;
    sweeps ??= startSweepJob(store, {
      removeTorn: () => home.removeTorn(),
      onSwept: (tally) => log.info({ tally }, 'swept'),
      onAlarm: (where, err) =>
        log.error({ where, err }, 'the sweep met damage and keeps everything: see cirrus doctor'),
      onError: (err) => log.warn({ err }, 'a sweep ended early; the next one goes on'),
    });
  };
  let sending: { stop(): Promise<void> } | undefined;
  let events: { stop(): Promise<void> } | undefined;
  const startSending = async (): Promise<void> => {
    events ??= opened.imapSieve.run();
    const outbox = await outboxOfConfig(config);
    if (outgoing === undefined || outbox === undefined) {
      log.warn('smtp_relay is off: scripts send nothing, redirected mail is kept');
      return;
    }
    const jobs = outgoing.run(outbox);
    sending ??= {
      stop: async () => {
        await jobs.stop();
        await outbox.close();
      },
    };
  };
  const close = async (): Promise<void> => {
    await crossings?.stop();
    await sweeps?.stop();
    await events?.stop();
    await sending?.stop();
    await checkpoints?.stop();
    await store.close();
    remote?.close();
    await home.close();
  };
  const delivery = remote?.delivery ?? opened.delivery;
  const { autocreate, imapEvents, outboxFolder } = opened;
  const told = { store, delivery, autocreate, imapEvents, outboxFolder };
  return { ...told, startSweeps, startSending, close, [Symbol.asyncDispose]: close };
}

/** Lets go of the home when the configuration cannot be used. */
async function configured(home: Home, config: Config, log: Log): Promise<ConfiguredStore> {
  try {
    return storeOfConfig(home, config, log);
  } catch (error) {
    await home.close();
    throw error;
  }
}

/** Delivery by a function; who watches here is told what it says has moved. */
async function openRemote(config: Config, log: Log, { store, delivery }: ConfiguredStore) {
  const { openFunction } = await import('../lib/aws/invoke-function.ts');
  const remote = openFunction(config.aws_deliver_function, config.aws_region);
  const onHints = (hints: readonly AddressedHint[]): void => {
    for (const { addresses, ...hint } of hints) {
      store.moved(hint.id as Id, hint.rev);
      store.ports.hints.send(hint, addresses);
    }
  };
  const invoke = async (request: DeliverRequest) => (await remote.invoke(request)) as DeliverAnswer;
  const onError = (err: unknown): void => log.error({ err }, 'the function deliver failed');
  return { delivery: new RemoteDelivery(delivery, { invoke, onHints, onError }), close: () => remote.close() };
}
