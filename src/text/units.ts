/** A duration (ms) as text: its two largest units, with seconds only below a minute. */
export function durationText(ms: number): string {
  if (ms < 60_000) return `${Math.floor(ms / 1000)} s`;
  const minutes = Math.floor(ms / 60_000);
  const [days, hours] = [Math.floor(minutes / 1440), Math.floor(minutes / 60) % 24];
  if (days > 0) return `${days} d ${hours} h`;
  return hours > 0 ? `${hours} h ${minutes % 60} min` : `${minutes} min`;
}

/** A number of bytes as text. */
export function sizeText(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB"];
  const power = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(1, bytes)) / 10));
  return `${power === 0 ? bytes : (bytes / 1024 ** power).toFixed(1)} ${units[power]}`;
}

/** A number of bytes of disk or memory as text, in whole units. */
export function roundSizeText(bytes: number): string {
  const mib = bytes / 1024 / 1024;
  return mib < 10 * 1024 ? `${Math.round(mib)} MiB` : `${Math.round(mib / 1024)} GiB`;
}
