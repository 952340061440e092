/**
 * Whole seconds since 1970 of `2026-01-31T23:59:59Z`: RFC 3339 in UTC and whole seconds, in the one spelling that our
 * tokens use. Undefined for any other spelling, and for a day or time that does not exist.
 *
 * Read digit by digit: three of these are in every token, and `Date.parse` costs ten times as much, accepts other
 * spellings and takes the 31st of February for a day in March.
 */
export function secondsFromInstant(text: string): number | undefined {
  if (text.length !== 20 || text[10] !== 'T' || text[19] !== 'Z') return undefined;
  if (text[4] !== '-' || text[7] !== '-' || text[13] !== ':' || text[16] !== ':') return undefined;
  const year = twoDigits(text, 0) * 100 + twoDigits(text, 2);
  const month = twoDigits(text, 5);
  const day = twoDigits(text, 8);
  const [hour, minute, second] = [twoDigits(text, 11), twoDigits(text, 14), twoDigits(text, 17)];
  // Whatever is no digit is NaN, which passes none of these.
  if (!(year >= 1970 && month >= 1 && month <= 12 && day >= 1 && day <= daysIn(year, month)))
    return undefined;
  if (!(hour <= 23 && minute <= 59 && second <= 59)) return undefined;
  return Date.UTC(year, month - 1, day, hour, minute, second) / 1000;
}

/**
 * The inverse of {@link secondsFromInstant}, for the years 1970 to 9999. Remembers: within a second, all tokens begin
 * at the same instant and end at a few.
 */
export function instantFromSeconds(seconds: number): string {
  const known = written.get(seconds);
  if (known !== undefined) return known;
  if (written.size >= MAX_WRITTEN) written.clear();
  const text = `${new Date(seconds * 1000).toISOString().slice(0, 19)}Z`;
  written.set(seconds, text);
  return text;
}

const written = new Map<number, string>();
const MAX_WRITTEN = 256;

function twoDigits(text: string, at: number): number {
  const tens = text.charCodeAt(at) - 48;
  const ones = text.charCodeAt(at + 1) - 48;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : Number.NaN;
}

function daysIn(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}
