/** How a FETCH response begins: by the message's number, or, where the client has none, by its UID (RFC 9586 §3.3). */
export function fetchedHead(uidOnly: boolean, uid: number, sequenceOf: (uid: number) => number): string {
  return uidOnly ? `* ${uid} UIDFETCH (` : `* ${sequenceOf(uid)} FETCH (`;
}
