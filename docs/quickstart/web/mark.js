/*
 * Copyright (C) the Pupil authors
 *
 * Where a teacher marks a pupil's homework: points and a comment, saved for
 * teachers alone, and returned.  What is typed stays until it is saved,
 * whatever is refused; what somebody else has saved meanwhile is shown before
 * it is overwritten.
 */

import { api, get, post } from './api.js';
import { button, el, field, form, say, written, wrong } from './dom.js';
import { line, over } from './kinds.js';
import * as marks from './marks.js';
import { tell, words } from './problem.js';
import { moment, numberRead, numberShown, person, t } from './words.js';

const MOST = 8000;                  /* bytes of a comment */

const bytes = new TextEncoder();

const size = (text) => bytes.encode(text).length;


/* ---- what there is to say ---- */

/* What a homework gives at most, of whose parts some are no whole numbers. */
export const most = (exercises) => Number(exercises
  .reduce((sum, one) => sum + (one.max_score ?? 0), 0).toFixed(6));

/* Of something stored: as it is typed. */
const typed = (stored) => ({
  points: typeof stored?.points === 'number' ? numberShown(stored.points) : '',
  comment: stored?.comment ?? '',
});

const content = ({ points, comment }) => JSON.stringify([points ?? null,
                                                         comment ?? null]);


/*
 * mark: one form, and what it is of.
 *
 *   which, path, one, max    whose it is, and of how many points
 *   stands                   what is stored, or null
 *   version                  of what was stored when this was begun; null: nothing
 *   was                      what was typed, where it is stored
 *   sent                     the content that was sent last
 *   kept                     what marks.js has of it, by this form
 *   made, state, fault, theirs, back, onward    nodes
 */

const now = ({ made }) => ({ points: made.elements.points?.value ?? '',
                             comment: made.elements.comment.value });

const unsaved = (mark) => JSON.stringify(now(mark)) !== mark.was;


/* A form that is gone, and whose answer comes now, takes nothing away that was
   typed since, in another form of the same. */
function keep(mark) {
  if (!mark.made.isConnected && marks.find(mark.which) !== mark.kept) {
    return;
  }
  if (unsaved(mark)) {
    mark.kept = { ...now(mark), version: mark.version, sent: mark.sent };
    marks.keep(mark.which, mark.kept);
  } else {
    mark.kept = undefined;
    marks.drop(mark.which);
  }
}


function fill(mark, { points, comment }) {
  if (mark.made.elements.points) {
    mark.made.elements.points.value = points;
  }
  mark.made.elements.comment.value = comment;
}


/* The same text is not said again with each letter that is typed. */
function stands(mark, text) {
  if (mark.state.textContent !== text) {
    mark.state.textContent = text;
  }
}

function stood(mark) {
  const { stands: stored } = mark;

  mark.back.hidden = Boolean(stored?.returned_at);
  mark.state.classList.toggle('good', Boolean(stored) && !unsaved(mark));
  stands(mark, unsaved(mark) ? t('mark.unsaved')
    : stored?.returned_at
      ? t('mark.returned', { when: moment(stored.returned_at) })
      : t(stored ? 'mark.saved' : 'mark.none'));
}


/* What is stored now, of what was typed as it was sent. */
function stored(mark, assessment, sent) {
  mark.stands = assessment;
  mark.version = assessment.version;
  mark.was = JSON.stringify(sent);
  keep(mark);
  clear(mark);
}


function clear(mark) {
  mark.fault.hidden = true;
  mark.fault.textContent = '';
  mark.theirs.replaceChildren();
}


/* ---- saved, returned ---- */

/* What is wrong with it before it is sent: where, and how. */
function amiss({ made, max }, { points, comment }) {
  const { points: where = made.elements.comment } = made.elements;
  const value = numberRead(points);
  const much = size(comment) > MOST ? over(comment, MOST, size) : 0;

  return points.trim() && value === null ? [where, t('rule.number')]
    : value < 0 ? [where, t('rule.minimum')]
      : value > max ? [where, t('mark.most', { n: max })]
        : much > 0 ? [made.elements.comment, t('long.by', { n: much })]
          : !points.trim() && !comment.trim() && [where, t('mark.nothing')];
}


/*
 * Stores it, if it is made from what is stored.  What was sent before and not
 * answered may be what is there: that is not somebody else's.
 */
async function put(mark, body, again = true) {
  const { sent: before, version } = mark;

  mark.sent = content(body);
  keep(mark);
  try {
    return (await api('PUT', mark.path, { ...body, version })).assessment;
  } catch (error) {
    if (error.slug !== 'conflict' || !again) {
      throw error;
    }

    const { assessment } = await get(mark.path);

    if (assessment && content(assessment) !== before) {
      throw error;
    }
    mark.version = assessment?.version ?? null;

    return put(mark, body, false);
  }
}


async function send(mark, returned) {
  const sent = now(mark);
  const [where, text] = amiss(mark, sent) || [];

  clear(mark);
  if (where) {
    wrong(where, text);
    where.focus();
    return;
  }
  mark.state.classList.remove('good');
  stands(mark, t('mark.saving'));
  try {
    stored(mark, await put(mark, {
      points: sent.points.trim() ? numberRead(sent.points) : null,
      comment: sent.comment.trim() ? sent.comment : null,
    }), sent);
    if (returned) {
      const { assessment } = await post(mark.path.replace(/[^/]+$/, 'return'));

      stored(mark, assessment, sent);
    }
  } catch (error) {
    await refused(mark, error);
    stood(mark);
    return;
  }
  stood(mark);
  if (returned) {
    (mark.onward ?? mark.made.elements.save).focus();
  }
}


/* ---- not saved ---- */

function said(mark, text) {
  mark.fault.textContent = text;
  mark.fault.hidden = false;
}


async function refused(mark, error) {
  if (error.slug === 'conflict') {
    try {
      const { assessment } = await get(mark.path);

      if (assessment) {
        overtaken(mark, assessment);
        return;
      }
      mark.version = null;
    } catch (other) {
      error = other;
    }
  }
  if (error.kind === undefined || error.kind === 'ended'
      || error.kind === 'changed')
  {
    tell(error);
  } else if (!mark.made.isConnected) {
    say(t('mark.elsewhere', { name: person(mark.one), why: words(error) }));
  } else if (mark.made.elements[error.field?.slice(1)]) {
    tell(error, mark.made);
  } else {
    said(mark, `${words(error)} ${t('mark.kept')}`);
  }
}


/* Somebody else has saved it: that is shown, and what is typed stays.  Whoever
   saves now has seen what it takes the place of. */
function overtaken(mark, assessment) {
  const theirs = typed(assessment);

  mark.stands = assessment;
  mark.version = assessment.version;
  mark.was = JSON.stringify(theirs);
  keep(mark);
  said(mark, t('mark.overtaken'));
  mark.theirs.replaceChildren(el('div', { class: 'card theirs' },
    el('h4', null, t('mark.theirs')),
    theirs.points && el('p', null, t('points.of', {
      n: assessment.max_score, score: assessment.points })),
    theirs.comment && written('p', theirs.comment, { class: 'text' }),
    button(t('mark.take.theirs'), () => {
      fill(mark, theirs);
      keep(mark);
      clear(mark);
      stood(mark);
      mark.made.elements.comment.focus();
    })));
  if (!mark.made.isConnected) {
    say(t('mark.elsewhere', { name: person(mark.one),
                              why: t('mark.overtaken') }));
  }
}


/* ---- the form ---- */

/* What the gateway has found, which a teacher may take over, or not. */
function found(mark) {
  const { score, score_by: by } = mark.one;

  return typeof score === 'number' && el('p', { class: 'facts found' },
    el('span', null, t('mark.found', { n: score }), by
      && [' ', el('small', null, t(`by.${by}`))]),
    button(t('mark.take', { n: score }), () => {
      const { points } = mark.made.elements;

      points.value = numberShown(score);
      points.dispatchEvent(new Event('input', { bubbles: true }));
      points.focus();
    }));
}


function fields(mark) {
  const save = el('button', { type: 'submit', name: 'save', class: 'quiet' },
                  t('save'));

  mark.state = el('p', { class: 'state', role: 'status' });
  mark.fault = el('p', { class: 'wrong', role: 'alert', hidden: true });
  mark.theirs = el('div');
  mark.back = el('button', { type: 'submit', name: 'return' },
                 t('mark.return'));
  mark.made = form({ class: 'mark' },
    (_, { submitter }) => send(mark, submitter === mark.back),
    mark.max > 0 && [
      field(t('mark.points', { n: mark.max }),
            line({ name: 'points', inputmode: 'decimal', class: 'number' })),
      found(mark)],
    field(t('mark.comment'), el('textarea', { name: 'comment', rows: 3,
      dir: 'auto', class: 'grow' }), t('mark.hint')),
    mark.fault, mark.theirs, mark.state,
    el('div', { class: 'actions' }, save, mark.back),
    el('p', { class: 'facts keys' }, t('mark.keys')));
  mark.made.addEventListener('keydown', (event) => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      mark.made.requestSubmit(save);
    }
  });
  mark.made.addEventListener('input', () => {
    keep(mark);
    stood(mark);
  });
}


/* item: the homework; one: a pupil of its answers; onward: where to go next. */
export function marking(item, one, onward) {
  const which = marks.key(item.id, one.id);
  const later = marks.find(which);
  const mark = {
    which, one, onward, stands: one.assessment,
    path: `/v1/homework/${item.id}/pupils/${one.id}/assessment`,
    max: most(item.exercises ?? []),
    version: one.assessment?.version ?? null, sent: later?.sent, kept: later,
  };

  fields(mark);
  fill(mark, typed(one.assessment));
  mark.was = JSON.stringify(now(mark));
  if (later) {
    fill(mark, later);
  }
  if (later && one.assessment && later.version !== mark.version
      && content(one.assessment) !== later.sent)
  {
    overtaken(mark, one.assessment);
  }
  stood(mark);

  return el('section', { 'class': 'card', 'aria-labelledby': 'mark' },
    el('h3', { id: 'mark' }, t('mark')), mark.made,
    onward && el('p', { class: 'onward' }, onward));
}
