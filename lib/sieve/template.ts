import type { Reference, Text } from './script.ts';

const reference = /\$\{((?:[a-z_][a-z0-9_]*\.)(?:[a-z0-9_]+\.)*)?([a-z_][a-z0-9_]*|[0-9]+)\}/gi;

/**
 * Finds the variables of a string (RFC 5229 §3); what is no reference stays as it is. `namespaces` tells which ones
 * there are, `captures` how many match variables: a reference to another is a problem.
 */
export function readTemplate(
  text: string,
  captures: number,
  knows: (namespace: string) => boolean,
): Text | { readonly problem: string } {
  if (!text.includes('${')) return text;
  const pieces: (string | Reference)[] = [];
  let end = 0;
  for (const match of text.matchAll(reference)) {
    const namespace = match[1]?.slice(0, -1).toLowerCase();
    if (namespace !== undefined && !knows(namespace)) {
      return { problem: `There is no namespace of variables named "${namespace.slice(0, 64)}" here.` };
    }
    const name = variableName(match[2] ?? '');
    // RFC 5229 §6: an index that can never be filled.
    if (namespace === undefined && Number(name) > captures) {
      return { problem: `There are match variables up to "\${${captures}}", not "\${${name.slice(0, 64)}}".` };
    }
    if (match.index > end) pieces.push(text.slice(end, match.index));
    pieces.push({ namespace, name });
    end = match.index + match[0].length;
  }
  if (pieces.length === 0) return text;
  if (end < text.length) pieces.push(text.slice(end));
  return { pieces };
}

/** Names are compared without case; leading zeros of a match variable mean nothing (RFC 5229 §3.2). */
function variableName(name: string): string {
  return name.toLowerCase().replace(/^0+(?=[0-9])/, '');
}
