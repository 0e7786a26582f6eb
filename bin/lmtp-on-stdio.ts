import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lmtpRefusal, serveLmtp } from '../gateway/lmtp/session.ts';
import { Listener } from '../gateway/net/listener.ts';
import type { Config } from '../lib/base/config.ts';
import type { Log } from '../lib/base/log.ts';
import type { Delivery } from '../lib/delivery/ports.ts';

/** Speaks LMTP on standard input and output, to whoever has started the process; until the client or we say goodbye. */
export async function lmtpOnStdio(delivery: Delivery, config: Config, log: Log): Promise<void> {
  // Standard input and output may be two pipes, a session has one socket: a folder that only we may enter makes it theirs.
  const folder = await mkdtemp(join(tmpdir(), 'cirrus-lmtp-'));
  try {
    const listener = await Listener.open({
      protocol: 'lmtp',
      address: { path: join(folder, 's') },
      refusal: lmtpRefusal,
      serve: serveLmtp({
        delivery,
        access: 'everybody',
        servername: config.servername,
        maxMessageBytes: config.maxmessagesize,
        overQuotaIsPermanent: config.lmtp_over_quota_perm_failure,
        log,
      }),
      log,
    });
    const socket = connect({ path: join(folder, 's'), allowHalfOpen: true });
    process.stdin.pipe(socket);
    socket.pipe(process.stdout, { end: false });
    socket.on('end', () => socket.end());
    // Whoever reads our replies may be gone before the last one.
    process.stdout.on('error', () => socket.destroy());
    await once(socket, 'close');
    process.stdin.unpipe(socket).destroy();
    await listener.drain();
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
