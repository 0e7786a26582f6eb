/**
 * What one operation may cost at most, on average over many in a store that is used (docs/store.md, What operations cost). A read unit is
 * a strong read of 4 KB, a write unit 1 KB. The cost tests hold the store to these figures, and the month of
 * `npm run bench:cost` is made of them: the two cannot drift apart.
 */
export interface Budget {
  readonly readRequests: number;
  readonly readUnits: number;
  readonly writeRequests: number;
  readonly writeUnits: number;
  readonly blobPuts: number;
  readonly blobGets: number;
}

const NOTHING: Budget = { readRequests: 0, readUnits: 0, writeRequests: 0, writeUnits: 0, blobPuts: 0, blobGets: 0 };

export const budgets = {
  /** LMTP to one recipient without a script who was seen in the last minute: one batch; claim, summary and head. */
  delivery: { ...NOTHING, readRequests: 1, readUnits: 4, writeRequests: 3.2, writeUnits: 3.6, blobPuts: 1 },
  /** An append by IMAP: summary and head. */
  append: { ...NOTHING, readRequests: 0.1, readUnits: 0.1, writeRequests: 2.2, writeUnits: 2.6, blobPuts: 1 },
  /** A change of flags or an EXPUNGE in an open mailbox, of any number of messages. */
  change: { ...NOTHING, writeRequests: 1.1, writeUnits: 1.2 },
  /** The same of up to 100,000 messages; a set of UIDs that is no range is an object of its own. */
  largeChange: { ...NOTHING, writeRequests: 2, writeUnits: 4, blobPuts: 1 },
  /** COPY of 10,000 messages in one account. */
  copy: { ...NOTHING, readRequests: 2, readUnits: 2, writeRequests: 2, writeUnits: 4, blobPuts: 1 },
  /** MOVE of some messages in one account: intent, append, expunge. */
  move: { ...NOTHING, readRequests: 3, readUnits: 3, writeRequests: 3.3, writeUnits: 3.3 },
  /** The daily checkpoint of an account with INBOX of 10,000 messages and the usual folders, by a process that has read nothing of it. */
  checkpoint: {
    ...NOTHING,
    readRequests: 17,
    readUnits: 18,
    writeRequests: 1,
    writeUnits: 1,
    blobPuts: 1,
    blobGets: 2,
  },
  /** A mailbox of 100,000 compacted messages, by a process that has not seen it; pieces are items or objects, by their size. */
  openMailbox: { ...NOTHING, readRequests: 5, readUnits: 10, blobGets: 2 },
  /** Sizes and dates of 10,000 compacted messages, by a process that has not seen the mailbox. */
  messageData: { ...NOTHING, readRequests: 4, readUnits: 8, blobGets: 12 },
  /** NOOP, and the look at the head of a session in IDLE. */
  poll: { ...NOTHING, readRequests: 1, readUnits: 1 },
  /** LOGIN by who logged in a while ago: the directory. */
  login: { ...NOTHING, readRequests: 2, readUnits: 2 },
  /** SELECT of a mailbox that the process has open: tree and head; \Recent is known. */
  select: { ...NOTHING, readRequests: 2, readUnits: 2 },
  /** STATUS of the same: tree and head. */
  status: { ...NOTHING, readRequests: 2, readUnits: 2 },
  /** FETCH of ENVELOPE and the like of 10,000 compacted messages, after a SELECT by a process that has not seen the mailbox. */
  envelopes: { ...NOTHING, readRequests: 4, readUnits: 8, blobGets: 12 },
  /** FETCH of the ENVELOPE or BODYSTRUCTURE of one new message, among many: its summary, read eventually and a hundred at a time. */
  envelope: { ...NOTHING, readRequests: 0.01, readUnits: 0.5 },
  /** FETCH BODY[] of up to 4 MB, at once or in pieces. */
  body: { ...NOTHING, blobGets: 1 },
  /** NOOP and IDLE in a mailbox of others: head and overlay. */
  privatePoll: { ...NOTHING, readRequests: 1, readUnits: 2 },
  /** `\Seen` of one's own in a mailbox of others: the head, between the two writes of the overlay. */
  privateSeen: { ...NOTHING, readRequests: 1, readUnits: 1, writeRequests: 2, writeUnits: 2 },
  /** Each recipient of a delivery to ten: one copy of the message for all, held by each with the summary in the same item. */
  deliveryOfMany: { ...NOTHING, readRequests: 2, readUnits: 5, writeRequests: 3.2, writeUnits: 3.6, blobPuts: 0.1 },
} satisfies Readonly<Record<string, Budget>>;
