/**
 * Named limits of connections and sessions: what hostile or broken peers may make us hold or wait for. Units are in the
 * names. Those of messages are in `lib/message/limits.ts`, of logins in `lib/auth/limits.ts`, of IMAP's wire beside it.
 */

const KIB = 1024;
const MIB = 1024 * KIB;
const SECOND = 1000;
const MINUTE = 60 * SECOND;

/** Limits of every TCP or Unix connection, whatever the protocol. */
export const connectionLimits = {
  /** Replies are collected up to this much before they are handed to the socket. */
  outputBatchBytes: 64 * KIB,
  /** A peer that lets this much pile up without reading is cut off. */
  outputBytes: 64 * MIB,
  /** A peer that reads nothing for this long while we wait to write is cut off. */
  outputStallMs: 5 * MINUTE,
  /** From the first byte to the end of a TLS handshake. */
  tlsHandshakeMs: 30 * SECOND,
  /** How long a closed connection waits for the peer to close its side too. */
  lingerMs: 5 * SECOND,
} as const;

export type ConnectionLimits = { readonly [name in keyof typeof connectionLimits]: number };

/** Limits of one listener. */
export const listenerLimits = {
  /** Open connections of one listener. */
  connections: 10_000,
  /** Open connections of one listener from one IP address (`maxlogins_per_host`); Unix sockets and loopback are not counted. */
  connectionsPerAddress: 100,
  /** From the connection to the end of what a proxy says of it (`haproxy_trusted_networks`). */
  proxyHeaderMs: 10 * SECOND,
  /** Connections the kernel may queue before we accept them. */
  backlog: 511,
  /** After this, sessions that do not end by themselves are cut off when the process stops. */
  drainMs: 20 * SECOND,
} as const;

export type ListenerLimits = { readonly [name in keyof typeof listenerLimits]: number };

/** Limits of what a proxy says of a connection before its first byte (the PROXY protocol). */
export const proxyLimits = {
  /** A line of version 1 with its CRLF; the protocol allows no more. */
  version1Bytes: 107,
  /** A header of version 2: addresses take 52 bytes, the rest is what proxies add. */
  version2Bytes: 4 * KIB,
} as const;

/** Limits of one LMTP session (RFC 5321 §4.5.3.1 says what must at least be allowed). */
export const lmtpLimits = {
  /** A command line with its CRLF; RFC 5321 asks for 512, extensions add to it (SMTPUTF8, SIZE, BODY ...). */
  lineBytes: 4 * KIB,
  /** A path in MAIL FROM or RCPT TO, with angle brackets (RFC 5321 §4.5.3.1.3 asks for 256; source routes are dropped). */
  pathBytes: 1 * KIB,
  /** Accepted recipients of one transaction; RFC 5321 §4.5.3.1.10 asks for 100. */
  recipients: 2000,
  /** Refused commands in a row, counted over RCPT too only when the address cannot be parsed. */
  badCommands: 50,
  /** Failed logins of one connection; then it is closed. */
  failedLogins: 5,
  /** No input for this long and the session ends (RFC 5321 §4.5.3.2.7 asks for 5 minutes). */
  idleMs: 10 * MINUTE,
} as const;

export type LmtpLimits = { readonly [name in keyof typeof lmtpLimits]: number };

/** Limits of one ManageSieve session; those of scripts are configured (`sieve_maxscripts`, `sieve_maxscriptsize`). */
export const manageSieveLimits = {
  /** The lines of one command; a quoted string has at most 1024 characters of up to 8 bytes (RFC 5804 §4). */
  lineBytes: 20 * KIB,
  /** The literals of one command before login, and of one after it besides the script. */
  loginBytes: 4 * KIB,
  /** Of a command that is too big, so much is skipped; then the connection is given up. */
  skipBytes: 64 * MIB,
  /** Before login, no input for this long and the session ends. */
  loginMs: 3 * MINUTE,
  /** After login (`timeout`); RFC 5804 §1.2 asks for at least 30 minutes. */
  idleMs: 32 * MINUTE,
  /** Failed logins of one connection; then it is closed. */
  failedLogins: 5,
  /** Commands in a row that could not be understood; then the connection is closed. */
  badCommands: 50,
} as const;

export type ManageSieveLimits = { readonly [name in keyof typeof manageSieveLimits]: number };

/** Limits of one session of the recipient check. */
export const smmapdLimits = {
  /** One request, as its length is announced. */
  requestBytes: 4 * KIB,
  /** No request for this long and the session ends; an MTA connects again. */
  idleMs: 10 * MINUTE,
} as const;

export type SmmapdLimits = { readonly [name in keyof typeof smmapdLimits]: number };

/** Private states of mailboxes that a process remembers, each under 1 KB or a set of UIDs. */
export const overlayCacheSize = 2000;

/** Summaries in the snapshots of mailboxes (ADR 15). */
export const summaryPieceLimits = {
  /** Summaries of one piece, before they are deflated. */
  pieceBytes: 2 * MIB,
  /** A larger one is in no piece. */
  summaryBytes: 4 * KIB,
  /** What a process keeps of pieces that it has read. */
  cacheBytes: 16 * MIB,
} as const;

/** Limits of one IMAP session; those of command lines and literals are in `gateway/imap/wire/limits.ts`. */
export const imapLimits = {
  /** Before login, no input for this long and the session ends. */
  loginMs: 3 * MINUTE,
  /** After login (`timeout`); RFC 9051 §5.4 asks for at least 30 minutes. */
  idleMs: 32 * MINUTE,
  /** In long commands, how far they are, after this long without output (RFC 9585 §4). */
  progressMs: 10 * SECOND,
  /** In IDLE, a sign of life after this long without one: load balancers drop connections that are silent for 350 s. */
  stillHereMs: 4 * MINUTE,
  /** In IDLE, how often the mailbox is looked at even when nobody says that it moved. */
  pollMs: 1 * MINUTE,
  /** In IDLE, how often other processes are asked again to say that the mailbox moved; they forget after half an hour. */
  watchMs: 10 * MINUTE,
  /** Mailboxes that one NOTIFY is told of; with more of them it ends with NOTIFICATIONOVERFLOW. */
  notifyMailboxes: 1000,
  /** Failed logins of one connection; then it is closed. */
  failedLogins: 5,
  /** Commands in a row that could not be understood; then the connection is closed. */
  badCommands: 50,
  /** Messages of one MULTIAPPEND. */
  appendMessages: 1000,
  /** Messages whose data is loaded together by FETCH and SEARCH. */
  batchMessages: 200,
  /** Messages whose structures are in memory together: of a hostile one it takes some MB. */
  structuresAtOnce: 8,
  /** Output is handed on in pieces of at most this size. */
  pieceBytes: 256 * KIB,
  /** Octets of the message at hand that FETCH keeps, so that a client may fetch in small pieces. */
  windowBytes: 4 * MIB,
  /** A search lets others run after this long. */
  sliceMs: 10,
  /** A search ends unanswered after this long. */
  searchMs: 10 * MINUTE,
  /** Messages, and parts of each, that one CONVERT is about (RFC 5259 §8.5), */
  convertMessages: 20,
  convertParts: 4,
  /** and how long a part that is converted may be: text is held whole meanwhile. */
  convertTextBytes: 4 * MIB,
  convertImageBytes: 16 * MIB,
  /** Pixels of a picture that is converted: each takes some octets meanwhile, in the process for pictures; */
  convertImagePixels: 25_000_000,
  /** how long that may take, */
  convertImageMs: 10 * SECOND,
  /** how many pictures may wait for it, */
  convertImagesWaiting: 8,
  /** and how long that process waits for the next. */
  convertImageIdleMs: 30 * SECOND,
  /** The fewest messages of a batch that UIDBATCHES makes. */
  uidBatchMessages: 500,
  /** Searches of a selected mailbox whose results are kept up to date; RFC 5267 §4.3.1 asks for at least one. */
  searchContexts: 20,
  /** What SEARCH, SORT and THREAD keep of messages that they have seen, for all sessions of a process, about, */
  gistBytes: 64 * MIB,
  /** and what they are compared by: about 300 bytes for a message, by which those of whole mailboxes fit. */
  keyBytes: 64 * MIB,
  /** The orders that SORT has put messages into lately, about, and the threads of THREAD: 12 to 24 bytes for a message. */
  orderBytes: 16 * MIB,
  threadBytes: 16 * MIB,
  /** What FETCH keeps of envelopes and structures as it has written them, for all sessions of a process, about. */
  summaryTextBytes: 32 * MIB,
  /** Messages that one SORT or THREAD puts in order: each takes about 400 bytes meanwhile. */
  sortMessages: 250_000,
  /** Messages that are not there and that THREAD joins others by; further ones join nothing. */
  threadDummies: 500_000,
  /** How many answers deep THREAD looks for a loop of references; a deeper place is taken for one. */
  threadAncestors: 2000,
} as const;

export type ImapLimits = { readonly [name in keyof typeof imapLimits]: number };

/** Limits of one POP3 session. */
export const pop3Limits = {
  /** A command line with its CRLF; RFC 5034 §4 asks for more than the 255 of RFC 2449 §4 with AUTH. */
  lineBytes: 16 * KIB,
  /** Before login, no input for this long and the session ends. */
  loginMs: 3 * MINUTE,
  /** After login (`poptimeout`); RFC 1939 §3 asks for at least 10 minutes. */
  idleMs: 10 * MINUTE,
  /** Failed logins of one connection; then it is closed. */
  failedLogins: 5,
  /** Commands in a row that could not be understood; then the connection is closed. */
  badCommands: 50,
  /** Messages whose octets are read before a client that goes through the maildrop asks for them, */
  aheadMessages: 8,
  /** and how long such a message may be. A longer one is streamed. */
  aheadBytes: 256 * KIB,
  /** Output is handed on in pieces of at most this size. */
  pieceBytes: 256 * KIB,
  /** How old our knowledge of what others have expunged may be. */
  freshMs: 5 * SECOND,
  /** A list lets others run after so many lines. */
  linesAtOnce: 1000,
} as const;

export type Pop3Limits = { readonly [name in keyof typeof pop3Limits]: number };
