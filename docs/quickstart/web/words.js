/*
 * Copyright (C) the Pupil authors
 *
 * What the page says, in the language of who reads it.  A text has {names} that
 * are filled in, and forms by a number where it has one: n is that number.
 */

import { daysFrom, timeZone, year } from './times.js';

const LANGUAGES = ['sv', 'da', 'en'];
const NAMES = { sv: 'Svenska', da: 'Dansk', en: 'English' };
const NEAREST = { nb: 'da', nn: 'da', no: 'da' };

let language = 'en';
let locale = 'en';                  /* as the browser writes that language */
let texts = {};


/* What the browser asks for, or what was chosen on this device. */
function preferred() {
  const asked = [localStorage.getItem('language'), ...navigator.languages]
    .filter(Boolean)
    .map((tag) => tag.slice(0, 2).toLowerCase())
    .map((tag) => NEAREST[tag] ?? tag);

  return asked.find((tag) => LANGUAGES.includes(tag)) ?? 'en';
}


export async function speak(code = preferred()) {
  ({ default: texts } = await import(`./words.${code}.js`));
  language = code;
  locale = navigator.languages.find((tag) => tag.startsWith(code)) ?? code;
  document.documentElement.lang = code;

  /* what stands in the page itself */
  for (const node of document.querySelectorAll('[data-t]')) {
    node.textContent = t(node.dataset.t);
  }
  for (const node of document.querySelectorAll('[data-t-label]')) {
    node.setAttribute('aria-label', t(node.dataset.tLabel));
  }
}


export async function choose(code) {
  localStorage.setItem('language', code);
  await speak(code);
}


export const languages = () => LANGUAGES.map((code) => (
  { code, name: NAMES[code], chosen: code === language }));


const number = (value) => value.toLocaleString(locale);


/* Without marks between thousands, which are another language's comma. */
export const numberShown = (value) => value.toLocaleString(locale,
  { useGrouping: false, maximumFractionDigits: 6 });


/*
 * A number as somebody writes it, with a comma or a point, or null: it is never
 * guessed whether 1.234 is a thousand, nor is a digit dropped of those that the
 * gateway takes, 15 of which 6 may be behind the point.
 */
export function numberRead(text) {
  const [, sign, whole, mark, rest = ''] = text.replace(/\s/g, '')
    .replace('\u2212', '-').match(/^([-+]?)(\d*)(?:([.,])(\d+))?$/) ?? [];
  const digits = whole || (mark && '0');        /* ,5 */
  const point = numberShown(1.5).includes(',') ? ',' : '.';

  if (digits === undefined || rest.length > 6
      || `${digits}${rest}`.replace(/^0+/, '').length > 15
      || (rest.length === 3 && mark !== point && digits !== '0'))
  {
    return null;
  }

  return Number(`${sign === '-' ? sign : ''}${digits}.${rest || 0}`);
}


export function t(key, args = {}) {
  let text = texts[key] ?? key;

  if (typeof text === 'object') {
    text = text[new Intl.PluralRules(language).select(args.n)] ?? text.other;
  }

  return text.replace(/\{(\w+)\}/g, (_, name) => {
    const value = args[name] ?? '';

    return typeof value === 'number' ? number(value) : value;
  });
}


/* The text of a name of the API; what has none is shown as it is. */
export const named = (kind, name) =>
  texts[`${kind}.${name}`] === undefined ? name.replaceAll('_', ' ')
    : t(`${kind}.${name}`);


/* ---- days and times ---- */

export function day(text) {
  const at = new Date(text);
  const far = daysFrom(at);

  if (Math.abs(far) <= 1) {
    return new Intl.RelativeTimeFormat(locale, { numeric: 'auto' })
      .format(far, 'day');
  }

  return at.toLocaleDateString(locale, {
    weekday: 'long', day: 'numeric', month: 'long', timeZone: timeZone(),
    year: year(at) === year(new Date()) ? undefined : 'numeric',
  });
}


export const hour = (text) => new Date(text).toLocaleTimeString(locale,
  { hour: '2-digit', minute: '2-digit', timeZone: timeZone() });


export const moment = (text) => `${day(text)} ${hour(text)}`;

export const listed = (names) => new Intl.ListFormat(locale).format(names);

/* Whose name may not be shown is still somebody. */
export const person = (one) => one.display_name ?? t('nobody');

export const sorted = (list, key) => {
  const { compare } = new Intl.Collator(locale);

  return [...list].sort((a, b) => compare(key(a), key(b)));
};
