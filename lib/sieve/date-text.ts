/** A moment as a Date field has it (RFC 5322 §3.3), in a zone that is so many minutes east of UTC. */
export function dateText(epochMs: number, zoneMinutes: number): string {
  const local = new Date(epochMs + zoneMinutes * 60_000);
  return local.toUTCString().replace('GMT', zoneText(zoneMinutes, ''));
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
