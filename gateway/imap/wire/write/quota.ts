import type { Dialect } from '../read/reader.ts';
import { mailbox } from './text.ts';

/** Usage and limit of one resource; storage in KiB. */
export interface QuotaUsage {
  readonly resource: string;
  readonly used: number;
  readonly limit: number;
}

/**
 *     quota-response = "QUOTA" SP quota-root-name SP quota-list                ; RFC 9208 §7
 *     quota-list     = "(" quota-resource *(SP quota-resource) ")"
 *
 * The list is empty where nothing is limited, as RFC 2087 §5.1 had it.
 */
export function quota(root: string, usages: readonly QuotaUsage[], dialect: Dialect): string {
  const texts = usages.map(({ resource, used, limit }) => `${resource} ${used} ${limit}`);
  return `* QUOTA ${mailbox(root, dialect)} (${texts.join(' ')})\r\n`;
}

/**
 *     quotaroot-response = "QUOTAROOT" SP mailbox *(SP quota-root-name)       ; RFC 9208 §7
 */
export function quotaRoot(name: string, roots: readonly string[], dialect: Dialect): string {
  return `* ${['QUOTAROOT', mailbox(name, dialect), ...roots.map((root) => mailbox(root, dialect))].join(' ')}\r\n`;
}
