"""Hands many messages in over one LMTP connection, as a mail transfer agent with a full queue does.

usage: deliver_many.py HOST PORT RECIPIENT < JSON list of messages
"""

import json
import smtplib
import sys

host, port, recipient = sys.argv[1:]
with smtplib.LMTP(host, int(port)) as lmtp:
    for message in json.load(sys.stdin):
        refused = lmtp.sendmail("sender@example.com", [recipient], message.encode())
        assert refused == {}, refused
