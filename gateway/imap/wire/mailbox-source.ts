/** Which mailboxes are meant (`filter-mailboxes` of RFC 5465 §6 and RFC 7377 §2.2). */
export type MailboxSource =
  | { readonly kind: 'SELECTED' | 'INBOXES' | 'PERSONAL' | 'SUBSCRIBED' }
  | { readonly kind: 'SUBTREE' | 'SUBTREE-ONE' | 'MAILBOXES'; readonly names: readonly string[] };
