/*
 * Copyright (C) the Pupil authors
 *
 * What was handed in, to be read: by the exercise's kind, and whose points it
 * has.
 */

import { el, link, written } from './dom.js';
import { numberShown, t } from './words.js';


const plain = (answer) => written('div', typeof answer === 'string' ? answer
  : JSON.stringify(answer), { class: 'text' });

const KINDS = {
  choice: (answer, { options = [] }) => Array.isArray(answer)
    && el('ul', { class: 'chosen' }, answer.map((at) =>
      written('li', options[at] ?? String(at)))),
  number: (answer, { unit }) => typeof answer === 'number'
    && el('span', null, numberShown(answer), unit && [' ',
      written('span', unit)]),
  /* it leads away: whoever is there learns nothing of who comes */
  link: (answer) => /^https:\/\//.test(answer) && link(answer, answer, {
    dir: 'ltr', rel: 'noopener noreferrer', target: '_blank' }),
};

/* What does not fit its exercise is shown as it is. */
export const given = (exercise, answer) => (answer === undefined ? '–'
  : KINDS[exercise.kind]?.(answer, exercise) || plain(answer));


/* Points that a machine has given are said to be so: a teacher decides. */
export const points = ({ raw, max, by }) => [t('points.of', { n: max,
                                                             score: raw }),
  by === 'machine' && el('small', null, ` ${t('by.machine')}`),
  by === 'claimed' && el('small', null, ` ${t('by.claimed')}`)];
