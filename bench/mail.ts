const WORDS =
  'invoice meeting project report quarterly customer delivery schedule attached please review forward budget team release notes server failure weekly summary holiday contract signed draft version'.split(
    ' ',
  );

/** A message such as people send: the same for the same number, of about so many bytes, with a thread to belong to. */
export function message(number: number, sizeBytes = 4096): Buffer {
  const random = generator(number);
  const word = (): string => WORDS[Math.floor(random() * WORDS.length)] ?? '';
  const thread = Math.floor(number / 5) * 5;
  const subject = `${number === thread ? '' : 'Re: '}${WORDS[thread % WORDS.length]} ${thread}`;
  const parent =
    number === thread
      ? ''
      : `In-Reply-To: <${number - 1}@bench.example>\r\nReferences: <${thread}@bench.example> <${number - 1}@bench.example>\r\n`;
  const at = new Date(Date.UTC(2026, 0, 1) + ((number * 7919) % 20_000_000) * 1000)
    .toUTCString()
    .replace('GMT', '+0000');
  const head = `Received: from mx.bench.example by mail.bench.example with ESMTPS id ${number}; ${at}\r
Message-ID: <${number}@bench.example>\r
${parent}Date: ${at}\r
From: "${word()} ${word()}" <${word()}.${number % 97}@sender.example>\r
To: Reader <reader@bench.example>, ${word()}@bench.example\r
Subject: ${subject}\r
MIME-Version: 1.0\r
Content-Type: multipart/alternative; boundary="b${number}"\r
\r
--b${number}\r
Content-Type: text/plain; charset=utf-8\r
\r
`;
  const middle = `\r\n--b${number}\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>${word()} ${word()}</p>\r\n`;
  const end = `--b${number}--`;
  let text = '';
  while (head.length + text.length + middle.length + end.length < sizeBytes) {
    let line = word();
    while (line.length < 60) line += ` ${word()}`;
    text += `${line}\r\n`;
  }
  return Buffer.from(head + text + middle + end);
}

/** Mulberry32: small, and the same everywhere. */
function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
