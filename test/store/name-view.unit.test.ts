import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Id } from '../../lib/base/ids.ts';
import { NameView } from '../../lib/store/name-view.ts';

const id = '0'.repeat(32) as Id;

function viewOf(name: string, { altNamespace = true, unixHierarchySep = true, isAdmin = false } = {}): NameView {
  const user = { name, id, tree: id, space: id, verifier: undefined, groups: [], rev: 1 };
  return new NameView({ user, isAdmin, naming: { altNamespace, unixHierarchySep } });
}

describe('names of the store and of the wire', () => {
  const dotted = viewOf('anna', { altNamespace: false, unixHierarchySep: false });
  const below = viewOf('anna', { altNamespace: false });
  const beside = viewOf('anna', { unixHierarchySep: false });
  const admin = viewOf('cyrus', { isAdmin: true });
  const dottedAdmin = viewOf('cyrus', { isAdmin: true, unixHierarchySep: false });
  const domainAdmin = viewOf('root@example.net', { isAdmin: true });

  test.each([
    [dotted, 'INBOX', 'INBOX'],
    [dotted, 'Sent', 'INBOX.Sent'],
    [dotted, 'a.b/c', 'INBOX.a^b.c'],
    [dotted, 'a^b', 'INBOX.a/b'],
    [dotted, 'INBOX/Trash', 'INBOX.INBOX.Trash'],
    [dotted, 'INBOX/INBOX', 'INBOX.INBOX'],
    [dotted, 'INBOX/INBOX/INBOX', 'INBOX.INBOX.INBOX'],
    [dotted, 'Other Users/joe/INBOX', 'user.joe'],
    [dotted, 'Other Users/joe.doe/A/B', 'user.joe^doe.A.B'],
    [dotted, 'Other Users/joe@example.net/A', 'user.joe.A@example.net'],
    [dotted, 'Shared Folders/News/Local', 'News.Local'],
    [below, 'Sent', 'INBOX/Sent'],
    [below, 'a.b', 'INBOX/a.b'],
    [below, 'Other Users/joe/INBOX', 'user/joe'],
    [below, 'Shared Folders/News', 'News'],
    [beside, 'a/b.c', 'a.b^c'],
    [beside, 'Other Users/joe/INBOX', 'Other Users.joe.INBOX'],
    [beside, 'Shared Folders/News', 'Shared Folders.News'],
    [admin, 'Other Users/joe/INBOX', 'user/joe'],
    [admin, 'Other Users/joe@example.net/Sent/2004', 'user/joe/Sent/2004@example.net'],
    [admin, 'Shared Folders@example.net/News', 'News@example.net'],
    [dottedAdmin, 'Other Users/joe.doe@example.net/Sent', 'user.joe^doe.Sent@example.net'],
    [domainAdmin, 'Other Users/joe@example.net/Sent', 'user/joe/Sent'],
    [domainAdmin, 'Shared Folders/News', 'News'],
  ])('%# %s', (view, stored, wire) => {
    expect(view.toWire(stored)).toBe(wire);
    expect(view.fromWire(wire)).toBe(stored);
  });

  test('other spellings', () => {
    expect(dotted.fromWire('inbox.Sent')).toBe('Sent');
    expect(dotted.fromWire('INBOX.Sent.')).toBe('Sent/');
    expect(dotted.fromWire('user')).toBe('Other Users');
    expect(admin.fromWire('user/joe@example.net/Sent')).toBe('Other Users/joe@example.net/Sent');
    expect(domainAdmin.fromWire('user/joe/Sent@example.net')).toBe('Other Users/joe@example.net/Sent');
    expect(dotted.fromPattern('INBOX.%')).toBe('INBOX/%');
    expect(dottedAdmin.fromPattern('user.%@example.net')).toBe('user/%@example.net');
    expect(dotted.fromWire('')).toBe('');
  });

  test('what is above a name is what the user sees above it', () => {
    expect(dotted.parentOf('Sent')).toBe('INBOX');
    expect(dotted.parentOf('INBOX')).toBeUndefined();
    expect(dotted.parentOf('Other Users/joe/Sent')).toBe('Other Users/joe/INBOX');
    expect(dotted.parentOf('Other Users/joe/INBOX')).toBe('Other Users');
    expect(dotted.parentOf('Shared Folders/News')).toBeUndefined();
    expect(admin.parentOf('Other Users/joe@example.net/Sent')).toBe('Other Users/joe@example.net/INBOX');
    expect(beside.parentOf('Shared Folders/News')).toBe('Shared Folders');
    expect(dotted.isWithin('Sent', 'INBOX')).toBe(true);
    expect(viewOf('anna').isWithin('Sent', 'INBOX')).toBe(false);
  });

  test('nothing is lost: a name of the store is one of the wire, and back', () => {
    const segment = fc.oneof(
      fc.constantFrom('INBOX', 'Inbox', 'Sent', 'a.b', '^', 'x^.y'),
      fc.string({ minLength: 1 }),
    );
    const path = fc
      .array(segment, { minLength: 1, maxLength: 4 })
      .map((all) => all.map((one) => one.replaceAll('/', '')));
    const own = path.filter(
      (all) => all.every((one) => one !== '') && !/^(Other Users|Shared Folders)/.test(all[0] ?? ''),
    );
    const stored = own.map(([first = '', ...rest]) => [/^inbox$/i.test(first) ? 'INBOX' : first, ...rest].join('/'));
    const prefix = fc.constantFrom('', 'Other Users/joe/', 'Other Users/joe.x/');
    fc.assert(
      fc.property(prefix, stored, (before, name) => {
        for (const view of [dotted, below, beside]) {
          // An @ in another user's name is the domain's.
          if (before !== '' && name.includes('@')) continue;
          expect(view.fromWire(view.toWire(`${before}${name}`))).toBe(`${before}${name}`);
        }
      }),
    );
  });
});
