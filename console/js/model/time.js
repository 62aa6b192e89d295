// SPDX-License-Identifier: Apache-2.0
// Times and ages in words; in the zone of this screen, which is named.

/** @param {number} ms @param {boolean} [seconds] */
export function clockText(ms, seconds = true) {
  if (!Number.isFinite(ms)) return '--:--';
  return new Date(ms).toLocaleTimeString('en-GB', {
    hour: '2-digit', minute: '2-digit', ...(seconds ? { second: '2-digit' } : {}), hour12: false,
  });
}

/** "22 Nov, 20:15:09" @param {number} ms */
export function dayText(ms) {
  if (!Number.isFinite(ms)) return '--';
  const day = new Date(ms).toLocaleDateString('en-GB', { day: '2-digit', month: 'short' });
  return `${day}, ${clockText(ms)}`;
}

/** "22 Nov 2027" @param {number} ms */
export function dateText(ms) {
  if (!Number.isFinite(ms)) return '--';
  return new Date(ms).toLocaleDateString('en-GB', { day: '2-digit', month: 'short', year: 'numeric' });
}

/** The zone's short name, "UTC" or "GMT+1". @param {number} ms */
export function zoneText(ms) {
  const parts = new Intl.DateTimeFormat('en-GB', { timeZoneName: 'short' }).formatToParts(new Date(ms));
  return parts.find((part) => part.type === 'timeZoneName')?.value ?? 'local';
}

/** "3 s", "2 min", "5 h", "3 d"; "--" when there is none. @param {number} ms */
export function ageText(ms) {
  if (!Number.isFinite(ms)) return '--';
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 100) return `${seconds} s`;
  if (seconds < 100 * 60) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 48 * 3600) return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / 86_400)} d`;
}

/** "1:59" @param {number} ms */
export function countdownText(ms) {
  const seconds = Math.max(0, Math.ceil(ms / 1000));
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor(seconds / 60) % 60;
  const rest = String(seconds % 60).padStart(2, '0');
  return hours > 0 ? `${hours}:${String(minutes).padStart(2, '0')}:${rest}` : `${minutes}:${rest}`;
}
