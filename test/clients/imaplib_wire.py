"""What imaplib lets one send that other clients do not: literals, names in other scripts, large messages, IDLE by hand."""

import imaplib
import os
import sys
import time

import session

BIG = 10 * 1024 * 1024


def names(imap):
    """Folders with names in all scripts, also such as need a literal."""
    for name in ("Entwürfe", "日本語/台北", 'back\\slash "quoted"', "A&B", "&", "a  b"):
        wire = session.quoted(session.encoded(name))
        assert imap.create(wire)[0] == "OK", name
        assert name in [session.decoded(found) for found, _ in session.folders(imap)], name
        status, data = imap.append(wire, None, None, b"Subject: in it\r\n\r\nHello\r\n")
        assert status == "OK" and b"APPENDUID" in data[0], (name, data)
        status, data = imap.status(wire, "(MESSAGES UIDNEXT)")
        assert b"MESSAGES 1" in data[0] and b"UIDNEXT 2" in data[0], (name, data)
        assert imap.select(wire) == ("OK", [b"1"]), name
        assert imap.unselect()[0] == "OK"
        assert imap.delete(wire)[0] == "OK", name
    assert imap.select("INBOX")[0] == "OK"
    message = "Subject: =?utf-8?b?w5xiZXJzaWNodA==?=\r\n\r\nText\r\n".encode()
    assert imap.append("INBOX", "(\\Flagged)", imaplib.Time2Internaldate(1_600_000_000), message)[0] == "OK"
    # imaplib sends `literal` at the end of the next command (RFC 9051 section 4.3).
    imap.literal = "Übersicht".encode("utf-8")
    status, data = imap.uid("SEARCH", "CHARSET", "UTF-8", "FLAGGED", "SUBJECT")
    assert len(data[0].split()) == 1, data
    _, found = imap.uid("FETCH", data[0].decode(), "(INTERNALDATE)")
    assert time.mktime(imaplib.Internaldate2tuple(found[0])) == 1_600_000_000, found


def big(imap):
    """10 MB there and back, at once and in pieces."""
    line = bytes(range(33, 127)) + b"\r\n"
    body = (line * (BIG // len(line) + 1))[: BIG - 2] + b"\r\n"
    message = b"Subject: big\r\n\r\n" + body
    assert imap.append("Archive", None, None, message)[0] == "OK"
    assert imap.select("Archive")[0] == "OK"
    uid = imap.uid("SEARCH", "LARGER", str(BIG))[1][0].decode()
    _, data = imap.uid("FETCH", uid, "(RFC822.SIZE BODY.PEEK[])")
    assert data[0][1] == message
    assert b"RFC822.SIZE %d" % len(message) in data[0][0] + data[1]
    at = BIG // 2
    _, data = imap.uid("FETCH", uid, f"(BODY.PEEK[TEXT]<{at}.100000>)")
    assert data[0][1] == body[at : at + 100000]


def idle(imap):
    """IDLE by hand: prints what comes, `ready` when it idles; ends when standard input does, or at what is given as its end."""
    imap.select("INBOX")
    imap.send(b"i IDLE\r\n")
    assert imap.readline().startswith(b"+")
    print("ready", flush=True)
    while True:
        line = imap.readline()
        assert line != b"", "the server hung up"
        print(line.decode().strip(), flush=True)
        if line.strip().endswith(sys.argv[2].encode()):
            break
    imap.send(b"DONE\r\n")
    while True:
        line = imap.readline()
        if line.startswith(b"i "):
            assert line.startswith(b"i OK"), line
            break
    assert imap.noop()[0] == "OK"


with session.open_imaps() as imap:
    {"names": names, "big": big, "idle": idle}[sys.argv[1]](imap)
