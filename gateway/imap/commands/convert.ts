import type { Converted } from '../../../lib/convert/converted.ts';
import { StoreError } from '../../../lib/store/errors.ts';
import { packedSummaries } from '../../../lib/store/messages.ts';
import type { CommandOf } from '../command-of.ts';
import type { Context } from '../context.ts';
import { Converter, type Outcome, type Problem } from '../convert/converter.ts';
import { bad, no, ok, type Reply } from '../reply.ts';
import type { ConvertItem } from '../wire/convert-item.ts';
import {
  badParameters,
  convertedHead,
  convertItemName,
  mimeTypes,
  missingParameters,
  temporaryFailure,
} from '../wire/write/convert.ts';
import { literalHead } from '../wire/write/fetch.ts';
import { maxConvert } from '../wire/write/response-code.ts';
import { string } from '../wire/write/text.ts';

/** What an item is answered by. */
type Answer =
  | { readonly ok: true; readonly pieces: readonly (string | Buffer)[] }
  | { readonly ok: false; readonly text: string };

/** CONVERT and UID CONVERT (RFC 5259 §6): parts as other media types, and headers in another charset. Sets no \\Seen. */
export async function convert(context: Context, command: CommandOf<'CONVERT'>, tag: string): Promise<Reply> {
  const { selected } = context;
  const { convertMessages, convertParts } = context.options.limits;
  if (context.style.uidOnly) return bad('CONVERT tells message numbers, which UIDONLY does without');
  const { uids, expunged } = selected.named(command.set, command.uid);
  if (uids.size > convertMessages) return no('Too many messages at once', maxConvert('MESSAGES', convertMessages));
  const items = inOrder(command);
  const parts = new Set(items.flatMap((item) => ('part' in item ? [item.part.join('.')] : [])));
  if (parts.size > convertParts) return no('Too many parts at once', maxConvert('PARTS', convertParts));
  const rows = [...(await selected.open.mailbox.cold(selected.view, uids))];
  const { context: store } = selected.open.store;
  const unpack = await packedSummaries(
    store,
    selected.open.space,
    rows.map(([, { blob }]) => blob),
  );
  let [converted, failed, gone] = [0, 0, expunged];
  for (const [i, [uid, row]] of rows.entries()) {
    try {
      const summary = await unpack(i);
      const answers = summary && (await answersOf(context, new Converter(context, row, summary, command), items, uid));
      if (answers === undefined) gone = true;
      else {
        for (const [item, { ok: isConverted }] of answers)
          if (item.item !== 'UID') isConverted ? converted++ : failed++;
        await write(context, convertedHead(selected.numbering.sequenceOf(uid), tag), answers);
      }
    } catch (error) {
      if (!(error instanceof StoreError && error.code === 'expunged')) throw error;
      gone = true;
    }
    await context.breathe();
  }
  if (gone && !command.uid) return no('Some of the messages are gone', 'EXPUNGEISSUED');
  if (failed > 0 && converted === 0) return no('All conversions failed');
  return ok(failed > 0 ? 'Some conversions failed' : 'Completed');
}

/** RFC 5259 §8.1, §8.2: UID comes first, and what a part is before its octets. */
function inOrder({ items, uid }: CommandOf<'CONVERT'>): ConvertItem[] {
  const once = new Map(items.map((item) => [JSON.stringify(item), item]));
  const rest = [...once.values()].filter(({ item }) => item !== 'UID');
  const wantsUid = uid || rest.length < once.size;
  const structures = rest.filter(({ item }) => item === 'BODYPARTSTRUCTURE');
  return [
    ...(wantsUid ? [{ item: 'UID' } as const] : []),
    ...structures,
    ...rest.filter(({ item }) => item !== 'BODYPARTSTRUCTURE'),
  ];
}

async function answersOf(
  context: Context,
  converter: Converter,
  items: readonly ConvertItem[],
  uid: number,
): Promise<[ConvertItem, Answer][]> {
  const answers: [ConvertItem, Answer][] = [];
  for (const item of items) answers.push([item, await answerOf(context, converter, item, uid)]);
  return answers;
}

async function answerOf(context: Context, converter: Converter, item: ConvertItem, uid: number): Promise<Answer> {
  switch (item.item) {
    case 'UID':
      return { ok: true, pieces: [`${uid}`] };
    case 'AVAILABLECONVERSIONS':
      return answered(context, converter.targets(item.part), (types) => [mimeTypes(types)]);
    case 'BODY':
      return answered(context, await converter.header(item), (bytes) => [literalHead(bytes.length), bytes]);
    case 'BINARY.SIZE':
      return answered(context, await converter.part(item.part), ({ bytes }) => [`${bytes.length}`]);
    case 'BODYPARTSTRUCTURE':
      return answered(context, await converter.part(item.part), (made) => [structureOf(made)]);
    case 'BINARY':
      return answered(context, await converter.part(item.part), ({ bytes }) => {
        const { offset, count } = item.partial ?? { offset: 0, count: bytes.length };
        const cut = bytes.subarray(offset, offset + count);
        return [literalHead(cut.length, cut.includes(0)), cut];
      });
  }
}

function answered<T>(
  { dialect }: Context,
  outcome: Outcome<T>,
  piecesOf: (value: T) => readonly (string | Buffer)[],
): Answer {
  if (outcome.ok) return { ok: true, pieces: piecesOf(outcome.value) };
  const { text, from, to, kind, params } = outcome.problem satisfies Problem;
  if (kind === 'temporary') return { ok: false, text: temporaryFailure(text, dialect) };
  if (kind === 'missing') {
    return {
      ok: false,
      text: missingParameters(
        text,
        from ?? to,
        to,
        params.map(([name]) => name),
        dialect,
      ),
    };
  }
  return { ok: false, text: badParameters(text, from, to, params, dialect) };
}

/** `body`, of what is sent as octets (RFC 5259 §8.2). */
function structureOf({ type, subtype, charset, bytes }: Converted): string {
  const dialect = { utf8: false };
  const params = charset === undefined ? 'NIL' : `("CHARSET" ${string(charset.toUpperCase(), dialect)})`;
  const encoding = bytes.includes(0) || type !== 'text' ? 'BINARY' : '8BIT';
  const lines = type === 'text' ? ` ${bytes.toString('latin1').split('\n').length - 1}` : '';
  const names = `"${type.toUpperCase()}" "${subtype.toUpperCase()}"`;
  return `(${names} ${params} NIL NIL "${encoding}" ${bytes.length}${lines} NIL NIL NIL NIL)`;
}

async function write(
  context: Context,
  head: string,
  answers: readonly (readonly [ConvertItem, Answer])[],
): Promise<void> {
  context.write(head);
  const { pieceBytes } = context.options.limits;
  for (const [i, [item, answer]] of answers.entries()) {
    context.write(`${i === 0 ? '' : ' '}${convertItemName(item)} `);
    for (const piece of answer.ok ? answer.pieces : [answer.text]) {
      for (let at = 0; at < piece.length; at += pieceBytes) {
        context.write(
          typeof piece === 'string' ? piece.slice(at, at + pieceBytes) : piece.subarray(at, at + pieceBytes),
        );
        await context.flow();
      }
    }
  }
  context.write(')\r\n');
}
