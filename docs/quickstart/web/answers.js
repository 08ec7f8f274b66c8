/*
 * Copyright (C) the Pupil authors
 *
 * What a class has handed in, as its teacher reads it: by question, and by
 * pupil, where it is marked.
 */

import { Failure, get, pages } from './api.js';
import { awaited, badge, el, heading, link, table, written } from './dom.js';
import { given, points } from './given.js';
import * as marks from './marks.js';
import { marking } from './mark.js';
import { late } from './times.js';
import { moment, person, sorted, t } from './words.js';

const SOME = 20;            /* pupils of a request: an essay is large */

export const byName = (pupils) => sorted(pupils,
                                         (one) => one.display_name ?? '');


/* ---- from one to the other ---- */

const toQuestion = (id) => (exercise) => `#/answers/${id}/${exercise.id}`;
export const toPupil = (id) => (one) => `#/assess/${id}/${one.id}`;

/* at: which of them is shown. */
export const ways = ({ id, exercises = [] }, pupils, at) =>
  el('nav', { 'class': 'ways-of', 'aria-label': t('answers') }, [
    ['class', `#/homework/${id}`],
    ['question', exercises.length > 0 && toQuestion(id)(exercises[0])],
    ['pupil', pupils.length > 0 && toPupil(id)(pupils[0])],
  ].map(([name, to]) => to && link(to, t(`answers.${name}`), {
    'aria-current': name === at && 'page' })));


/* The one before, how many there are, and the one after. */
function steps(label, list, at, to, text) {
  const step = (n, key) => list[n]
    && link(to(list[n]), [`${t(key)} `, written('bdi', text(list[n]))]);

  return el('nav', { 'class': 'steps', 'aria-label': label },
    step(at - 1, 'step.before'),
    el('span', { class: 'facts' }, t('step.at', { n: at + 1,
                                                  of: list.length })),
    step(at + 1, 'step.after'));
}


/* ---- by question ---- */

const overdue = (item, answer) => late(item.due_at, answer.submitted_at)
  && badge('late', t('state.late'));


function state(id, one) {
  const { assessment } = one;
  const name = marks.find(marks.key(id, one.id)) ? 'unsaved'
    : assessment?.returned_at ? 'returned' : assessment ? 'saved' : 'unmarked';

  return [badge(name, t(`mark.is.${name}`)),
    typeof assessment?.points === 'number'
      && el('span', null, ' ', t('points.of', { n: assessment.max_score,
                                                score: assessment.points }))];
}


function row(item, exercise, one) {
  const [answer] = one.answers;

  return el('tr', null,
    el('th', { scope: 'row' }, written('a', person(one),
                                       { href: toPupil(item.id)(one) })),
    el('td', { 'class': 'answer', 'data-label': t('answer.head') },
      answer ? [given(exercise, answer.answer), overdue(item, answer)]
        : el('span', { class: 'facts' }, t('answer.none'))),
    el('td', { 'data-label': t('points.head') },
      answer?.score ? el('span', null, points(answer.score).filter(Boolean))
        : '–'),
    one.assessment === undefined ? null
      : el('td', { 'data-label': t('mark.head') },
           el('span', null, state(item.id, one))));
}


/* Those who have handed in are first. */
const some = (one) => one.answers.length > 0;

const number = (exercises) => (exercise) => t('question.n', {
  n: exercises.indexOf(exercise) + 1, of: exercises.length });

/* What is known before the answers are all there. */
function top(item, exercise, title) {
  const { exercises = [] } = item;
  const at = exercises.indexOf(exercise);

  title.append(`${at + 1}. `, written('span', exercise.title));

  return [
    el('p', null, link(`#/homework/${item.id}`, t('back.homework'))),
    title,
    el('p', { class: 'facts' }, written('span', item.title), ' · ',
      written('span', item.class.title ?? ''), ' · ',
      t('points', { n: exercise.max_score })),
  ];
}


export async function question(show, id, which) {
  const title = heading('', t('answers.question'));
  let item, exercise, ahead;

  const pupils = byName(await pages(
    `/v1/homework/${id}/answers?exercise=${which}&`, 'pupils', (_, page) => {
      if (!item) {
        item = page.homework;
        exercise = item.exercises.find((one) => one.id === which);
        ahead = top(item, exercise, title);
      }
      if (page.next) {
        show(...ahead, awaited());
      }

      return false;
    }, SOME));
  const { exercises } = item;
  const marked = pupils.some((one) => one.assessment !== undefined);

  show(...ahead, ways(item, pupils, 'question'),
    steps(t('questions'), exercises, exercises.indexOf(exercise),
          toQuestion(id), number(exercises)),
    exercise.text && written('p', exercise.text, { class: 'text card' }),
    pupils.some(some)
      ? table(t('answers.what'), ['pupil', 'answer.head', 'points.head',
                                  ...marked ? ['mark.head'] : []],
        [...pupils.filter(some), ...pupils.filter((one) => !some(one))]
          .map((one) => row(item, exercise, one)),
        { class: 'stack answers' })
      : el('p', { class: 'card empty' }, t('answers.none')));
}


/* ---- by pupil ---- */

/* The class of the homework that was looked at last: who steps from pupil to
   pupil does not read the list of all again each time. */
let roster = null;          /* { id, pupils } */

addEventListener('forgotten', () => { roster = null; });

export function seen(id, pupils) {
  roster = { id, pupils: byName(pupils) };
}

async function classOf(id) {
  if (roster?.id !== id) {
    const { pupils } = await get(`/v1/homework/${id}/progress`);

    seen(id, pupils);
  }

  return roster.pupils;
}


function answered(item, exercise, n, answer) {
  return el('section', { class: 'card exercise' },
    el('h3', null, `${n}. `, written('span', exercise.title), ' ',
      el('small', null, t('points', { n: exercise.max_score }))),
    exercise.text && written('p', exercise.text, { class: 'text facts' }),
    answer ? el('div', { class: 'answer' }, given(exercise, answer.answer))
      : el('p', { class: 'facts' }, t('answer.none')),
    answer?.score && el('p', { class: 'score' },
                        points(answer.score).filter(Boolean)),
    answer && el('p', { class: 'facts' }, t('handed.in', {
      when: moment(answer.submitted_at) }), ' ', overdue(item, answer)));
}


export async function pupil(show, id, which) {
  const [{ homework: item, pupils: [one] }, pupils] = await Promise.all([
    get(`/v1/homework/${id}/answers?pupil=${which}`), classOf(id)]);
  const at = pupils.findIndex((other) => other.id === which);

  if (!one || at < 0) {
    roster = null;
    throw new Failure('problem', 404, { type: ':not-found' });
  }

  const { exercises = [] } = item;
  const next = pupils[at + 1];
  const onward = next && link(toPupil(id)(next), [`${t('mark.next')} `,
    written('bdi', person(next))]);

  show(
    el('p', null, link(`#/homework/${id}`, t('back.homework'))),
    heading(person(one), t('answers.pupil')),
    el('p', { class: 'facts' }, written('span', item.title), ' · ',
      t('due', { when: moment(item.due_at) })),
    ways(item, pupils, 'pupil'),
    steps(t('pupils.all'), pupils, at, toPupil(id), person),
    exercises.map((exercise, n) => answered(item, exercise, n + 1,
      one.answers.find((answer) => answer.exercise_id === exercise.id))),
    one.assessment === undefined ? el('p', null, onward)
      : marking(item, one, onward));
}
