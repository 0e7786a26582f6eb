import type { Config } from '../base/config.ts';
import type { Outbox } from '../store/ports.ts';

/** Who sends outgoing mail by the configuration; undefined: nobody. What is not used is not loaded. */
export async function outboxOfConfig(config: Config): Promise<Outbox | undefined> {
  const { smtp_relay: relay, smtp_relay_user: user, smtp_relay_password: password } = config;
  if (relay === 'off') return undefined;
  if (relay === 'ses') {
    const { SesOutbox } = await import('../aws/outbox-ses.ts');
    const { aws_region: region, defaultdomain, smtp_ses_sender: given } = config;
    const postmaster = defaultdomain === '' ? undefined : `postmaster@${defaultdomain}`;
    const sender = given === '' ? postmaster : given;
    return new SesOutbox({ ...(sender !== undefined && { sender }), ...(region !== '' && { client: { region } }) });
  }
  const { SmtpOutbox } = await import('../smtp/outbox.ts');
  const login = user === '' ? {} : { login: { user, password } };
  return new SmtpOutbox({ ...relay, tls: config.smtp_relay_tls, servername: config.servername, ...login });
}
