"""The whole job with Python's imaplib: reads, flags, copies, moves, deletes. Says on standard output what it did.

usage: imaplib_job.py imaps|starttls FILE, where FILE holds the message that was delivered to INBOX as UID 1
"""

import sys

import session

kind, file = sys.argv[1:]
sent = open(file, "rb").read()
with session.open_imaps() if kind == "imaps" else session.open_starttls() as imap:
    assert "IMAP4REV1" in imap.capabilities, imap.capabilities
    assert "LOGINDISABLED" not in imap.capabilities

    status, count = imap.select("INBOX")
    assert (status, count) == ("OK", [b"1"]), (status, count)
    _, data = imap.uid("FETCH", "1", "(RFC822.SIZE BODY.PEEK[])")
    whole = data[0][1]
    assert whole.endswith(sent), whole
    assert b"RFC822.SIZE %d" % len(whole) in data[0][0] + data[1], data

    # Pieces of any size make the same whole (RFC 9051 section 6.4.5).
    pieces = b""
    while True:
        _, data = imap.fetch("1", f"(BODY.PEEK[]<{len(pieces)}.777>)")
        if not isinstance(data[0], tuple):
            # Beyond the end is an empty string, which may be quoted.
            assert data[0].endswith(b'BODY[]<%d> "")' % len(pieces)), data
            break
        if data[0][1] == b"":
            break
        assert b"BODY[]<%d>" % len(pieces) in data[0][0], data[0][0]
        pieces += data[0][1]
    assert pieces == whole

    _, data = imap.fetch("1", "(BODY.PEEK[HEADER] BODY.PEEK[TEXT])")
    literals = [part[1] for part in data if isinstance(part, tuple)]
    assert b"".join(literals) == whole
    _, data = imap.fetch("1", "(FLAGS)")
    assert b"\\Seen" not in data[0], data
    imap.fetch("1", "(RFC822)")
    _, data = imap.fetch("1", "(FLAGS)")
    assert b"\\Seen" in data[0], data

    status, data = imap.store("1", "+FLAGS", "(\\Flagged Work)")
    assert status == "OK" and b"\\Flagged" in data[0] and b"Work" in data[0], data
    status, data = imap.search(None, "FLAGGED", "KEYWORD", "Work")
    assert data == [b"1"], data

    assert imap.create("Python")[0] == "OK"
    assert imap.copy("1", "Python")[0] == "OK"
    status, data = imap.copy("1", "Nowhere")
    assert status == "NO" and b"TRYCREATE" in data[0], (status, data)
    assert imap.uid("COPY", "1", "Archive")[0] == "OK"
    assert imap.uid("MOVE", "1", "Trash")[0] == "OK"
    assert imap.search(None, "ALL")[1] in ([b""], [None])

    assert imap.select("Archive") == ("OK", [b"1"])
    imap.store("1", "+FLAGS", "\\Deleted")
    assert imap.expunge() == ("OK", [b"1"])
    assert imap.close()[0] == "OK"
    imap.logout()
