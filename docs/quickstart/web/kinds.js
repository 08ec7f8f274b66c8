/*
 * Copyright (C) the Pupil authors
 *
 * Where an answer is written, by the exercise's kind: options to choose, a
 * number, a line, an address, or a text that grows.  A teacher's preview is the
 * same.  What is written is a draft; an answer is what the gateway takes of it.
 */

import { el, field, written, wrong } from './dom.js';
import { numberRead, numberShown, t } from './words.js';

const MOST = 8192, MOST_ESSAY = 60000;      /* bytes of an answer, as JSON */
const MOST_LINK = 2000;

const bytes = new TextEncoder();

export const size = (value) => bytes.encode(JSON.stringify(value)).length;


/* What is asked, and for how many points. */
const label = (exercise, n) => el('span', null, `${n}. `,
  written('span', exercise.title), ' ',
  el('small', null, t('points', { n: exercise.max_score })));

const asked = (exercise) => exercise.text
  && written('p', exercise.text, { class: 'text' });

const described = (control, node) => control.setAttribute('aria-describedby',
  `${control.getAttribute('aria-describedby')} ${node.id}`);


/* One field.  empty, value, rule: of what is written; rule says what is wrong
   with it, if anything. */
function one(exercise, n, control, { show = (value) => value,
  value = (text) => text, rule = () => '' })
{
  return {
    node: field(label(exercise, n), control, asked(exercise)),
    focus: () => control.focus(),
    draft: () => control.value,
    set: (to) => { control.value = to === undefined ? '' : show(to); },
    wrong: (text) => wrong(control, text),
    value: () => value(control.value),
    fault: () => (control.value.trim() === '' ? t('rule.required')
      : rule(control.value)),
  };
}


/* By how many characters, at its end, a text is too long; measure: of its
   bytes. */
export function over(text, most, measure = size) {
  const letters = [...text];
  let [fit, not] = [0, letters.length + 1];

  while (not - fit > 1) {
    const half = Math.floor((fit + not) / 2);

    if (measure(letters.slice(0, half).join('')) <= most) {
      fit = half;
    } else {
      not = half;
    }
  }

  return letters.length - fit;
}

const fits = (most) => (text) => (size(text) > most
  ? t('long.by', { n: over(text, most) }) : '');

/* Of an exercise without a kind there may be what is no text. */
const text = (value) => (typeof value === 'string' ? value : '');


/* Free text: how much more of it there may be, once that is not much, in
   characters as they have been so far; and what does not belong there. */
function free(exercise, n, control, most) {
  const made = one(exercise, n, control, { show: text, rule: fits(most) });
  const id = control.id;
  const hint = el('span', { id: `${id}-private` }, t('hint.private'));
  const count = el('span', { class: 'count', id: `${id}-count` });
  const { set } = made;

  function changed() {
    const used = size(control.value);

    count.hidden = used < most * 3 / 4 || used > most;
    count.textContent = count.hidden ? '' : t('room', {
      n: Math.floor((most - used) * [...control.value].length
                    / (used - 2)) });           /* without its quotes */
    if (control.rows) {
      grow(control);
    }
    made.wrong(fits(most)(control.value));
  }

  made.node.append(el('p', { class: 'facts under' }, hint, count));
  described(control, hint);
  described(control, count);
  control.addEventListener('input', changed);
  made.set = (to) => {
    set(to);
    changed();
  };

  return made;
}


/* For browsers whose fields do not grow by themselves. */
function grow(control) {
  if (!CSS.supports('field-sizing', 'content')) {
    control.rows = Math.min(20, Math.max(3, control.value.split('\n').length,
                                         Math.ceil(control.value.length / 60)));
  }
}

const area = () => el('textarea', { rows: 3, dir: 'auto', class: 'grow' });

/* A field of one line. */
export const line = (attributes) =>
  el('input', { autocomplete: 'off', dir: 'auto', ...attributes });


/* Not of type "number": an arrow key or a wheel would change it. */
function number(exercise, n) {
  const control = line({ inputmode: 'decimal', class: 'number' });
  const made = one(exercise, n, control, {
    show: (value) => (typeof value === 'number' ? numberShown(value) : value),
    value: numberRead,
    rule: (typed) => (numberRead(typed) === null ? t('rule.number') : ''),
  });

  if (exercise.unit) {
    const unit = written('span', exercise.unit, { id: `${control.id}-unit` });
    const beside = el('div', { class: 'unit' });

    control.replaceWith(beside);
    beside.append(control, unit);
    described(control, unit);
  }

  return made;
}


/* As a browser writes it: with what it has of other alphabets escaped. */
function address(typed) {
  try {
    return new URL(typed.trim()).href
      .replace(/["<>\\^`{|}]/g, encodeURIComponent);
  } catch {
    return null;
  }
}

function link(exercise, n) {
  const control = line({ type: 'url', dir: 'ltr' });
  const made = one(exercise, n, control, {
    value: address,
    rule(typed) {
      const url = address(typed);

      return !/^https:\/\/[^@/?#]+([/?#]|$)/.test(url) ? t('rule.https')
        : url.length > MOST_LINK ? t('rule.maxLength') : '';
    },
  });
  const hint = el('p', { class: 'facts under', id: `${control.id}-how` },
                  t('hint.link'));

  made.node.append(hint);
  described(control, hint);

  return made;
}


/* One of them, or several: a group whose name is what is asked. */
function choice(exercise, n) {
  const id = `choice-${exercise.id}`;
  const boxes = exercise.options.map((_, at) => el('input', {
    type: exercise.multiple ? 'checkbox' : 'radio', name: id, value: at,
    autocomplete: 'off' }));
  const place = el('p', { class: 'wrong', id: `${id}-wrong`, hidden: true });
  const node = el('fieldset', { 'aria-describedby': place.id },
    el('legend', null, label(exercise, n)), asked(exercise),
    el('p', { class: 'facts' },
       t(exercise.multiple ? 'choose.several' : 'choose.one')),
    boxes.map((box, at) => el('label', { class: 'option' }, box,
                              written('span', exercise.options[at]))),
    place);
  const chosen = () => boxes.flatMap((box, at) => (box.checked ? [at] : []));

  return {
    node, draft: chosen, value: chosen,
    focus: () => (boxes.find((box) => box.checked) ?? boxes[0]).focus(),
    set: (to) => boxes.forEach((box, at) => {
      box.checked = Array.isArray(to) && to.includes(at);
    }),
    wrong(said) {
      node.toggleAttribute('data-wrong', said !== '');
      place.textContent = said;
      place.hidden = said === '';
    },
    fault: () => (chosen().length === 0 ? t('rule.choose') : ''),
  };
}


const KINDS = {
  choice, number, link,
  text: (exercise, n) => free(exercise, n, line(), MOST),
  essay: (exercise, n) => free(exercise, n, area(), MOST_ESSAY),
};

/* n: its number on the page. */
export const answerOf = (exercise, n) =>
  (KINDS[exercise.kind] ?? (() => free(exercise, n, area(), MOST)))(exercise,
                                                                   n);

/* Those that a key may score. */
export const scored = (exercise) =>
  exercise.kind === 'choice' || exercise.kind === 'number';
