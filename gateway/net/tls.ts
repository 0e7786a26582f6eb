import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { createSecureContext, type SecureContext } from 'node:tls';
import { ConfigError } from '../../lib/base/config.ts';
import type { Log } from '../../lib/base/log.ts';
import { ensureSelfSigned } from './self-signed.ts';

export interface CertificateFiles {
  /** PEM: the certificate, then its chain. */
  readonly certFile: string;
  /** PEM: the private key; may be the same file. */
  readonly keyFile: string;
}

/** Looking at the files more often than this is not worth a system call per handshake. */
const CHECK_EVERY_MS = 1000;

/** The server's certificate: read again when the files change, so that renewing it needs no restart. */
export class Certificate {
  readonly #files: CertificateFiles;
  readonly #log: Log;
  readonly #checkEveryMs: number;
  #context: SecureContext;
  #seen: string;
  #checkedAt = performance.now();

  private constructor(files: CertificateFiles, log: Log, checkEveryMs: number) {
    this.#files = files;
    this.#log = log;
    this.#checkEveryMs = checkEveryMs;
    this.#seen = fingerprint(files);
    this.#context = load(files);
  }

  /** Reads the files; throws a {@link ConfigError} that names them when they cannot be used. */
  static open(files: CertificateFiles, log: Log, checkEveryMs = CHECK_EVERY_MS): Certificate {
    try {
      return new Certificate(files, log, checkEveryMs);
    } catch (cause) {
      const { certFile, keyFile } = files;
      const key = keyFile === certFile ? '' : ` with the key ${keyFile}`;
      throw new ConfigError(`the certificate ${certFile}${key} cannot be used: ${text(cause)}`, { cause });
    }
  }

  /** The configured certificate, else the self-signed one of the data folder, which is made when it is not there. */
  static async ofConfig(
    config: {
      readonly configdirectory: string;
      readonly servername: string;
      readonly tls_server_cert: string;
      readonly tls_server_key: string;
    },
    log: Log,
  ): Promise<Certificate> {
    const certFile = config.tls_server_cert;
    if (certFile !== '') return Certificate.open({ certFile, keyFile: config.tls_server_key || certFile }, log);
    const files = await ensureSelfSigned(join(config.configdirectory, 'tls'), config.servername);
    return Certificate.open(files, log);
  }

  /** What new TLS connections use. */
  get context(): SecureContext {
    const now = performance.now();
    if (now - this.#checkedAt >= this.#checkEveryMs) {
      this.#checkedAt = now;
      this.#reload();
    }
    return this.#context;
  }

  #reload(): void {
    try {
      const current = fingerprint(this.#files);
      if (current === this.#seen) return;
      // Remembered even when it cannot be used: half-replaced files are tried again when the other half comes.
      this.#seen = current;
      this.#context = load(this.#files);
      this.#log.info({ file: this.#files.certFile }, 'certificate reloaded');
    } catch (cause) {
      this.#log.warn(
        { file: this.#files.certFile, reason: text(cause) },
        'new certificate cannot be used, keeping the old one',
      );
    }
  }
}

function load({ certFile, keyFile }: CertificateFiles): SecureContext {
  return createSecureContext({ cert: readFileSync(certFile), key: readFileSync(keyFile), minVersion: 'TLSv1.2' });
}

function fingerprint({ certFile, keyFile }: CertificateFiles): string {
  const parts = [certFile, keyFile].map((file) => {
    const { mtimeMs, size, ino } = statSync(file);
    return `${mtimeMs} ${size} ${ino}`;
  });
  return parts.join(' ');
}

const REASONS: ReadonlyMap<string, string> = new Map([
  ['ENOENT', 'there is no such file'],
  ['EACCES', 'this user may not read it'],
  ['EISDIR', 'it is a folder'],
  ['ERR_OSSL_PEM_NO_START_LINE', 'there is no certificate in PEM in it'],
  ['ERR_OSSL_UNSUPPORTED', 'there is no private key in PEM in it'],
  ['ERR_OSSL_BAD_DECRYPT', 'the private key is protected by a password'],
  ['ERR_OSSL_X509_KEY_VALUES_MISMATCH', 'the private key belongs to another certificate'],
]);

/** Why files cannot be used, in words where we have them, and which of them it is where the system says so. */
function text(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  const reason = 'code' in cause ? REASONS.get(String(cause.code)) : undefined;
  if (reason === undefined) return cause.message;
  return 'path' in cause ? `${String(cause.path)}: ${reason}` : reason;
}
