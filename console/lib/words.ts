/** Numbers, times and DICOM values as a person reads them. Pure: the present moment is handed in. */

const pad = (value: number, width = 2): string => String(value).padStart(width, '0');

/** `1 study`, `2 studies`, `1,024 images`. */
export const count = (value: number, one: string, several: string): string =>
  `${value.toLocaleString('en')} ${value === 1 ? one : several}`;

/** `2026-05-31 14:00:07`, in the time zone of whoever reads it. */
export const localTime = (iso: string): string => {
  const time = new Date(iso);
  const day = [time.getFullYear(), pad(time.getMonth() + 1), pad(time.getDate())].join('-');
  return `${day} ${[time.getHours(), time.getMinutes(), time.getSeconds()].map((part) => pad(part)).join(':')}`;
};

/** A length of time, with as much as matters: `0.34 s`, `12 s`, `3 min 5 s`, `2 h 10 min`, `4 d 3 h`. */
export const duration = (milliseconds: number): string => {
  const seconds = Math.max(0, milliseconds) / 1000;
  if (seconds < 10) return `${seconds.toFixed(seconds < 1 ? 2 : 1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  const minutes = Math.round(whole / 60);
  if (minutes < 1440) return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
  const hours = Math.round(minutes / 60);
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
};

/** From one moment to another, or to the present one while the end is not there; undefined without a start. */
export const between = (from: string | null, to: string | null, now: number): string | undefined =>
  from === null ? undefined : duration((to === null ? now : Date.parse(to)) - Date.parse(from));

/** `in 12 s`, or `now` once it has come. */
export const dueIn = (iso: string, now: number): string => {
  const left = Date.parse(iso) - now;
  return left <= 0 ? 'now' : `in ${duration(Math.ceil(left / 1000) * 1000).replace('.0 s', ' s')}`;
};

/** `3 min 5 s ago`, in whole seconds. */
export const ago = (iso: string, now: number): string => {
  const passed = now - Date.parse(iso);
  return passed < 1000
    ? 'just now'
    : `${duration(Math.floor(passed / 1000) * 1000).replace('.0 s', ' s')} ago`;
};

/** A DICOM date (PS3.5 section 6.2, DA) with hyphens; anything else as it is. */
export const dicomDate = (value: string): string =>
  value.replace(/^(\d{4})(\d{2})(\d{2})$/, '$1-$2-$3');

/**
 * A person name (PS3.5 section 6.2.1) as `Family, Given Middle Prefix Suffix`: of its component groups the first
 * that says something. Empty if there is no name.
 */
export const personName = (value: string): string => {
  const group = value.split('=').find((part) => part.replaceAll('^', '').trim() !== '') ?? '';
  const [family = '', ...others] = group.split('^').map((part) => part.trim());
  const rest = others.filter((part) => part !== '').join(' ');
  return [family, rest].filter((part) => part !== '').join(', ');
};

/** Of something that may be empty. */
export const orNone = (value: string, none: string): string => (value.trim() === '' ? none : value);
