/*
 * Copyright (C) the Pupil authors
 *
 * Clocks as they stand at the school, whatever this device believes: its days
 * are those by which the gateway has something due, or late.
 */

const DAY = 24 * 60 * 60 * 1000;

const parts = (timeZone) => new Intl.DateTimeFormat('en', {
  timeZone, hourCycle: 'h23', year: 'numeric', month: 'numeric',
  day: 'numeric', hour: 'numeric', minute: 'numeric', second: 'numeric',
});

let zone;                           /* undefined: as this device has it */
let clock = parts();                /* its, which is dear to make */

/* Of which time zone, by its name; what the browser does not know is none. */
export function clocks(name) {
  try {
    clock = parts(name);
    zone = name;
  } catch {
    clock = parts();
    zone = undefined;
  }
}


export const timeZone = () => zone;


/* What clocks show then, as a Date whose UTC fields say so. */
function shown(at) {
  const part = Object.fromEntries(clock.formatToParts(at)
    .map(({ type, value }) => [type, Number(value)]));

  return new Date(Date.UTC(part.year, part.month - 1, part.day, part.hour,
                           part.minute, part.second));
}


const midnight = (at) => Math.floor(shown(at) / DAY);

/* Days from today, which a change of the clocks does not shift. */
export const daysFrom = (at, now = new Date()) => midnight(at) - midnight(now);


/* Of what was due on one day and came on another: as the gateway has it for its
   lists, a day is over before anything is late. */
export const late = (due, at) => daysFrom(new Date(at), new Date(due)) > 0;


/* The Sunday that ends this week, as a number of days from today. */
export const weekEnds = (now = new Date()) =>
  (7 - shown(now).getUTCDay()) % 7;


export const year = (at) => shown(at).getUTCFullYear();


/* "2026-11-28" and "23:59", as a form has them. */
export const inputs = (at) => shown(at).toISOString().slice(0, 16).split('T');


/* The moment at which clocks show that day and time, or null.  Of two, as
   clocks are put back, the first; of none, as they are put forward, the time
   that they would show by what was before. */
export function instant(day, time) {
  const wanted = Date.parse(`${day}T${time}Z`);

  if (Number.isNaN(wanted)) {
    return null;
  }

  const ahead = (at) => shown(new Date(at)) - at;
  const before = wanted - ahead(wanted - DAY);
  const behind = wanted - ahead(wanted + DAY);

  return new Date(before + ahead(before) === wanted ? before
    : behind + ahead(behind) === wanted ? behind : before);
}
