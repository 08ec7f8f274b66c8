/*
 * Copyright (C) the Pupil authors
 *
 * A class, as its teacher looks at it: each pupil by the homework that it was
 * given, the latest first; and one of the pupils alone.
 */

import { byName, toPupil } from './answers.js';
import { get, page } from './api.js';
import { badge, button, el, heading, link, table, written } from './dom.js';
import { day, moment, person, sorted, t } from './words.js';

const SOME = 10;                    /* homework of a request */

const toClass = (id) => `#/class/${id}`;
const named = (one) => one.title ?? t('homework');


/* ---- the classes ---- */

export async function list(show) {
  const classes = sorted((await get('/v1/classes')).classes,
                         (one) => one.title ?? '');

  show(heading(t('classes')), classes.length === 0
    ? el('p', { class: 'card empty' }, t('classes.none'))
    : el('ul', { class: 'entries' }, classes.map((one) =>
      el('li', { class: 'entry' },
        el('h3', null, written('a', one.title ?? t('class'),
                               { href: toClass(one.id) })),
        one.pupils !== undefined && el('span', { class: 'facts' },
                                       t('pupils.n', { n: one.pupils }))))));
}


/* ---- how far it is ---- */

function state(homework, one) {
  const name = one.late ? 'late' : one.status;

  return el('span', null, badge(name, t(`state.${name}`)),
    one.status === 'in_progress' && el('span', { class: 'facts' }, ' ',
      t('exercises.done', { n: homework.exercises,
                            done: one.exercises_done })));
}


const marked = (one) => one.assessment
  && t(`mark.is.${one.assessment === 'returned' ? 'returned' : 'saved'}`);


/* A pupil who joined, or left, between two pages is there with what is known. */
const cell = (homework, one) => el('td', { 'data-label': named(homework) },
  one ? el('span', null, state(homework, one), marked(one)
    && el('small', null, ` ${marked(one)}`)) : '–');


function grid({ id }, homework, pupils) {
  return el('div', { 'class': 'across', 'role': 'region', 'tabindex': '0',
                     'aria-label': t('pupils') },
    table(t('pupils'), ['pupil', ...homework.map((one) =>
      el('th', { scope: 'col' }, written('a', named(one),
                                         { href: `#/homework/${one.id}` }),
         el('small', null, ` ${day(one.due_at)}`)))],
    byName(pupils).map((one) => el('tr', null,
      el('th', { scope: 'row' }, written('a', person(one),
                                         { href: `${toClass(id)}/${one.id}` })),
      homework.map((given) => cell(given, one.of.get(given.id)))))));
}


/* All that was asked for so far, of a path that is of all pupils, or of one,
   and ends as that of page() does. */
function gathered(path) {
  const homework = [], pupils = new Map();
  let next = '';

  const more = async () => {
    const some = await page(path, SOME, next);

    for (const { homework: each, ...who } of some.pupils) {
      const one = pupils.get(who.id) ?? { ...who, of: new Map() };

      each.forEach((how, n) => one.of.set(some.homework[n].id, how));
      pupils.set(who.id, one);
    }
    homework.push(...some.homework);
    next = some.next;

    return some.class;
  };

  return { homework, more, pupils: () => [...pupils.values()],
           ended: () => next === null };
}


/* Draws it, and what is further back when that is asked for: the heading stays,
   and so does the button, which somebody may press again. */
async function drawn(show, all, top, draw) {
  const of = await all.more();
  const older = button(t('classes.older'), async () => {
    await all.more();
    again();
  });
  const above = top(of);
  const again = () => show(...above, all.homework.length === 0
    ? el('p', { class: 'card empty' }, t('given.none')) : draw(of),
  !all.ended() && el('p', null, older));

  again();
}


export async function one(show, id, which) {
  const all = gathered(`/v1/classes/${id}${which ? `/pupils/${which}` : ''}?`);

  if (which) {
    await drawn(show, all, (of) => ahead(of, all.pupils()[0]),
                () => ofPupil(all.homework, all.pupils()[0]));
  } else {
    await drawn(show, all, (of) => [
      el('p', null, link('#/classes', t('classes.back'))),
      heading(of.title ?? t('class'), t('class'))],
    (of) => grid(of, all.homework, all.pupils()));
  }
}


/* ---- one of its pupils ---- */

const ahead = (of, pupil) => [
  el('p', null, link(toClass(of.id), t('classes.whole'))),
  heading(person(pupil), t('pupil')),
  written('p', of.title ?? '', { class: 'facts' })];

const ofPupil = (homework, pupil) => table(t('classes.pupil'),
  ['homework', 'due.head', 'state.head', 'mark.head'],
  homework.map((given) => {
    const how = pupil.of.get(given.id);

    return el('tr', null,
      el('th', { scope: 'row' }, written('a', named(given),
                                         { href: toPupil(given.id)(pupil) })),
      el('td', { 'data-label': t('due.head') }, moment(given.due_at)),
      el('td', { 'data-label': t('state.head') }, state(given, how)),
      el('td', { 'data-label': t('mark.head') }, marked(how) ?? '–'));
  }));
