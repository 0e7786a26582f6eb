"""What the Python programs of this folder share: a session with the server under test, and names."""

import base64
import imaplib
import os
import re
import ssl


def context():
    """TLS that trusts the server's own certificate and nothing else."""
    return ssl.create_default_context(cafile=os.environ["IMAP_CERTIFICATE"])


def login(imap):
    imap.login(os.environ["IMAP_USER"], os.environ["IMAP_PASSWORD"])
    return imap


def open_imaps():
    host, port = os.environ["IMAP_HOST"], int(os.environ["IMAPS_PORT"])
    return login(imaplib.IMAP4_SSL(host, port, ssl_context=context(), timeout=30))


def open_starttls():
    imap = imaplib.IMAP4(os.environ["IMAP_HOST"], int(os.environ["IMAP_PORT"]), timeout=30)
    imap.starttls(context())
    return login(imap)


def quoted(name):
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


def folders(imap):
    """Names as they are on the wire, with their attributes."""
    _, lines = imap.list()
    found = []
    for line in lines:
        if line is None:
            continue
        attributes, name = re.fullmatch(rb'\(([^)]*)\) (?:"."|NIL) (.*)', line).groups()
        text = name.decode()
        if text.startswith('"'):
            text = re.sub(r"\\(.)", r"\1", text[1:-1])
        found.append((text, attributes.decode().split()))
    return found


def decoded(name):
    """From modified UTF-7 (RFC 3501 section 5.1.3)."""

    def shifted(match):
        if match.group(1) == "":
            return "&"
        text = match.group(1).replace(",", "/")
        return base64.b64decode(text + "=" * (-len(text) % 4)).decode("utf-16-be")

    return re.sub(r"&([^-]*)-", shifted, name)


def encoded(name):
    """To modified UTF-7."""

    def shift(match):
        text = base64.b64encode(match.group(0).encode("utf-16-be")).decode()
        return "&" + text.rstrip("=").replace("/", ",") + "-"

    return re.sub(r"[^\x20-\x7e]+", shift, name.replace("&", "&-"))
