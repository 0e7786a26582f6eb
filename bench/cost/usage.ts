/** What one person does with mail on one day, and how large mail is. Assumptions, not measurements. */
export const person = {
  mailsReceived: 50,
  /** Flags set, mails expunged, moved (a MOVE counts three times: that is what it writes). */
  changes: 75,
  /** Of the mails received; the sweep deletes their summaries later. */
  shareThrownAway: 0.3,
  logins: 4,
  selects: 20,
  /** Share of the time in which a session of this person is in IDLE. */
  shareIdle: 0.2,
  /** Bodies read, by all their clients together, for each mail received. */
  bodiesPerMail: 0.7,
  mailBytes: 50_000,
  /** A summary and its keys, as DynamoDB counts storage. */
  summaryBytes: 900,
  /** Of each message in a checkpoint (lib/store/checkpoint.ts). */
  checkpointBytes: 25,
} as const;

/** A mailbox at rest. */
export const mailbox = { messages: 10_000 } as const;

export const DAYS = 30;
export const HOURS = 730;

/** As the stack is by default (lib/infra/props.ts), and what CloudWatch and the log take besides. */
export const stack = {
  vcpus: 0.5,
  memoryGb: 1,
  tasks: 2,
  connectionsPerTask: 5000,
  zones: 2,
  alarms: 26,
  /** Metrics of the alarms that scaling makes for itself: two for the CPU, two of two metrics for connections. */
  scalingAlarms: 6,
  loggedBytesPerDelivery: 500,
  /** A unit of the load balancer carries so many open TCP connections, or so many GB an hour. */
  connectionsPerUnit: 100_000,
  gbPerUnitHour: 1,
} as const;
