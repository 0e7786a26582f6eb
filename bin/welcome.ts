import type { GatewayAddress, GatewayProtocol } from '../gateway/main.ts';
import { formatAddress } from '../gateway/net/listen-error.ts';
import { homePlace } from '../gateway/open-home.ts';
import type { ListenAddress } from '../lib/base/config.ts';
import type { FirstAccount } from './first-start.ts';
import type { Settings } from './session.ts';

/** What a start tells people: where the server is and how to use it; after the first start also the passwords, once. */
export function welcome(
  settings: Settings,
  addresses: readonly GatewayAddress[],
  accounts: readonly FirstAccount[],
): string {
  const { config, file } = settings;
  const places = (['imap', 'imaps', 'pop3', 'pop3s', 'sieve', 'lmtp', 'smmapd'] as const).flatMap((protocol) => {
    const found = of(addresses, protocol).map(formatAddress);
    return found.length === 0 ? [] : [`  ${PROTOCOLS[protocol].padEnd(24)} ${found.join(', ')}`];
  });
  const head = [
    '',
    'Cirrus serves.',
    '',
    ...places,
    `  ${'data'.padEnd(24)} ${homePlace(config)}`,
    `  ${'configuration'.padEnd(24)} ${file ?? 'none, defaults only (docs/config.md)'}`,
    '',
  ];
  const lines = accounts.length === 0 ? ['Ctrl-C stops it.', ''] : firstSteps(settings, addresses, accounts);
  return `${[...head, ...lines].join('\n')}\n`;
}

const PROTOCOLS: Readonly<Record<GatewayProtocol, string>> = {
  imap: 'IMAP (STARTTLS)',
  imaps: 'IMAP inside TLS',
  pop3: 'POP3 (STLS)',
  pop3s: 'POP3 inside TLS',
  sieve: 'ManageSieve (STARTTLS)',
  lmtp: 'LMTP',
  smmapd: 'recipient check',
};

function of(addresses: readonly GatewayAddress[], protocol: GatewayProtocol): readonly ListenAddress[] {
  return addresses.filter((each) => each.protocol === protocol).map(({ address }) => address);
}

function firstSteps(
  settings: Settings,
  addresses: readonly GatewayAddress[],
  accounts: readonly FirstAccount[],
): readonly string[] {
  const user = accounts.find(({ isAdmin }) => !isAdmin);
  const admin = accounts.find(({ isAdmin }) => isAdmin);
  const lines: string[] = [];
  if (user !== undefined) lines.push(...clientSteps(addresses, user), ...firstMail(settings, addresses, user));
  if (admin !== undefined) lines.push(`The administrator is ${admin.name}, password ${admin.password}`, '');
  lines.push(
    'These passwords are not shown again; `npm run cirrus -- user passwd NAME` makes another.',
    `More users: \`npm run cirrus -- ${configOption(settings)}user add NAME\`. Ctrl-C stops the server.`,
    '',
  );
  return lines;
}

/** What to type into a mail client. */
function clientSteps(addresses: readonly GatewayAddress[], { name, password }: FirstAccount): readonly string[] {
  const [imaps] = tcp(of(addresses, 'imaps'));
  const [imap] = tcp(of(addresses, 'imap'));
  const place = imaps ?? imap;
  if (place === undefined) return [];
  return [
    'In a mail client (an account of type IMAP):',
    `  server      ${hostOf(place)}`,
    `  port        ${place.port}`,
    `  security    ${place === imaps ? 'SSL/TLS' : 'STARTTLS'} (the certificate is self-signed: accept it, or see tls_server_cert)`,
    `  user        ${name}`,
    `  password    ${password}`,
    '',
  ];
}

function firstMail(settings: Settings, addresses: readonly GatewayAddress[], user: FirstAccount): readonly string[] {
  const { name } = user;
  const address = name.includes('@') ? name : `${name}@localhost`;
  const lines = [
    'A first message, from another terminal in this folder:',
    `  printf 'From: ${address}\\nSubject: Hello\\n\\nIt works.\\n' | npm run -s cirrus -- ${configOption(settings)}deliver ${name}`,
  ];
  const [lmtp] = tcp(of(addresses, 'lmtp'));
  if (lmtp !== undefined) {
    lines.push(
      'or over LMTP, as a mail server will:',
      `  swaks --protocol LMTP --server ${formatAddress(lmtp)} --from ${address} --to ${address}`,
    );
  }
  const [imaps] = tcp(of(addresses, 'imaps'));
  if (imaps !== undefined) {
    lines.push(
      'and read it:',
      `  curl -sk --user '${name}:${user.password}' 'imaps://${formatAddress(imaps)}/INBOX;MAILINDEX=1'`,
    );
  }
  return [...lines, ''];
}

type TcpAddress = Extract<ListenAddress, { port: number }>;

function tcp(addresses: readonly ListenAddress[]): readonly TcpAddress[] {
  return addresses.filter((address) => 'port' in address);
}

function hostOf({ host }: TcpAddress): string {
  return host ?? 'the name of this machine';
}

/** So that a line that is copied uses the same configuration. */
function configOption({ file, config }: Settings): string {
  return file === undefined || file.startsWith(config.configdirectory) ? '' : `-C ${file} `;
}
