import { type ChildProcess, fork } from 'node:child_process';
import type { ImapLimits } from '../../../lib/base/limits.ts';
import { CannotConvert } from '../../../lib/convert/converted.ts';
import type { ImageRequest } from '../../../lib/convert/image.ts';
import type { ImageAnswer } from '../../../lib/convert/image-child.ts';

const CHILD = new URL('../../../lib/convert/image-child.ts', import.meta.url);

type Limits = Pick<ImapLimits, 'convertImagePixels' | 'convertImageMs' | 'convertImagesWaiting' | 'convertImageIdleMs'>;

/**
 * Pictures of all sessions, converted one at a time in a process of its own that begins with the first and ends when there are
 * none for a while (ADR 13). A picture that takes too long, or brings the process down, fails alone.
 */
export class ImageProcess {
  readonly #limits: Limits;
  #child: ChildProcess | undefined;
  #idle: NodeJS.Timeout | undefined;
  #waiting = 0;
  #last: Promise<unknown> = Promise.resolve();

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  /** Throws {@link CannotConvert}. */
  convert(request: Omit<ImageRequest, 'maxPixels'>): Promise<Buffer> {
    if (this.#waiting >= this.#limits.convertImagesWaiting) {
      throw new CannotConvert('Too many pictures are being converted', [], true);
    }
    this.#waiting++;
    const run = this.#last.then(() => this.#run({ ...request, maxPixels: this.#limits.convertImagePixels }));
    const done = (): void => void this.#waiting--;
    this.#last = run.then(done, done);
    return run;
  }

  #run(request: ImageRequest): Promise<Buffer> {
    const child = this.#started();
    return new Promise<Buffer>((resolve, reject) => {
      const end = (outcome: Buffer | string): void => {
        clearTimeout(timer);
        child.off('message', hear).off('exit', exit);
        this.#rest(child);
        if (typeof outcome === 'string') reject(new CannotConvert(outcome));
        else resolve(outcome);
      };
      const hear = ({ bytes }: ImageAnswer): void =>
        end(bytes === undefined ? 'The picture cannot be read' : Buffer.from(bytes));
      const exit = (): void => end('The picture cannot be read');
      const timer = setTimeout(() => {
        this.#stop(child);
        end('The picture takes too long');
      }, this.#limits.convertImageMs);
      child.on('message', hear).on('exit', exit);
      child.send(request, (error) => error !== null && end('The picture cannot be read'));
    });
  }

  #started(): ChildProcess {
    clearTimeout(this.#idle);
    if (this.#child !== undefined) return this.#child;
    // It is told nothing of ours: no configuration, no credentials.
    const child = fork(CHILD, {
      serialization: 'advanced',
      env: {},
      execArgv: ['--max-old-space-size=128'],
      stdio: 'ignore',
    });
    child.on('exit', () => this.#forget(child)).on('error', () => this.#forget(child));
    this.#child = child;
    return child;
  }

  /** Nobody waits for it: it does not keep the gateway running. */
  #rest(child: ChildProcess): void {
    child.unref();
    child.channel?.unref();
    this.#idle = setTimeout(() => this.#stop(child), this.#limits.convertImageIdleMs);
    this.#idle.unref();
  }

  #stop(child: ChildProcess): void {
    this.#forget(child);
    child.kill('SIGKILL');
  }

  #forget(child: ChildProcess): void {
    if (this.#child === child) this.#child = undefined;
  }
}
