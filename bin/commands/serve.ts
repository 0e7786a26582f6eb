import { Command } from 'commander';
import { openLog } from '../../lib/base/log.ts';
import { type FirstAccount, prepareAccounts } from '../first-start.ts';
import { openHomeOf, readSettings } from '../session.ts';
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
  const gateway = await openHomeOf(config, () => startGateway(config, log));
  const show = (text: string): void => void process.stderr.write(text);
  const greet = (accounts: readonly FirstAccount[]): void => show(welcome(settings, gateway.addresses, accounts));
  // What a gateway of the AWS home prints is in a log, where passwords must not be: there people add the first users.
  if (config.home === 'aws') greet([]);
  else await prepareAccounts(gateway.store, config, greet);
  log.info('ready');
  const signal = await signals.first;
  log.info({ signal }, 'stopping');
  await gateway.stop();
  log.info('stopped');
  signals.done();
}
