import { describe, expect, it } from 'vitest';
import { refused, samples } from './samples.ts';
import { actions, problems } from './script.ts';

describe('the scripts of the book', () => {
  it.each(samples)('$name', ({ script, mail, actions: expected }) => {
    // The handle of an answer is made of its text, and not for people.
    expect(actions(script, mail).map((action) => action.replace(/ handle=\S+$/, ''))).toEqual(expected);
  });

  it.each(refused)('$name is refused', ({ script, problems: expected }) => {
    expect(problems(script)).toEqual(expected);
  });
});
