import { parseDate } from '../../message/date.ts';
import { isoText, zoneOf } from '../date-text.ts';
import type { Extension } from '../definition.ts';
import { fieldAddresses } from '../headers.ts';
import type { Matching } from '../match.ts';
import type { SieveEnvelope } from '../message.ts';
import type { Run } from '../run.ts';
import type { CompiledNode } from '../script.ts';

/** Parts that hold addresses; those of extensions are compared as they are (RFC 6009 §4). */
const addresses = ['from', 'to', 'auth'];

/** RFC 5228 §5.4: the addresses of the SMTP envelope. */
export const envelope: Extension = {
  capability: 'envelope',
  tests: [
    {
      name: 'envelope',
      match: true,
      addressPart: true,
      parameters: [
        { name: 'parts', type: 'strings' },
        { name: 'keys', type: 'strings' },
      ],
      check: ({ values, capabilities, matching }) => {
        const given = values.get('parts');
        const constant = Array.isArray(given) ? given.filter((part) => typeof part === 'string') : [];
        const unknown = constant.find((part) => !isPart(part, (name) => capabilities.has(name)));
        if (unknown !== undefined) return `The envelope has no part "${unknown.slice(0, 64)}".`;
        return wrongPart(constant, matching);
      },
      run: (node, run) => {
        // RFC 6785 §4.6.
        if (run.environment.imapEvent === true) run.fail('There is no envelope where no message is delivered.');
        const { part, type } = node.matching;
        const names = run.texts(node, 'parts').map((name) => name.toLowerCase());
        const unknown = names.find((name) => !isPart(name, (capability) => run.inForce(node, capability)));
        if (unknown !== undefined) run.fail(`The envelope has no part "${unknown.slice(0, 64)}".`);
        const wrong = wrongPart(names, node.matching);
        if (wrong !== undefined) run.fail(wrong);
        const values = names.flatMap((name) => {
          const found = partValues(run.environment.envelope, name);
          if (name === 'bytimeabsolute') return found.map((text) => inZone(text, node, run));
          if (!addresses.includes(name)) return found;
          return found.flatMap((text) => {
            // The null reverse-path is empty, whatever part of it is asked for (RFC 5228 §5.4).
            if (text === '') return [''];
            return fieldAddresses([text]).flatMap((address) => part.of(address, run.environment.detailSeparator) ?? []);
          });
        });
        // RFC 5231 §4.2: the null reverse-path is no address.
        const counted = type.name === 'count' ? values.filter((value) => value !== '') : values;
        return type.run(counted, run.texts(node, 'keys'), node.matching, run);
      },
    },
  ],
};

/** Parts of the envelope that a capability brings (RFC 6009 §4, §5). */
const partsOf: Readonly<Record<string, readonly string[]>> = {
  'envelope-dsn': ['notify', 'orcpt', 'ret', 'envid'],
  'envelope-deliverby': ['bytimeabsolute', 'bytimerelative', 'bymode', 'bytrace'],
};

function isPart(name: string, inForce: (capability: string) => boolean): boolean {
  const part = name.toLowerCase();
  if (addresses.includes(part)) return true;
  return Object.entries(partsOf).some(([capability, parts]) => inForce(capability) && parts.includes(part));
}

/** RFC 6009 §4, §5: what is no address has no parts. */
function wrongPart(names: readonly string[], { part, given }: Matching): string | undefined {
  const name = given.has('part') ? names.find((one) => !addresses.includes(one.toLowerCase())) : undefined;
  return name === undefined ? undefined : `":${part.name}" cannot be used: "${name}" of the envelope is no address.`;
}

/** RFC 6009 §5: the moment in the zone that the test names, or in that of the server. */
function inZone(text: string, node: CompiledNode, run: Run): string {
  const date = parseDate(text);
  const zone = run.has(node, ':zone') ? zoneOf(run.text(node, ':zone')) : run.environment.zoneMinutes;
  return date === undefined ? text : isoText(date.epochSeconds * 1000, zone);
}

function partValues(given: SieveEnvelope, name: string): readonly string[] {
  if (name === 'from') return [given.from];
  if (name === 'to') return [given.to];
  if (name === 'auth') return given.auth === undefined ? [] : [given.auth];
  return given.parts?.get(name) ?? [];
}
