"""Drives POP3 with Python's poplib: reads all, deletes the first; prints what was seen as JSON."""

import json
import poplib
import ssl
import sys

host, port, tls, certificate, user, password = sys.argv[1:7]
context = ssl.create_default_context(cafile=certificate)
context.check_hostname = False
if tls == "pop3s":
    pop = poplib.POP3_SSL(host, int(port), context=context)
else:
    pop = poplib.POP3(host, int(port))
    pop.stls(context)
capa = pop.capa()
pop.user(user)
pop.pass_(password)
count, octets = pop.stat()
sizes = [int(line.split()[1]) for line in pop.list()[1]]
ids = [line.split()[1].decode() for line in pop.uidl()[1]]
messages = ["\r\n".join(line.decode("latin1") for line in pop.retr(n)[1]) + "\r\n" for n in range(1, count + 1)]
top = [line.decode("latin1") for line in pop.top(1, 1)[1]]
pop.dele(1)
pop.rset()
pop.noop()
pop.dele(1)
pop.quit()
print(json.dumps({"capa": sorted(capa), "count": count, "octets": octets, "sizes": sizes, "ids": ids, "messages": messages, "top": top}))
