import { decodeWords } from './encoded-word.ts';
import { maxSubjectChars } from './limits.ts';

/** A subject without what replying and forwarding added to it (RFC 5256 §2.1). */
export interface BaseSubject {
  readonly text: string;
  /** Something was taken away that says the message answers or forwards another. */
  readonly isReplyOrForward: boolean;
}

/** subj-trailer = "(fwd)" / WSP */
const trailer = /(?:\(fwd\)|[ \t])$/i;

/** subj-blob = "[" *BLOBCHAR "]" *WSP */
const blob = /^\[[^[\]]*\][ \t]*/;

/** subj-refwd = ("re" / ("fw" ["d"])) *WSP [subj-blob] ":" */
const refwd = /^(?:re|fwd?)[ \t]*(?:\[[^[\]]*\][ \t]*)?:/i;

/** Extracts the base subject of the raw value of a Subject field. */
export function baseSubject(raw: string): BaseSubject {
  let text = decodeWords(raw.slice(0, maxSubjectChars)).replace(/[ \t\r\n]+/g, ' ');
  let isReplyOrForward = false;
  for (;;) {
    const [trimmed, hadTrailer] = withoutTrailers(text);
    const [rest, hadLeader] = withoutLeaders(trimmed);
    isReplyOrForward ||= hadTrailer || hadLeader;
    // subj-fwd-hdr = "[fwd:", subj-fwd-trl = "]": what is between starts over (step 6).
    const wrapped = /^\[fwd:(.*)\]$/is.exec(rest);
    if (wrapped === null) return { text: rest, isReplyOrForward };
    isReplyOrForward = true;
    text = wrapped[1] ?? '';
  }
}

function withoutTrailers(subject: string): [text: string, hadForward: boolean] {
  let text = subject;
  let hadForward = false;
  for (let match = trailer.exec(text); match !== null; match = trailer.exec(text)) {
    hadForward ||= match[0].length > 1;
    text = text.slice(0, -match[0].length);
  }
  return [text, hadForward];
}

/** Steps 3 to 5: leaders go, and blobs too unless nothing but a blob is left. */
function withoutLeaders(subject: string): [text: string, hadLeader: boolean] {
  let text = subject;
  let hadLeader = false;
  for (;;) {
    const leader = leaderLength(text);
    if (leader > 0) {
      hadLeader ||= text.charAt(leader - 1) === ':';
      text = text.slice(leader);
      continue;
    }
    const blobLength = blob.exec(text)?.[0].length ?? 0;
    if (blobLength === 0 || blobLength === text.length) return [text, hadLeader];
    text = text.slice(blobLength);
  }
}

/** subj-leader = (*subj-blob subj-refwd) / WSP */
function leaderLength(text: string): number {
  if (text.startsWith(' ') || text.startsWith('\t')) return 1;
  let at = 0;
  for (let match = blob.exec(text); match !== null; match = blob.exec(text.slice(at))) at += match[0].length;
  const match = refwd.exec(text.slice(at));
  return match === null ? 0 : at + match[0].length;
}
