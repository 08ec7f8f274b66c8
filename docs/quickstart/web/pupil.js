/*
 * Copyright (C) the Pupil authors
 *
 * What a pupil sees: what is to do, what is late, what is done; and a homework
 * with its exercises, where text is never lost or moved while it is written.
 */

import { get, pages } from './api.js';
import { awaited, badge, button, el, heading, link, say, written }
  from './dom.js';
import { points } from './given.js';
import { answerOf, scored } from './kinds.js';
import { words } from './problem.js';
import * as queue from './queue.js';
import { daysFrom, weekEnds } from './times.js';
import { day, moment, t } from './words.js';

const SOME = 10;                    /* of a long list, at first */

const status = (item) => item.progress?.status ?? 'not_started';


/* ---- the lists ---- */

/* In which part of what is not late it belongs: a day is over where the school
   is, whatever the clock here says. */
function when(item) {
  const days = daysFrom(new Date(item.due_at));

  return days <= 0 ? 'today' : days <= weekEnds() ? 'week' : 'later';
}


/* level: of its heading, below that of what it is in. */
function entry(item, level = 'h3', late = false) {
  const { exercises = [], progress = {} } = item;
  const state = late ? 'late' : status(item);

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
  entries(items, (item) => entry(item, 'h4', name === 'late')));

/* The gateway knows what is to do, late and done. */
const all = (state, order) => pages(
  `/v1/homework?status=${state}&order=${order}&`, 'homework');


/* What is to be done now is there first: then what was, the newest first. */
export async function todo(show) {
  const title = heading(t('todo'));
  const open = await all('todo', 'oldest');
  const [today, week, later] = ['today', 'week', 'later'].map((name) =>
    section(name, open.filter((item) => when(item) === name)));
  const now = [today, week];

  show(title, now, later, awaited());

  const late = section('late', await all('late', 'newest'));

  show(title, now, late, later, ![...now, late, later].some(Boolean)
    && el('p', { class: 'card empty' }, t('todo.none')));
}


export async function finished(show) {
  const items = await all('done', 'newest');

  show(heading(t('finished')), items.length === 0
    ? el('p', { class: 'card empty' }, t('finished.none')) : entries(items));
}


/* ---- one homework ---- */

/* By exercise, of those that are newest first. */
const byExercise = (submissions) => new Map(submissions.reverse()
  .map((one) => [one.exercise_id, one]));

/* The newest of each exercise, and not many more: an essay is large. */
const handedIn = async (id, exercises) => byExercise(await pages(
  `/v1/progress?homework_id=${id}&`, 'submissions',
  (all) => new Set(all.map((one) => one.exercise_id)).size >= exercises,
  Math.min(exercises + SOME, 100)));


/* What the teacher says, once it is returned.  Not every school has it. */
async function feedback(id) {
  let said;

  try {
    ({ assessment: said } = await get(`/v1/homework/${id}/assessment`));
  } catch (error) {
    if (error.slug !== 'not-granted') {
      throw error;
    }
  }

  return said && el('section', { 'class': 'card feedback',
                                 'aria-labelledby': 'feedback' },
    el('h3', { id: 'feedback' }, t('feedback')),
    typeof said.points === 'number' && el('p', { class: 'score' },
      t('points.of', { n: said.max_score, score: said.points }), ' ',
      el('small', null, t('by.teacher'))),
    said.comment && written('p', said.comment, { class: 'text' }),
    el('p', { class: 'facts' }, t('feedback.when', {
      when: moment(said.returned_at) })));
}


export async function homework(show, id) {
  const item = await get(`/v1/homework/${id}`);
  const { exercises = [] } = item;
  const [answers, said] = await Promise.all([handedIn(id, exercises.length),
                                             feedback(id)]);
  const count = el('p', { class: 'facts', id: 'count' });
  const given = new Set(answers.keys());
  const by = item.assigned_by?.display_name;
  const forms = new Map(exercises.map((exercise, n) => [exercise.id,
    exerciseForm(item, exercise, n + 1, answers.get(exercise.id))]));

  const counted = () => {
    count.textContent = t('exercises.done', { n: exercises.length,
                                              done: given.size });
  };

  counted();
  queue.on.state = (exercise, became) => {
    const made = forms.get(exercise);

    if (!made) {
      elsewhere(became);
      return;
    }
    if (became === 'stored') {
      given.add(exercise);
      counted();
    }
    made.told(became);
  };

  show(
    el('p', null, link('#/', t('back.todo'))),
    heading(item.title, t('homework')),
    el('p', { class: 'facts' }, written('span', item.class.title ?? ''), ' · ',
      t('due', { when: moment(item.due_at) }),
      by && [' · ', written('span', by)]),
    count,
    said,
    item.description && written('p', item.description, { class: 'text card' }),
    [...forms.values()].map((made) => made.node));
}


/* Of a homework that is not on the page. */
const elsewhere = (became) => typeof became === 'object'
  && say(t('refused', { why: words(became) }));


/* The points of what is stored.  They are not shown beside what they are not
   of. */
function scoring(homework, exercise, before) {
  const node = el('p', { class: 'score', role: 'status', hidden: true });
  let found = before;

  function counts() {
    const shown = found && first(exercise, true)[1];

    node.hidden = !shown;
    node.replaceChildren(...shown ? points(found).filter(Boolean) : []);
  }

  /* Those before are of another answer. */
  function anew() {
    found = null;
    if (scored(exercise)) {
      newest(homework).then((all) => {
        found = all.get(exercise.id)?.score;
        counts();
      }).catch(() => {});
    }
  }

  return { node, counts, anew };
}


function exerciseForm(item, exercise, n, before) {
  const answer = answerOf(exercise, n);
  const score = scoring(item.id, exercise, before?.score);
  const state = el('p', { class: 'state', role: 'status' });
  const handIn = el('button', { type: 'submit' },
    t(before === undefined ? 'hand.in' : 'hand.again'));
  const form = el('form', { class: 'card exercise', novalidate: true,
                            id: `e-${exercise.id}` },
    answer.node, score.node, el('div', { class: 'actions' }, state, handIn));
  const stands = (text, good = false) => {
    state.textContent = text;
    state.classList.toggle('good', good);
  };
  const stood = () => {
    score.counts();
    stands(...first(exercise, stored));
  };
  const now = () => JSON.stringify(answer.draft());
  const { draft, pending } = queue;
  let stored = before !== undefined;

  answer.set(before?.answer);

  let handed = now();               /* what is no draft; null: not known */
  const later = draft(exercise.id) ?? pending(exercise.id);

  if (later !== undefined) {
    answer.set(later);
  }
  form.addEventListener('input', () => {
    if (now() === handed && pending(exercise.id) === undefined) {
      queue.erase(exercise.id);
    } else {
      queue.write(exercise.id, answer.draft());
    }
    if (scored(exercise)) {
      answer.wrong('');
    }
    stood();
  });
  form.addEventListener('submit', (event) => {
    event.preventDefault();

    const fault = answer.fault();

    answer.wrong(fault);
    if (fault) {
      answer.focus();
      return;
    }
    handIn.textContent = t('hand.again');
    queue.handIn(item.id, exercise.id, answer.value());
    score.counts();
    stands(t('sending'));
  });
  stood();

  /* What became of it, without a word over what is written meanwhile. */
  function told(became) {
    const writing = draft(exercise.id) !== undefined;

    if (typeof became === 'object') {
      answer.wrong(words(became));
      stands(t('kept'));
      return;
    }
    if (!writing) {
      stands(t(became), became === 'stored');
    }
    if (became === 'stored') {
      stored = true;
      handed = writing ? null : now();
      score.anew();
    }
  }

  return { node: form, told };
}


/* What is said of it, and whether that is good. */
function first({ id }, stored) {
  return queue.draft(id) !== undefined ? [t('draft')]
    : queue.pending(id) !== undefined ? [t('waiting')]
      : [stored ? t('stored') : '', stored];
}


let asking = null;

/* Asked once for all that a request has stored: they are told of one by one. */
function newest(id) {
  asking ??= Promise.resolve().then(async () => {
    asking = null;

    return byExercise((await get(
      `/v1/progress?homework_id=${id}&limit=${queue.BATCH}`)).submissions);
  });

  return asking;
}


/* ---- my results ---- */

export async function results(show) {
  const items = (await all('all', 'newest'))
    .filter((item) => item.progress?.score != null);

  show(heading(t('results')), items.length === 0
    ? el('p', { class: 'card empty' }, t('results.none'))
    : entries(items, result));
}


function result(item) {
  const { score, score_by: by, max_score: most } = item.progress;

  return el('li', { class: 'entry' },
    el('div', null,
      el('h3', null, written('a', item.title,
                             { href: `#/homework/${item.id}` })),
      el('p', { class: 'facts' }, day(item.due_at))),
    el('div', { class: 'how' },
      el('meter', { min: 0, max: most || 1, value: score,
                    'aria-label': item.title }),
      t('points.of', { n: most ?? 0, score }),
      by && el('small', null, t(`by.${by}`))));
}
