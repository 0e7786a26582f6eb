"""Prints everything a user has as JSON: {mailbox: [{uid, flags, body (base64)}]}. Changes nothing."""

import base64
import json
import re

import session


def messages(imap):
    _, data = imap.uid("FETCH", "1:*", "(UID FLAGS BODY.PEEK[])")
    found = []
    # imaplib gives a tuple for what has a literal, then the text that follows the literal.
    for i, part in enumerate(data):
        if not isinstance(part, tuple):
            continue
        after = data[i + 1] if i + 1 < len(data) and isinstance(data[i + 1], bytes) else b""
        text = part[0] + after
        uid = int(re.search(rb"UID (\d+)", text).group(1))
        flags = re.search(rb"FLAGS \(([^)]*)\)", text).group(1).decode().split()
        found.append(
            {"uid": uid, "flags": [f for f in flags if f != "\\Recent"], "body": base64.b64encode(part[1]).decode()}
        )
    return found


with session.open_imaps() as imap:
    everything = {}
    for name, attributes in session.folders(imap):
        if "\\Noselect" in attributes or "\\NonExistent" in attributes:
            continue
        status, data = imap.select(session.quoted(name), readonly=True)
        assert status == "OK", (name, data)
        everything[session.decoded(name)] = messages(imap) if int(data[0]) > 0 else []
    print(json.dumps(everything))
