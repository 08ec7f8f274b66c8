/*
 * Copyright (C) the Pupil authors
 *
 * What a teacher sees: the homework of the classes, how far each pupil is, and
 * the form that gives homework, which sends it once whatever happens.
 */

import { byName, seen, toPupil, ways } from './answers.js';
import { api, get, pages, post, session } from './api.js';
import { pupilsHavePasswords } from './door.js';
import { answered as shown, awaited, badge, button, confirmed, el, field, form,
         heading, link, say, table, written, wrong } from './dom.js';
import { before, editor, forget, keep, preview } from './editor.js';
import { tell, words } from './problem.js';
import { inputs, instant } from './times.js';
import { day, moment, person, sorted, t } from './words.js';

const COLUMNS = ['homework', 'class', 'due.head', 'done.head'];


/* ---- the lists ---- */

function row(item) {
  const { pupils = 0, completed = 0, in_progress: begun = 0 }
    = item.summary ?? {};

  return el('tr', null,
    el('th', { scope: 'row' }, written('a', item.title,
                                       { href: `#/homework/${item.id}` })),
    written('td', item.class.title ?? '–', { 'data-label': t('class') }),
    el('td', { 'data-label': t('due.head') }, moment(item.due_at)),
    el('td', { 'data-label': t('done.head') },
      el('meter', { min: 0, max: pupils || 1, value: completed,
                    'aria-hidden': 'true' }), ' ',
      t('pupils.done', { n: pupils, done: completed }),
      begun > 0 && el('span', { class: 'facts' },
                      ` · ${t('pupils.begun', { n: begun })}`)));
}


export async function given(show) {
  const now = new Date().toISOString();
  const list = (name, items) => items.length > 0
    && table(t(name), COLUMNS, items.map(row));
  const open = list('given.open',
                    await pages('/v1/homework?status=open&', 'homework'));
  const ahead = [heading(t('given')),
    el('p', null, link('#/give', t('give'), { class: 'button' })), open];

  show(...ahead, awaited());

  const past = list('given.past',
    await pages(`/v1/homework?status=all&order=newest&due_before=${now}&`,
                'homework'));

  show(...ahead, past, !open && !past
    && el('p', { class: 'card empty' }, t('given.none')),
  el('p', null, link('#/withdrawn', t('taken.list'))));
}


/* ---- what was taken back ---- */

const giveAgain = (item) => async () => {
  try {
    await post(`/v1/homework/${item.id}/restore`);
  } catch (error) {
    tell(error);
    return;
  }
  location.hash = `#/homework/${item.id}`;
  addEventListener('shown', () => say(t('given.again'), true), { once: true });
};


const withdrawnRow = (item) => el('tr', null,
  written('th', item.title, { scope: 'row' }),
  written('td', item.class.title ?? '–', { 'data-label': t('class') }),
  el('td', { 'data-label': t('due.head') }, moment(item.due_at)),
  el('td', null, button(t('give.again'), giveAgain(item), {
    'aria-label': t('give.again.of', { title: item.title }) })));


export async function withdrawn(show) {
  const items = await pages('/v1/homework?status=withdrawn&order=newest&',
                            'homework');

  show(
    el('p', null, link('#/', t('back.given'))),
    heading(t('taken.list')),
    el('p', null, t('taken.what')),
    items.length > 0
      ? table(t('taken.list'), ['homework', 'class', 'due.head', 'give.again'],
              items.map(withdrawnRow))
      : el('p', { class: 'card empty' }, t('taken.none')));
}


/* ---- one homework: the class ---- */

function pupilRow(id, one, exercises) {
  return el('tr', null,
    el('th', { scope: 'row' }, written('a', person(one),
                                       { href: toPupil(id)(one) })),
    el('td', { 'data-label': t('state.head') },
      one.status && badge(one.status, t(`state.${one.status}`))),
    el('td', { 'data-label': t('exercises.head') },
      t('exercises.done', { n: exercises, done: one.exercises_done ?? 0 })),
    el('td', { 'data-label': t('points.head') }, one.score === null
      || one.score === undefined ? '–' : el('span', null,
        t('points', { n: one.score }), one.score_by
          && el('small', null, ` ${t(`by.${one.score_by}`)}`))),
    el('td', { 'data-label': t('last.head') },
      one.updated_at ? day(one.updated_at) : '–'),
    pupilsHavePasswords() && el('td', { 'data-label': t('code.head') },
      button(t('code.make'), () => handOut(one), {
        'aria-label': t('code.make.of', { name: person(one) }) })));
}


/* ---- a code for a new password, on paper ---- */

async function handOut(one) {
  const name = person(one);
  let made;

  if (!await confirmed(t('code.sure', { name }), t('code.sure.what'),
                       t('code.make')))
  {
    return;
  }
  try {
    made = await post(`/v1/pupils/${one.id}/login-code`);
  } catch (error) {
    if (error.slug === 'conflict') {
      error.slug = 'no-code';
    }
    tell(error);
    return;
  }
  await shown(paper(name, made));
}


/* It stands here until it is closed, and nowhere else. */
const paper = (name, made) =>
  el('dialog', { 'class': 'paper', 'aria-labelledby': 'paper' },
    el('form', { method: 'dialog' },
      written('h2', name, { id: 'paper' }),
      el('ol', null,
        el('li', null, t('code.step.open', { where: location.host })),
        el('li', null, t('code.step.choose', { link: t('code.have') })),
        el('li', null, t('code.step.type'),
          el('dl', null,
            el('dt', null, t('login.name')),
            written('dd', made.identifier, { translate: 'no' }),
            el('dt', null, t('code.code')),
            el('dd', { class: 'secret', translate: 'no' }, made.code))),
        el('li', null, t('code.step.new'))),
      el('p', null, t('code.until', { when: moment(made.expires_at) })),
      el('div', { class: 'actions' },
        el('button', { value: 'no', class: 'quiet' }, t('close')),
        el('button', { type: 'button', onclick: () => print() },
           t('print')))));


export async function overview(show, id) {
  const { homework: item, pupils, summary }
    = await get(`/v1/homework/${id}/progress`);
  const { exercises = [] } = item;
  const answered = (summary?.completed ?? 0) + (summary?.in_progress ?? 0);
  const all = byName(pupils);

  seen(id, all);

  show(
    el('p', null, link('#/', t('back.given'))),
    heading(item.title, t('homework')),
    el('p', { class: 'facts' }, written('span', item.class.title ?? ''), ' · ',
      t('due', { when: moment(item.due_at) })),
    ways(item, all, 'class'),
    item.description && written('p', item.description, { class: 'text card' }),
    el('details', null, el('summary', null,
      t('exercises', { n: exercises.length })),
      el('ol', null, exercises.map((one) => el('li', null,
        written('span', one.title), ' ',
        el('small', null, one.kind && `${t(`kind.${one.kind}`)} · `,
           t('points', { n: one.max_score })),
        one.options && el('ul', null, one.options.map((option) =>
          written('li', option))))))),
    table(t('pupils'), ['pupil', 'state.head', 'exercises.head', 'points.head',
                        'last.head',
                        ...pupilsHavePasswords() ? ['code.head'] : []],
          all.map((one) => pupilRow(id, one, exercises.length))),
    el('div', { class: 'actions' },
      link(`#/edit/${id}`, t('edit'), { class: 'button quiet' }),
      link(`#/copy/${id}`, t('copy'), { class: 'button quiet' }),
      button(t('take.back'), () => takeBack(item, answered))));
}


async function takeBack(item, answered) {
  if (!await confirmed(t('take.back.sure', { title: item.title }),
    t('take.back.what', { n: answered }), t('take.back')))
  {
    return;
  }
  try {
    await api('DELETE', `/v1/homework/${item.id}`);
  } catch (error) {
    tell(error);
    return;
  }
  location.hash = '#/';
  addEventListener('shown', () => say(t('taken.back'), true), { once: true });
}


/* ---- give, change ---- */

/* When it is due, as an instant, or null: what is none is said. */
function dueAt(made) {
  const at = instant(made.due.value, made.hour.value);

  if (at === null) {
    wrong(made.due, t('rule.pattern'));
    made.due.focus();
  }

  return at && at.toISOString();
}

/* Until the end of the day, which may be today. */
function dueFields(at) {
  const [day, hour] = at ? inputs(at) : ['', '23:59'];

  return el('div', { class: 'beside' },
    field(t('due.day'), el('input', { type: 'date', name: 'due',
                                      required: true, max: '9999-12-31',
                                      value: day })),
    field(t('due.hour'), el('input', { type: 'time', name: 'hour',
                                       required: true, value: hour })));
}

const NAMES = { due_at: 'due', class_id: 'class' };


async function cancel(what, back) {
  if (!before(what) || await confirmed(t('drop.sure'), t('logout.given'),
                                       t('drop')))
  {
    forget(what);
    location.hash = back;
  }
}


export async function give(show) {
  const { records } = await get('/v1/data/enrolment');
  const classes = records.filter((record) => record.role === 'teacher');
  const whose = session.user.id;
  const last = before(whose);
  const exercises = editor(last?.shapes);
  const sent = last?.sent ?? {};    /* the same content is the same homework */
  const made = form({ class: 'card wide' }, async () => {
    const title = made.elements.title.value;
    const due = dueAt(made);
    const body = {
      class_id: made.elements.class.value, title,
      ...(made.description.value && { description: made.description.value }),
      due_at: due, exercises: exercises.read(),
    };

    if (due === null || !exercises.fits()) {
      return;
    }
    /* What was changed since it was refused, or lost, is another one: the one
       before may be stored. */
    if (sent.content !== JSON.stringify(body)) {
      sent.content = JSON.stringify(body);
      sent.id = crypto.randomUUID();
    }
    try {
      await post('/v1/homework', { id: sent.id, ...body });
    } catch (error) {
      refused(error, made, exercises);
      return;
    }
    forget(whose);
    location.hash = '#/';
    addEventListener('shown', () => say(t('gave', { title }), true),
                     { once: true });
  },
  field(t('class'), el('select', { name: 'class', required: true },
    sorted(classes, (one) => one.class_title ?? '').map((one) =>
      el('option', { value: one.class_id }, one.class_title ?? t('nobody'))))),
  field(t('title'), el('input', { name: 'title', required: true, dir: 'auto',
                                  autocomplete: 'off' })),
  field(t('text'), el('textarea', { name: 'description', rows: 4,
                                    dir: 'auto' })),
  dueFields(null),
  exercises.node,
  el('div', { class: 'actions' },
     button(t('cancel'), () => cancel(whose, '#/')),
     button(t('preview'), () => preview(made.elements.title.value,
       made.description.value, exercises.read())),
     el('button', { type: 'submit' }, t('give'))));

  last?.fill(made);
  keep(whose, made, exercises, sent);
  show(el('p', null, link('#/', t('back.given'))), heading(t('give')),
       classes.length > 0 ? made
         : el('p', { class: 'card empty' }, t('classes.none')));
}


/* What is refused of an exercise is said there. */
function refused(error, made, exercises) {
  const control = exercises?.at(error.field);

  if (control) {
    wrong(control, words(error));
    control.focus();
  } else {
    tell(error, made, NAMES);
  }
}


const fixed = () => el('p', { class: 'facts' }, t('exercises.fixed'));


/* What of a homework a teacher writes, alike for what is stored and sent. */
const content = ({ title, description, due_at: due, exercises }) =>
  JSON.stringify([title, description || null, Date.parse(due),
                  exercises && editor(exercises).read()
                    .map((one) => ({ ...one, id: undefined }))]);


/*
 * Stores a change, if it is made from what is stored.  What was stored and not
 * answered is no change of somebody else's; of one that is, whoever writes
 * decides.  False: they would rather not.
 */
async function put(item, body, again = true) {
  const path = `/v1/homework/${item.id}`;

  try {
    await api('PATCH', path, { ...body, version: item.version });
  } catch (error) {
    if (error.rule !== 'stale' || !again) {
      throw error;
    }

    const stored = await get(path);

    if (content(stored) !== content({ exercises: stored.exercises, ...body })) {
      if (!await confirmed(t('theirs.sure'), t('theirs.what'), t('save'))) {
        return false;
      }
      item.version = stored.version;

      return put(item, body, false);
    }
  }

  return true;
}


/* Exercises, until somebody has answered; all else whenever. */
export async function edit(show, id) {
  const stored = await get(`/v1/homework/${id}`);
  const what = `${session.user.id} ${id}`;
  const last = before(what);
  const item = last?.sent ?? stored;        /* that this is made from */
  const { completed = 0, in_progress: begun = 0 } = stored.summary ?? {};
  const open = stored.exercises && completed + begun === 0;
  let exercises = open ? editor(last?.shapes ?? item.exercises) : null;
  const read = () => exercises?.read();
  const was = open && JSON.stringify(editor(item.exercises).read());
  const back = `#/homework/${id}`;
  const made = form({ class: 'card wide' }, async () => {
    const due = dueAt(made);

    if (due === null || exercises?.fits() === false) {
      return;
    }
    try {
      if (!await put(item, {
        title: made.elements.title.value,
        description: made.description.value || null,
        due_at: due,
        ...(exercises && JSON.stringify(read()) !== was
            && { exercises: read() }),
      }))
      {
        return;
      }
    } catch (error) {
      /* All else can be saved, without what cannot be changed any more. */
      if (exercises && error.rule === 'answered') {
        exercises.node.replaceWith(fixed());
        exercises = null;
      }
      refused(error, made, exercises);
      return;
    }
    forget(what);
    location.hash = back;
    addEventListener('shown', () => say(t('changed'), true), { once: true });
  },
  field(t('title'), el('input', { name: 'title', required: true, dir: 'auto',
                                  value: item.title })),
  field(t('text'), el('textarea', { name: 'description', rows: 4, dir: 'auto',
                                    value: item.description ?? '' })),
  dueFields(new Date(item.due_at)),
  exercises ? exercises.node : fixed(),
  el('div', { class: 'actions' },
     button(t('cancel'), () => cancel(what, back)),
     el('button', { type: 'submit' }, t('save'))));

  last?.fill(made);
  keep(what, made, exercises, item);
  show(heading(t('edit.title', { title: item.title }), t('edit')), made);
}


/* ---- to other classes, too ---- */

/* Each class gets its own, once: what was lost on the way is sent again. */
async function copied(id, chosen, due) {
  for (const one of chosen.filter(({ given }) => !given)) {
    if (one.due !== due) {
      one.due = due;
      one.id = crypto.randomUUID();
    }
    await post('/v1/homework', { id: one.id, class_id: one.class_id,
                                 copy_of: id, due_at: due });
    one.given = true;
    one.box.disabled = true;
  }
}


export async function copy(show, id) {
  const [item, { records }] = await Promise.all([get(`/v1/homework/${id}`),
    get('/v1/data/enrolment')]);
  const classes = sorted(records.filter(({ role, class_id }) =>
    role === 'teacher' && class_id !== item.class.id),
  (one) => one.class_title ?? '').map(({ class_id, class_title }) => ({
    class_id, class_title, box: el('input', { type: 'checkbox' }) }));
  const missing = el('p', { class: 'wrong', id: 'classes-wrong',
                            hidden: true });
  const made = form({ class: 'card' }, async () => {
    const chosen = classes.filter(({ box }) => box.checked);
    const due = dueAt(made);

    missing.textContent = t('rule.choose');
    missing.hidden = chosen.length > 0;
    if (chosen.length === 0) {
      classes[0].box.focus();
    }
    if (due === null || chosen.length === 0) {
      return;
    }
    try {
      await copied(id, chosen, due);
    } catch (error) {
      tell(error, made, NAMES);
      return;
    }
    location.hash = `#/homework/${id}`;
    addEventListener('shown', () => say(t('copied', { n: chosen.length }),
                                        true), { once: true });
  },
  el('p', null, t('copy.what')),
  el('fieldset', { 'class': 'rows', 'aria-describedby': missing.id },
    el('legend', null, t('classes')),
    classes.map(({ box, class_title }) => el('label', { class: 'tick' }, box,
      written('span', class_title ?? t('nobody')))), missing),
  dueFields(new Date(item.due_at)),
  el('div', { class: 'actions' }, link(`#/homework/${id}`, t('cancel'),
                                       { class: 'button quiet' }),
     el('button', { type: 'submit' }, t('give'))));

  show(heading(t('copy.title', { title: item.title }), t('copy')),
       classes.length > 0 ? made
         : el('p', { class: 'card empty' }, t('copy.none')));
}
