import { Command } from 'commander';
import { openLog } from '../../lib/base/log.ts';
import { prepareAccounts } from '../first-start.ts';
import { openDataFolder, readSettings } from '../session.ts';
import { onStopSignals } from '../stop-signals.ts';
import { welcome } from '../welcome.ts';

/** `cirrus serve`: what `npm start` runs. */
export function serveCommand(): Command {
  return new Command('serve')
    .description('serve IMAP, POP3, ManageSieve and LMTP until SIGTERM or SIGINT; a second one ends at once')
    .action((_options, command: Command) => serve(command.optsWithGlobals<{ config?: string }>()));
}

async function serve(options: { readonly config?: string }): Promise<void> {
  const settings = readSettings(options);
  const { config } = settings;
  const log = openLog(config.loglevel);
  process.on('uncaughtExceptionMonitor', (err) => log.fatal({ err }, 'internal error, the process ends'));
  const signals = onStopSignals(log);
  // Loaded only here: `deliver` runs once per message and needs no protocols.
  const { startGateway } = await import('../../gateway/main.ts');
  // Ports first: a server that cannot listen must not have shown passwords.
  const gateway = await openDataFolder(config, () => startGateway(config, log));
  const show = (text: string): void => void process.stderr.write(text);
  await prepareAccounts(gateway.store, config, (accounts) => show(welcome(settings, gateway.addresses, accounts)));
  log.info('ready');
  const signal = await signals.first;
  log.info({ signal }, 'stopping');
  await gateway.stop();
  log.info('stopped');
  signals.done();
}
