import type { Extension } from '../definition.ts';
import { comparators } from './comparators.ts';
import { copy } from './copy.ts';
import { core } from './core.ts';
import { encodedCharacter } from './encoded-character.ts';
import { envelope } from './envelope.ts';
import { fileinto } from './fileinto.ts';
import { imap4flags } from './imap4flags.ts';
import { ereject, reject } from './reject.ts';
import { relational } from './relational.ts';
import { subaddress } from './subaddress.ts';
import { variables } from './variables.ts';

/** Every extension of the language, one row each; their order is that of the SIEVE capability. */
export const extensions: readonly Extension[] = [
  core,
  fileinto,
  reject,
  ereject,
  envelope,
  encodedCharacter,
  copy,
  variables,
  relational,
  imap4flags,
  subaddress,
  ...comparators,
];
