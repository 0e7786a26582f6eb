import type { Config } from '../lib/base/config.ts';
import type { Log } from '../lib/base/log.ts';
import { type NewMail, StoreDelivery } from '../lib/delivery/deliver.ts';
import { Outgoing, type OutgoingFact } from '../lib/delivery/outgoing.ts';
import type { Delivery } from '../lib/delivery/ports.ts';
import { SmtpOutbox } from '../lib/smtp/outbox.ts';
import { type CheckpointJob, startCheckpointJob } from '../lib/store/checkpoint-job.ts';
import { agreeOnFormat } from '../lib/store/format.ts';
import { MailStore } from '../lib/store/mail-store.ts';
import type { Outbox } from '../lib/store/ports.ts';
import { requireWhole } from '../lib/store/reconstruct.ts';
import { type SweepJob, startSweepJob } from '../lib/store/sweep-job.ts';
import { openHome } from './open-home.ts';

/** The store of a configuration, opened in this process. */
export interface OpenStore extends AsyncDisposable {
  readonly store: MailStore;
  readonly delivery: Delivery;
  /**
   * Sweeps now and then (Rule 9), unless something else does, and writes checkpoints (Rule 21), until the store is closed; a
   * process that comes and goes does neither.
   */
  startSweeps(): void;
  /** Sends what scripts send, until the store is closed; a process that comes and goes leaves that to those that stay. */
  startSending(): void;
  /** Writes what is batched, then lets go of the home. */
  close(): Promise<void>;
}

const OUTCOMES = { delivered: 'stored', before: 'stored before', discarded: 'discarded' } as const;

/** What a process opens the store for. */
export interface StoreUse {
  /** For long, not for one command. */
  readonly serves?: boolean;
  /** To build its index again: for everything else an index that is not whole is refused. */
  readonly rebuilds?: boolean;
}

/** Opens the store of the home that `config` chooses. Throws `StoreError`. */
export async function openStore(
  config: Config,
  log: Log,
  { serves = false, rebuilds = false }: StoreUse = {},
): Promise<OpenStore> {
  const onError = (what: string, err: unknown): void => log.error({ err, what }, 'background work failed');
  const home = await openHome(config, { serves, onError });
  try {
    await agreeOnFormat(home.index);
    if (!rebuilds) await requireWhole(home);
  } catch (error) {
    await home.close();
    throw error;
  }
  const store = new MailStore(home, {
    onError,
    expungeDelayMs: config.expunge_mode === 'delayed' ? config.expunge_delay : 0,
  });
  const outgoing = config.smtp_relay === 'off' ? undefined : new Outgoing(store, (fact) => logOutgoing(log, fact));
  const delivery = new StoreDelivery(store, {
    defaultDomain: config.defaultdomain || undefined,
    lowerCase: config.lmtp_downcase_rcpt,
    maxMessageBytes: config.maxmessagesize,
    eightBitHeader: config.reject8bit ? 'refuse' : config.munge8bit ? 'replace' : 'keep',
    suppressDuplicates: config.duplicatesuppression,
    sieve: {
      servername: config.servername,
      makesFolders: config.anysievefolder,
      madeFolders: config.autocreate_sieve_folders,
    },
    ...(outgoing && { outgoing }),
    responses: {
      servername: config.servername,
      defaultDomain: config.defaultdomain || undefined,
      notifier: config.sievenotifier,
      onUnsent: (fact) => log.info({ ...fact }, 'not sent'),
      onNotify: (notification) => log.info({ ...notification }, 'notify'),
    },
    ...(config.mailnotifier === 'log' && { onNewMail: (mail: NewMail) => log.info({ ...mail }, 'new mail') }),
    onScriptFailed: (failure) => log.warn({ ...failure }, 'a script failed: the message is kept'),
    onDelivered: (fact) => log.info({ ...fact }, OUTCOMES[fact.outcome]),
    onError: (what, err) => log.error({ err, what }, 'delivery failed'),
  });
  let sweeps: SweepJob | undefined;
  let checkpoints: CheckpointJob | undefined;
  const startSweeps = (): void => {
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
  const startSending = (): void => {
    const outbox = outboxOf(config);
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
    await sweeps?.stop();
    await sending?.stop();
    await checkpoints?.stop();
    await store.close();
    await home.close();
  };
  return { store, delivery, startSweeps, startSending, close, [Symbol.asyncDispose]: close };
}

/** The relay of a configuration, if it has one. */
function outboxOf(config: Config): Outbox | undefined {
  const { smtp_relay: relay, smtp_relay_user: user, smtp_relay_password: password } = config;
  if (relay === 'off') return undefined;
  const login = user === '' ? {} : { login: { user, password } };
  return new SmtpOutbox({ ...relay, tls: config.smtp_relay_tls, servername: config.servername, ...login });
}

function logOutgoing(log: Log, { outcome, ...fact }: OutgoingFact): void {
  if (outcome === 'given up') log.error({ ...fact }, 'outgoing mail given up');
  else if (outcome === 'waits') log.warn({ ...fact }, 'outgoing mail waits');
  else log.info({ ...fact }, `outgoing mail ${outcome}`);
}
