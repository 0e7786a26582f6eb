import type { Protocol } from './props.ts';

export interface Ports {
  /** What clients connect to. */
  readonly listener: number;
  /** What the gateway listens on: above 1023, for it is not root. */
  readonly container: number;
}

/** The ports of each protocol; LMTP is not behind the load balancer. */
export const ports: Readonly<Record<Protocol | 'lmtp', Ports>> = {
  imap: { listener: 143, container: 1143 },
  imaps: { listener: 993, container: 1993 },
  pop3: { listener: 110, container: 1110 },
  pop3s: { listener: 995, container: 1995 },
  sieve: { listener: 4190, container: 4190 },
  lmtp: { listener: 2003, container: 2003 },
};
