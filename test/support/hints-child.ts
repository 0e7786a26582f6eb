// Opens a hint socket and waits to be killed.
import { openUnixHints } from '../../lib/embedded/hints-unix.ts';

await openUnixHints(process.argv[2] ?? '');
setInterval(() => undefined, 60_000);
