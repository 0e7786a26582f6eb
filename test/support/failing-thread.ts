import { answerQuestions } from '../../lib/embedded/own-thread.ts';
import { StoreError } from '../../lib/store/errors.ts';

/** Each question fails, as the name of the failure says. */
answerQuestions<string, never>(
  (failure) => {
    if (failure === 'world') throw new StoreError('unavailable', 'writing', { cause: new Error('no space left') });
    if (failure === 'refusal') throw new StoreError('too-big', 'more than a value may have');
    throw new TypeError(failure);
  },
  () => undefined,
);
