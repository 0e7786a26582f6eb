import { expect, test } from 'vitest';
import { OwnThread } from '../../lib/embedded/own-thread.ts';
import { StoreError } from '../../lib/store/errors.ts';

test('an error of a thread is what it was: refusals, what the world did with its cause, and our own mistakes', async () => {
  const module = new URL('../support/failing-thread.ts', import.meta.url);
  const thread = new OwnThread<string, never>({ module, name: 'failing', data: undefined });
  const failure = (question: string): Promise<unknown> => thread.ask(question).catch((error: unknown) => error);
  try {
    const world = await failure('world');
    expect(world).toBeInstanceOf(StoreError);
    expect(world).toMatchObject({ code: 'unavailable', message: 'writing', cause: { message: 'no space left' } });
    const refusal = await failure('refusal');
    expect(refusal).toBeInstanceOf(StoreError);
    expect(refusal).toMatchObject({ code: 'too-big' });
    expect(refusal).not.toHaveProperty('cause');
    const mistake = await failure('a mistake');
    expect(mistake).not.toBeInstanceOf(StoreError);
    expect(mistake).toMatchObject({ message: 'a mistake' });
  } finally {
    await thread.close();
  }
});
