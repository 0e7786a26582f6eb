/** A moment as a Date field has it (RFC 5322 §3.3), in a zone that is so many minutes east of UTC. */
export function dateText(epochMs: number, zoneMinutes: number): string {
  const local = new Date(epochMs + zoneMinutes * 60_000);
  return local.toUTCString().replace('GMT', zoneText(zoneMinutes, ''));
}

/** A moment in the restricted ISO 8601 of RFC 5260 §4.2: `2026-11-24T12:30:05+01:00`, UTC is `Z`. */
export function isoText(epochMs: number, zoneMinutes: number): string {
  const local = new Date(epochMs + zoneMinutes * 60_000).toISOString().slice(0, 19);
  return `${local}${zoneMinutes === 0 ? 'Z' : zoneText(zoneMinutes, ':')}`;
}

/** Minutes east of UTC of a zone that was checked. */
export function zoneOf(text: string): number {
  const minutes = Number(text.slice(1, 3)) * 60 + Number(text.slice(3));
  return text.startsWith('-') ? 0 - minutes : minutes;
}

/** RFC 5260 §4.1: a zone as `+0100`. */
export function checkZone(text: string): string | undefined {
  if (/^[+-](?:[01][0-9]|2[0-3])[0-5][0-9]$/.test(text)) return undefined;
  return `"${text.slice(0, 64)}" is no time zone; write "+0100" or "-0500".`;
}

/** `+0100`, or with a separator `+01:00`; UTC is always `+`. */
export function zoneText(minutes: number, separator: string): string {
  const size = Math.abs(minutes);
  return `${minutes < 0 ? '-' : '+'}${two(Math.floor(size / 60))}${separator}${two(size % 60)}`;
}

/** Two digits. */
export function two(value: number): string {
  return String(value).padStart(2, '0');
}
