const EVERY_MS = { terminal: 200, lines: 5000 };
const BAR = 24;

/** Tells people on standard error how far it is: a bar on a terminal, else a line every few seconds. */
export class Progress {
  readonly #what: string;
  readonly #total: number;
  readonly #out: NodeJS.WriteStream;
  readonly #startedMs = performance.now();
  #done = 0;
  #messages = 0;
  #toldMs = performance.now();

  constructor(what: string, total: number, out: NodeJS.WriteStream = process.stderr) {
    this.#what = what;
    this.#total = total;
    this.#out = out;
  }

  /** One more message, which is `weight` of the total. */
  add(weight: number): void {
    this.#done += weight;
    this.#messages++;
    const now = performance.now();
    if (now - this.#toldMs < (this.#out.isTTY ? EVERY_MS.terminal : EVERY_MS.lines)) return;
    this.#toldMs = now;
    this.#out.write(this.#out.isTTY ? `\r${this.#bar(now)}\u001b[K` : `${this.#line(now)}\n`);
  }

  /** Takes the bar away. */
  end(): void {
    if (this.#out.isTTY) this.#out.write('\r\u001b[K');
  }

  #bar(now: number): string {
    const filled = Math.round(this.#share() * BAR);
    return `[${'#'.repeat(filled)}${' '.repeat(BAR - filled)}] ${this.#line(now)}`;
  }

  #line(now: number): string {
    const rate = Math.round((this.#messages * 1000) / Math.max(1, now - this.#startedMs));
    return `${this.#what}: ${Math.floor(this.#share() * 100)} %, ${this.#messages} messages, ${rate}/s`;
  }

  #share(): number {
    return this.#total === 0 ? 1 : Math.min(1, this.#done / this.#total);
  }
}
