/** What AWS takes, in US dollars, for so many of a thing. */
export interface Price {
  readonly usd: number;
  readonly per: number;
  readonly of: string;
  /** Where AWS publishes it. */
  readonly source: string;
  /** When it was written down here, as YYYY-MM-DD. */
  readonly noted: string;
}

const MILLION = 1e6;
const NOTED = '2026-11-20';

const price = (usd: number, per: number, of: string, source: string, noted = NOTED): Price => ({
  usd,
  per,
  of,
  source,
  noted,
});

const DYNAMODB = 'https://aws.amazon.com/dynamodb/pricing/on-demand/';
const S3 = 'https://aws.amazon.com/s3/pricing/';
const FARGATE = 'https://aws.amazon.com/fargate/pricing/';
const NLB = 'https://aws.amazon.com/elasticloadbalancing/pricing/';
const CLOUDWATCH = 'https://aws.amazon.com/cloudwatch/pricing/';
const TRANSFER = 'https://aws.amazon.com/ec2/pricing/on-demand/';

/** us-east-1, no free tier, no savings plan. */
export const prices = {
  writeUnits: price(0.625, MILLION, 'write units of 1 KB', DYNAMODB),
  readUnits: price(0.125, MILLION, 'strong read units of 4 KB', DYNAMODB),
  itemStorage: price(0.25, 1, 'GB a month of items', DYNAMODB),
  itemRecovery: price(0.2, 1, 'GB a month of point-in-time recovery', DYNAMODB),
  blobPuts: price(0.005, 1000, 'PUT and LIST', S3),
  blobGets: price(0.0004, 1000, 'GET', S3),
  blobStorage: price(0.023, 1, 'GB a month of objects', S3),
  cpuHours: price(0.03238, 1, 'vCPU hours on ARM', FARGATE),
  memoryHours: price(0.00356, 1, 'GB hours on ARM', FARGATE),
  addressHours: price(0.005, 1, 'hours of a public IPv4 address', 'https://aws.amazon.com/vpc/pricing/'),
  natHours: price(0.045, 1, 'hours of a NAT gateway', 'https://aws.amazon.com/vpc/pricing/'),
  balancerHours: price(0.0225, 1, 'hours of a network load balancer', NLB),
  balancerUnits: price(0.006, 1, 'hours of a load balancer capacity unit', NLB),
  sent: price(0.085, 1, 'GB sent to the internet, of the second tier (10 to 50 TB)', TRANSFER, '2026-11-24'),
  logs: price(0.5, 1, 'GB of logs', CLOUDWATCH, '2026-11-24'),
  alarms: price(0.1, 1, 'metrics of alarms a month', CLOUDWATCH, '2026-11-24'),
  dashboards: price(3, 1, 'dashboards a month', CLOUDWATCH, '2026-11-24'),
  zones: price(0.5, 1, 'private DNS zones a month', 'https://aws.amazon.com/route53/pricing/', '2026-11-24'),
  received: price(0.00019, 1, 'mails of up to 256 KB received by SES', 'https://aws.amazon.com/ses/pricing/'),
} satisfies Readonly<Record<string, Price>>;

export type Priced = keyof typeof prices;

/** Dollars for so many. */
export function cost(of: Priced, amount: number): number {
  const { usd, per } = prices[of];
  return (amount / per) * usd;
}
