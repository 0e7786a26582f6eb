import type { Node } from 'constructs';

/** What is deployed. Every one is given on the command line (`-c minTasks=2`) or in `cdk.json`, never by an edit here. */
export interface CirrusProps {
  /** Mail domain: the default domain of users, and the recipients of the SES rule. Empty: users are named with their domain. */
  readonly domain: string;
  /** Name in greetings and trace headers. Empty: the host's own. */
  readonly hostName: string;
  /** ARN of a Secrets Manager secret: certificate, chain and private key as one PEM. Empty: self-signed, for a first look. */
  readonly certificate: string;
  /** Who evaluates and commits LMTP deliveries: a Lambda, invoked with batches, or the gateway itself. */
  readonly delivery: 'lambda' | 'gateway';
  /** Whether SES receives mail for `domain`. Only in regions where SES does. */
  readonly ses: boolean;
  /**
   * Who sends what Sieve scripts send: `off` nobody, `ses` SES for addresses of `domain`, or an SMTP relay that Lambda reaches without a
   * login, as host:port.
   */
  readonly smtpRelay: string;
  /** `public`: gateways have public addresses and no NAT is paid for. `private`: behind one NAT gateway. */
  readonly subnets: 'public' | 'private';
  /** What the load balancer offers, at most five: imap (143), imaps (993), pop3 (110), pop3s (995), sieve (4190). */
  readonly protocols: readonly Protocol[];
  /** Gateway tasks that always run. */
  readonly minTasks: number;
  /** Gateway tasks at most. */
  readonly maxTasks: number;
  /** vCPU units of a task: 1024 is one. */
  readonly cpu: number;
  /** Memory of a task. */
  readonly memoryMiB: number;
  /** Connections of one task above which another is started. */
  readonly connectionsPerTask: number;
  /** How far back the table can be restored; old versions of objects are kept longer by two days. */
  readonly recoveryDays: number;
  /** Name of a table that was restored from another point in time: it is served instead of the stack's own. Empty: its own. */
  readonly restoredTable: string;
  /** How long logs are kept; a value that CloudWatch knows. */
  readonly logDays: number;
  /** Where alarms are sent. Empty: a topic without subscribers. */
  readonly alarmEmail: string;
}

export const protocols = ['imap', 'imaps', 'pop3', 'pop3s', 'sieve'] as const;
export type Protocol = (typeof protocols)[number];

export const defaultProps: CirrusProps = {
  domain: '',
  hostName: '',
  certificate: '',
  delivery: 'gateway',
  ses: false,
  smtpRelay: 'off',
  subnets: 'public',
  protocols,
  minTasks: 2,
  maxTasks: 10,
  cpu: 512,
  memoryMiB: 1024,
  connectionsPerTask: 5000,
  recoveryDays: 35,
  restoredTable: '',
  logDays: 30,
  alarmEmail: '',
};

/** Log retentions that CloudWatch takes. */
const LOG_DAYS = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
];

/** The props that the CDK's context gives, with defaults for the rest. Throws when a value is not allowed, naming it. */
export function propsOfContext(node: Node): CirrusProps {
  const text = (key: keyof CirrusProps): string | undefined => {
    const value: unknown = node.tryGetContext(key);
    return value === undefined ? undefined : String(value).trim();
  };
  const oneOf = <T extends string>(key: keyof CirrusProps, allowed: readonly T[], fallback: T): T => {
    const given = text(key) ?? fallback;
    return allowed.find((each) => each === given) ?? refuse(key, given, allowed.join(', '));
  };
  const integer = (key: keyof CirrusProps, fallback: number, min: number, max: number): number => {
    const given = text(key) ?? String(fallback);
    const value = Number(given);
    if (/^\d+$/.test(given) && value >= min && value <= max) return value;
    return refuse(key, given, `a number from ${min} to ${max}`);
  };
  const props: CirrusProps = {
    domain: text('domain') ?? defaultProps.domain,
    hostName: text('hostName') ?? defaultProps.hostName,
    certificate: text('certificate') ?? defaultProps.certificate,
    delivery: oneOf('delivery', ['lambda', 'gateway'], defaultProps.delivery),
    ses: oneOf('ses', ['true', 'false'], defaultProps.ses ? 'true' : 'false') === 'true',
    smtpRelay: text('smtpRelay') ?? defaultProps.smtpRelay,
    subnets: oneOf('subnets', ['public', 'private'], defaultProps.subnets),
    protocols: protocolsOf(text('protocols')),
    minTasks: integer('minTasks', defaultProps.minTasks, 1, 1000),
    maxTasks: integer('maxTasks', defaultProps.maxTasks, 1, 1000),
    cpu: integer('cpu', defaultProps.cpu, 256, 16_384),
    memoryMiB: integer('memoryMiB', defaultProps.memoryMiB, 512, 122_880),
    connectionsPerTask: integer('connectionsPerTask', defaultProps.connectionsPerTask, 10, 10_000),
    recoveryDays: integer('recoveryDays', defaultProps.recoveryDays, 1, 35),
    restoredTable: text('restoredTable') ?? defaultProps.restoredTable,
    logDays: integer('logDays', defaultProps.logDays, 1, 3653),
    alarmEmail: text('alarmEmail') ?? defaultProps.alarmEmail,
  };
  checkTogether(props);
  return props;
}

function protocolsOf(given: string | undefined): readonly Protocol[] {
  if (given === undefined) return defaultProps.protocols;
  const words = [...new Set(given.split(/[\s,]+/).filter((word) => word !== ''))];
  const known = words.map(
    (word) => protocols.find((each) => each === word) ?? refuse('protocols', given, `some of ${protocols.join(', ')}`),
  );
  return known.length > 0 ? known : refuse('protocols', given, `some of ${protocols.join(', ')}`);
}

function checkTogether(props: CirrusProps): void {
  const { domain, certificate, logDays, maxTasks, minTasks, restoredTable, ses, smtpRelay } = props;
  if (ses && domain === '') refuse('ses', 'true', 'only with a domain');
  if (smtpRelay === 'ses' && domain === '') refuse('smtpRelay', 'ses', 'only with a domain');
  if (!/^(off|ses|[\w.-]+:\d{1,5})$/.test(smtpRelay)) refuse('smtpRelay', smtpRelay, 'off, ses or host:port');
  if (restoredTable !== '' && !/^[\w.-]{3,255}$/.test(restoredTable)) {
    refuse('restoredTable', restoredTable, 'the name of a table of this account and region');
  }
  if (maxTasks < minTasks) refuse('maxTasks', String(maxTasks), `at least minTasks (${minTasks})`);
  if (!LOG_DAYS.includes(logDays)) refuse('logDays', String(logDays), LOG_DAYS.join(', '));
  if (certificate !== '' && !/^arn:[\w-]+:secretsmanager:/.test(certificate)) {
    refuse('certificate', certificate, 'the ARN of a secret of Secrets Manager');
  }
}

function refuse(key: keyof CirrusProps, given: string, allowed: string): never {
  throw new Error(`${key}: ${JSON.stringify(given)} is not allowed; allowed: ${allowed}`);
}
