/*
 * Copyright (C) the Pupil authors
 *
 * What a pupil sees: what is to do, what is late, what is done; and a homework
 * with its exercises, where text is never lost or moved while it is written.
 */

import { get, pages } from './api.js';
import { badge, button, el, field, heading, link, say, wrong, written }
  from './dom.js';
import { words } from './problem.js';
import * as queue from './queue.js';
import { day, daysFrom, moment, t, weekEnds } from './words.js';

const MOST = 8192;                  /* bytes of an answer, as JSON */
const SOME = 10;                    /* of a long list, at first */

const status = (item) => item.progress?.status ?? 'not_started';
const done = (item) => status(item) === 'completed';
const size = (text) => new TextEncoder().encode(JSON.stringify(text)).length;


/* ---- the lists ---- */

/* In which part of the page it belongs. */
function when(item) {
  const days = daysFrom(new Date(item.due_at));

  if (new Date(item.due_at) < new Date()) {
    return 'late';
  }

  return days === 0 ? 'today' : days <= weekEnds() ? 'week' : 'later';
}


/* level: of its heading, below that of what it is in. */
function entry(item, level = 'h3') {
  const { exercises = [], progress = {} } = item;
  const state = done(item) ? 'completed'
    : when(item) === 'late' ? 'late' : status(item);

  return el('li', { class: 'entry' },
    el('div', null,
      el(level, null, written('a', item.title,
                              { href: `#/homework/${item.id}` })),
      el('p', { class: 'facts' },
        written('span', item.class.title ?? ''),
        ` · ${t('due', { when: moment(item.due_at) })}`)),
    el('div', { class: 'how' },
      badge(state, t(`state.${state}`)),
      el('span', { class: 'facts' }, t('exercises.done', {
        n: exercises.length, done: progress.exercises_done ?? 0 }))));
}


/* Some of them, and the others when they are asked for. */
function entries(items, draw = (item) => entry(item)) {
  const list = el('ul', { class: 'entries' }, items.slice(0, SOME).map(draw));
  const rest = items.slice(SOME);
  const text = t('more.n', { n: rest.length });
  const more = rest.length > 0 && button(text, () => {
    const next = rest.map(draw);

    more.remove();
    list.append(...next);
    next[0].querySelector('a')?.focus();
  });

  return [list, more];
}


const section = (name, items) => items.length > 0 && el('section', null,
  el('h3', null, t(`part.${name}`)),
  entries(items, (item) => entry(item, 'h4')));


/* What is to be done now is there first: then what was, the newest first, and
   the rest of the year, which takes longer. */
export async function todo(show) {
  const part = (items, name) => section(name,
    items.filter((item) => !done(item) && when(item) === name));
  const title = heading(t('todo'));
  const open = await pages('/v1/homework?status=open&', 'homework');
  const now = ['today', 'week'].map((name) => part(open, name));
  const later = part(open, 'later');

  show(title, now, later,
       el('p', { class: 'facts', role: 'status' }, t('loading')));

  const late = part((await pages('/v1/homework?status=all&', 'homework'))
    .reverse(), 'late');

  show(title, now, late, later, ![...now, late, later].some(Boolean)
    && el('p', { class: 'card empty' }, t('todo.none')));
}


export async function finished(show) {
  const items = (await pages('/v1/homework?status=all&', 'homework'))
    .filter(done).reverse();

  show(heading(t('finished')), items.length === 0
    ? el('p', { class: 'card empty' }, t('finished.none')) : entries(items));
}


/* ---- one homework ---- */

export async function homework(show, id) {
  const item = await get(`/v1/homework/${id}`);
  const { exercises = [] } = item;
  const answers = new Map();

  /* newest first: the first of an exercise is what counts */
  for (const one of await pages(`/v1/progress?homework_id=${id}&`,
    'submissions', (all) => new Set(all.map((one) => one.exercise_id)).size
                            >= exercises.length))
  {
    if (!answers.has(one.exercise_id)) {
      answers.set(one.exercise_id, one.answer);
    }
  }

  const count = el('p', { class: 'facts', id: 'count' });
  const given = new Set(answers.keys());
  const by = item.assigned_by?.display_name;

  const counted = () => {
    count.textContent = t('exercises.done', { n: exercises.length,
                                              done: given.size });
  };

  counted();
  queue.on.state = (exercise, state) => {
    if (state === 'stored') {
      given.add(exercise);
      counted();
    }
    told(exercise, state);
  };

  show(
    el('p', null, link('#/', t('back.todo'))),
    heading(item.title, t('homework')),
    el('p', { class: 'facts' }, written('span', item.class.title ?? ''), ' · ',
      t('due', { when: moment(item.due_at) }),
      by && [' · ', written('span', by)]),
    count,
    item.description && written('p', item.description, { class: 'text card' }),
    exercises.map((exercise, n) => exerciseForm(item, exercise, n + 1,
                                                answers.get(exercise.id))),
    el('p', { class: 'facts' }, t('hint.private')));
}


function exerciseForm(item, exercise, n, given) {
  const text = el('textarea', { rows: 2, dir: 'auto', name: 'answer',
    value: queue.draft(exercise.id) ?? queue.pending(exercise.id)
           ?? (typeof given === 'string' ? given : '') });
  const state = el('p', { class: 'state', role: 'status',
                          id: `state-${exercise.id}` });
  const handIn = el('button', { type: 'submit' },
    t(given === undefined ? 'hand.in' : 'hand.again'));
  const fits = () => {
    const over = size(text.value) - MOST;

    wrong(text, over > 0 ? t('rule.maxBytes', { over }) : '');
    return over <= 0;
  };
  const form = el('form', { class: 'card exercise', id: `e-${exercise.id}` },
    field(el('span', null, `${n}. `, written('span', exercise.title),
      el('small', null, ` ${t('points', { n: exercise.max_score })}`)), text),
    el('div', { class: 'actions' }, state, handIn));

  text.addEventListener('input', () => {
    queue.write(exercise.id, text.value);
    grow(text);
    fits();
    state.textContent = t('draft');
  });
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    if (text.value.trim() === '') {
      wrong(text, t('rule.required'));
      text.focus();
    } else if (fits()) {
      state.textContent = t('sending');
      handIn.textContent = t('hand.again');
      queue.handIn(item.id, exercise.id, text.value);
    }
  });
  requestAnimationFrame(() => grow(text));
  first(state, exercise, given);

  return form;
}


function first(state, exercise, given) {
  state.textContent = queue.draft(exercise.id) !== undefined ? t('draft')
    : queue.pending(exercise.id) !== undefined ? t('waiting')
      : given !== undefined ? t('stored') : '';
  state.classList.toggle('good', given !== undefined);
}


function grow(text) {
  text.rows = Math.min(20, Math.max(2, text.value.split('\n').length,
                                    Math.ceil(text.value.length / 60)));
}


/* What became of an answer, where it was written. */
function told(exercise, became) {
  const state = document.getElementById(`state-${exercise}`);
  const good = became === 'stored';

  if (!state) {
    if (typeof became === 'object') {
      say(t('refused', { why: words(became) }));
    }
    return;
  }

  const form = state.closest('form');
  const writing = queue.draft(exercise) !== undefined;

  state.classList.toggle('good', good && !writing);
  if (typeof became === 'object') {
    state.textContent = t('kept');
    wrong(form.elements.answer, words(became));
    return;
  }
  if (!writing) {
    state.textContent = t(became);
  }
}


/* ---- my results ---- */

export async function results(show) {
  const items = (await pages('/v1/homework?status=all&', 'homework'))
    .filter((item) => item.progress?.score != null).reverse();

  show(heading(t('results')), items.length === 0
    ? el('p', { class: 'card empty' }, t('results.none'))
    : el('ul', { class: 'entries' }, items.map((item) => {
      const { score, max_score: most } = item.progress;

      return el('li', { class: 'entry' },
        el('div', null, written('h4', item.title),
          el('p', { class: 'facts' }, day(item.due_at))),
        el('div', { class: 'how' },
          el('meter', { min: 0, max: most || 1, value: score,
                        'aria-label': item.title }),
          t('points.of', { n: most ?? 0, score })));
    })));
}


