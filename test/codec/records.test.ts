import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FormatError } from '../../lib/base/bytes.ts';
import { decodeHead, encodeHead } from '../../lib/store/head.ts';
import * as mailbox from '../../lib/store/mailbox-records.ts';
import { decodeCounts, encodeCounts } from '../../lib/store/mailbox-view.ts';
import { decodeRecords, encodeRecord } from '../../lib/store/record.ts';
import * as tree from '../../lib/store/tree-records.ts';
import { decodeTreeExtra, encodeTreeExtra } from '../../lib/store/tree-view.ts';
import {
  anyCounts,
  anyFlags,
  anyHead,
  anyId,
  anyName,
  anyRecord,
  anySeq,
  anyUids,
  bytes,
  roundTrips,
} from './arbitrary-records.ts';

const keywords = fc.array(anyName, { maxLength: 4 });
const acl = fc.array(fc.tuple(anyName, anyName), { maxLength: 4 }).map((rows) => new Map(rows));
const limit = fc.option(fc.nat({ max: 2 ** 40 }), { nil: undefined });
const pieceRef = fc.record({ id: anyId, isObject: fc.boolean() });
const quotaRoot = fc.record({ id: anyId, storageKib: limit, messages: limit });

describe('records of a log', () => {
  it('come back as they were written', () => {
    fc.assert(
      fc.property(fc.array(anyRecord, { maxLength: 10 }), (records) => {
        expect(decodeRecords(Buffer.concat(records.map(encodeRecord)))).toEqual(records);
      }),
    );
  });

  it('are refused when they are cut short, and never read as others', () => {
    fc.assert(
      fc.property(anyRecord, fc.nat(), (record, at) => {
        const packed = encodeRecord(record);
        const cut = packed.subarray(0, 1 + (at % (packed.length - 1)));
        if (cut.length < packed.length) expect(() => decodeRecords(cut)).toThrow(FormatError);
      }),
    );
  });
});

describe('heads', () => {
  it('come back as they were written', () => {
    fc.assert(
      fc.property(anyHead, (head) => {
        expect(decodeHead(encodeHead(head, Buffer.concat(head.tail.map(encodeRecord))))).toEqual(head);
      }),
    );
  });

  it('hold the counts of a mailbox and what a tree keeps there', () => {
    roundTrips(anyCounts, (counts) => decodeCounts(encodeCounts(counts)));
    const extra = fc.record({
      inbox: fc.option(anyId, { nil: undefined }),
      quota: fc.option(quotaRoot, { nil: undefined }),
      script: fc.option(pieceRef, { nil: undefined }),
    });
    roundTrips(extra, (value) => decodeTreeExtra(encodeTreeExtra(value)));
  });
});

describe("records of a mailbox's log", () => {
  const message = fc.record({
    blob: anyId,
    sizeBytes: fc.nat({ max: 2 ** 40 }),
    internalDate: fc.integer({ min: -(2 ** 31), max: 2 ** 35 }),
    flags: anyFlags,
  });

  it('append', () => {
    const body = fc.record({
      firstUid: fc.integer({ min: 1, max: 2 ** 32 - 1 }),
      newKeywords: keywords,
      messages: fc.array(message, { maxLength: 40 }),
      delivered: fc.boolean(),
    });
    roundTrips(body, (it) => mailbox.readAppend(mailbox.appendRecord(it).body));
  });

  it('flags', () => {
    const mask = fc.oneof(
      anyFlags,
      anyFlags.map(({ system }) => ({ system, keywords: 'all' as const })),
    );
    const body = fc.record({ newKeywords: keywords, clear: mask, set: anyFlags, uids: anyUids });
    roundTrips(body, (it) => mailbox.readFlags(mailbox.flagsRecord(it).body));
  });

  it('expunge, purge, move', () => {
    const expunge = fc.record({
      reason: fc.constantFrom('expunge' as const, 'move' as const, 'expire' as const),
      uids: anyUids,
      sizeBytes: fc.nat({ max: 2 ** 50 }),
      intent: fc.option(bytes(8), { nil: undefined }),
    });
    roundTrips(expunge, (it) => mailbox.readExpunge(mailbox.expungeRecord(it).body));
    const replace = fc.record({ append: bytes(30), expunge: bytes(9) });
    roundTrips(replace, (it) => mailbox.readReplace(mailbox.replaceRecord(it).body));
    roundTrips(anyUids, (it) => mailbox.readPurge(mailbox.purgeRecord(it).body));
    const intent = fc.record({ intent: bytes(8), destination: anyId, destinationSeq: anySeq, uids: anyUids });
    roundTrips(
      fc.oneof(
        intent,
        intent.chain((it) => anyId.map((user) => ({ ...it, user }))),
      ),
      (it) => mailbox.readMoveIntent(mailbox.moveIntentRecord(it).body),
    );
  });
});

describe("scripts in a tree's log", () => {
  it('put and rename', () => {
    const put = fc.record({ name: anyName, piece: pieceRef, sizeBytes: fc.nat({ max: 2 ** 40 }) });
    roundTrips(put, (it) => tree.readPutScript(tree.putScriptRecord(it).body));
    roundTrips(fc.record({ from: anyName, to: anyName }), ({ from, to }) =>
      tree.readRenameScript(tree.renameScriptRecord(from, to).body),
    );
  });
});

describe("records of a tree's log", () => {
  it('come back as they were written', () => {
    const bind = fc.record({ name: anyName, mailbox: anyId, specialUse: keywords, acl });
    roundTrips(bind, (it) => tree.readBind(tree.bindRecord(it).body));
    const rename = fc.record({ from: anyName, to: anyName, newInbox: fc.option(anyId, { nil: undefined }) });
    roundTrips(rename, (it) => tree.readRename(tree.renameRecord(it).body));
    const setAcl = fc.record({ name: anyName, identifier: anyName, rights: fc.option(anyName, { nil: undefined }) });
    roundTrips(setAcl, (it) => tree.readSetAcl(tree.setAclRecord(it).body));
    fc.assert(
      fc.property(anyName, fc.boolean(), (name, on) => {
        expect(tree.readSubscribe(tree.subscribeRecord(name, on).body)).toEqual({ name, on });
        expect(tree.readName(tree.unbindRecord(name).body)).toBe(name);
      }),
    );
    fc.assert(
      fc.property(anyName, keywords, fc.option(quotaRoot, { nil: undefined }), (name, specialUse, root) => {
        expect(tree.readSpecialUse(tree.specialUseRecord(name, specialUse).body)).toEqual({ name, specialUse });
        expect(tree.readSetQuota(tree.setQuotaRecord(name, root).body)).toEqual({ name, root });
      }),
    );
    fc.assert(
      fc.property(anyName, anyName, fc.option(anyName, { nil: undefined }), (name, entry, value) => {
        const read = tree.readAnnotate(tree.annotateRecord(name, entry, value).body);
        expect(read).toEqual({ key: tree.annotationKey(name, entry), value });
      }),
    );
    fc.assert(
      fc.property(fc.array(anyId, { maxLength: 5 }), (ids) => {
        expect(tree.readIds(tree.forgetDeletedRecord(ids).body)).toEqual(ids);
      }),
    );
  });
});
