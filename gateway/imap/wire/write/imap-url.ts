/**
 *     iserver = [iuserinfo "@"] host [":" port]; iuserinfo = enc-user [";AUTH=" ("*" / enc-auth-type)]      ; RFC 5092 §11
 *
 * The URL of a server, for a user; `mechanism`: how to log in there, `*` for any way, null for LOGIN as well.
 */
export function serverUrl(server: string, user: string, mechanism: string | null): string {
  const auth = mechanism === null ? '' : `;AUTH=${mechanism === '*' ? mechanism : encodeURIComponent(mechanism)}`;
  return `imap://${encodeURIComponent(user)}${auth}@${server}/`;
}

/** `enc-mailbox = 1*bchar`, UTF-8 with percent-encoding (RFC 5092 §11): the URL of a mailbox as the user calls it. */
export function mailboxUrl(server: string, user: string, mailbox: string): string {
  return `${serverUrl(server, user, '*')}${encodeURIComponent(mailbox).replaceAll('%2F', '/')}`;
}
