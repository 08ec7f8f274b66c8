/*
 * Copyright (C) the Pupil authors
 *
 * Where a teacher writes the exercises of a homework: each of a kind, with what
 * that kind takes, its points and, of a choice or a number, what is right.  What
 * the gateway refuses is said at the field that it is of; a preview shows what
 * pupils will see.  One that was given already stays the same question: what an
 * answer to it is cannot be changed, and its key is kept unless there is another.
 */

import { answered, button, confirmed, el, field, wrong, written }
  from './dom.js';
import { answerOf, line } from './kinds.js';
import { numberRead, numberShown, t } from './words.js';

const KINDS = ['essay', 'text', 'choice', 'number', 'link'];
const OPTIONS = 20, EXERCISES = 100;    /* at most */

let last = 0;

const numeral = (attributes = {}) => line({ inputmode: 'decimal',
  'class': 'number', 'data-number': true, ...attributes });


/* A box to tick, and what is wrong with that. */
function tick(text, box) {
  const id = `tick-${++last}`;

  box.id = id;
  box.setAttribute('aria-describedby', `${id}-wrong`);

  return el('div', { class: 'field' },
    el('label', { class: 'tick' }, box, text),
    el('p', { class: 'wrong', id: `${id}-wrong`, hidden: true }));
}


/* ---- what each kind takes: nodes, members, and the control of a field ---- */

const none = (hint) => () => ({
  nodes: [el('p', { class: 'facts' }, t(hint))], read: () => ({}),
  at: () => null,
});


/* words: of one that stays. */
function option(rows, changed, words) {
  const stays = words !== undefined;
  const text = line({ required: true, readonly: stays, value: words });
  const right = el('input', { type: 'checkbox' });
  const label = el('span');
  const remove = button('×', () => {
    const at = rows.indexOf(row);

    rows.splice(at, 1);
    changed();
    rows[Math.min(at, rows.length - 1)].text.focus();
  });
  const row = { text, right,
    node: el('div', { class: 'row' }, field(label, text),
             el('label', { class: 'tick' }, right, t('right')), remove),
    number(n) {
      label.textContent = t('option', { n });
      right.setAttribute('aria-label', t('right.of', { n }));
      remove.setAttribute('aria-label', t('option.remove', { n }));
      remove.hidden = stays || rows.length < 3;
    },
  };

  return row;
}


/* options: how many there are at first, or those of one that stays. */
function choice({ options = 2, multiple: several = false } = {}) {
  const rows = [];
  const stays = Array.isArray(options);
  const list = el('div', { class: 'rows' });
  const multiple = el('input', { type: 'checkbox', checked: several,
                                 disabled: stays });
  const add = button(t('option.add'), () => {
    rows.push(option(rows, changed));
    changed();
    rows.at(-1).text.focus();
  });

  /* What stays is not moved: it may have the focus. */
  function changed() {
    [...list.children].filter((node) => !rows.some((row) => row.node === node))
      .forEach((node) => node.remove());
    rows.forEach((row, at) => {
      row.number(at + 1);
      if (!list.contains(row.node)) {
        list.append(row.node);
      }
    });
    add.hidden = stays || rows.length >= OPTIONS;
  }

  for (const words of stays ? options : Array(options).fill()) {
    rows.push(option(rows, changed, words));
  }
  changed();
  list.addEventListener('next', ({ target }) => {
    const next = rows[rows.findIndex(({ text }) => text === target) + 1];

    (next?.text ?? add).focus();
  });

  const chosen = () => rows.flatMap(({ right }, at) => (right.checked ? [at]
    : []));

  return {
    nodes: [list, add, tick(t('several'), multiple),
            el('p', { class: 'facts' }, t(stays ? 'key.kept' : 'key.choice'))],
    read: () => ({ options: rows.map(({ text }) => text.value.trim()),
                   multiple: multiple.checked,
                   ...(chosen().length > 0 && { key: chosen() }) }),
    shape: () => ({ options: rows.length }),
    at: (name, n) => (name === 'options' ? rows[n ?? 0]?.text : multiple),
    fault: () => chosen().length > 1 && !multiple.checked
      && [multiple, t('right.one')],
  };
}


function number({ id, unit: given } = {}) {
  const stays = id !== undefined;
  const value = numeral(), tolerance = numeral();
  const unit = line({ value: given, readonly: stays });

  return {
    nodes: [el('div', { class: 'three' }, field(t('right.answer'), value),
               field(t('tolerance'), tolerance), field(t('unit'), unit)),
            el('p', { class: 'facts' }, t(stays ? 'key.kept' : 'key.number'))],
    read: () => ({
      ...(unit.value.trim() && { unit: unit.value.trim() }),
      ...(value.value.trim() && { key: { value: numberRead(value.value),
        ...(tolerance.value.trim()
            && { tolerance: numberRead(tolerance.value) }) } }),
    }),
    at: (name, member) => (name === 'unit' ? unit
      : member === 'tolerance' ? tolerance : value),
    fault: () => tolerance.value.trim() && !value.value.trim()
      && [value, t('rule.required')],
  };
}


/* The last one is of who gives homework by other means. */
const PARTS = { choice, number, essay: none('key.none'), text: none('key.none'),
                link: none('key.link'), any: none('key.none') };


/* ---- an exercise ---- */

/* like: a shape that it has from the beginning, or one that was given. */
function exercise(remove, like = {}) {
  const stays = like.id !== undefined;
  const any = stays && !like.kind;
  const title = line({ required: true, value: like.title });
  const points = numeral({ required: true,
                           value: numberShown(like.max_score ?? 10) });
  const kind = el('select', { disabled: stays },
    (any ? ['any'] : KINDS).map((name) =>
      el('option', { value: name }, t(`kind.${name}`))));
  const text = el('textarea', { rows: 2, dir: 'auto', class: 'grow',
                                value: like.text });
  const name = el('legend');
  const made = new Map();           /* by kind: who looks about loses nothing */
  const place = el('div', { class: 'of-kind' });
  const part = () => made.get(kind.value);
  const away = button(t('exercise.remove'), remove);
  const controls = { title, max_score: points, kind, text };
  const card = el('fieldset', { class: 'card part' }, name,
    field(t('question'), title),
    el('div', { class: 'beside' }, field(t('kind'), kind),
       field(t('points.head'), points)),
    !any && field(t('exercise.text'), text), place, away);

  function changed() {
    if (!part()) {
      made.set(kind.value, PARTS[kind.value](like));
    }
    place.replaceChildren(...part().nodes);
  }

  kind.value = any ? 'any' : like.kind ?? KINDS[0];
  kind.addEventListener('change', changed);
  changed();

  return {
    title,
    shape: () => (stays ? like : { kind: kind.value, ...part().shape?.() }),
    node: card,
    empty: () => [...card.querySelectorAll('input, textarea')].every((one) =>
      (one.type === 'checkbox' ? !one.checked
        : one === points || !one.value.trim())),
    number(n, of) {
      name.textContent = t('exercise', { n });
      away.setAttribute('aria-label', t('exercise.remove.of', { n }));
      away.hidden = of < 2;
    },
    read: () => ({ ...(stays && { id: like.id }), title: title.value.trim(),
                   max_score: numberRead(points.value),
                   ...(!any && { kind: kind.value }),
                   ...(text.value.trim() && { text: text.value }),
                   ...part().read() }),
    at: ([member, ...more]) => controls[member] ?? part().at(member, ...more),
    fault: () => part().fault?.() || null,
  };
}


/* ---- all of them ---- */

/* shapes: of those that there are at first, or those that were given. */
export function editor(shapes = [{}]) {
  const all = [];
  const list = el('div', { class: 'parts' });
  const add = button(t('exercise.add'), () => {
    put();
    all.at(-1).title.focus();
  });

  function numbered() {
    all.forEach((one, at) => one.number(at + 1, all.length));
    add.hidden = all.length >= EXERCISES;
  }

  function put(like) {
    const one = exercise(async () => {
      if (!one.empty() && !await confirmed(t('exercise.sure'),
        t('exercise.lost'), t('exercise.remove')))
      {
        return;
      }

      const at = all.indexOf(one);

      all.splice(at, 1);
      one.node.remove();
      numbered();
      all[Math.min(at, all.length - 1)].title.focus();
    }, like);

    all.push(one);
    list.append(one.node);
    numbered();
  }

  /* What the gateway cannot say, as it would not be what was written. */
  function fault() {
    for (const control of list.querySelectorAll('[data-number]')) {
      if (control.value.trim() && numberRead(control.value) === null) {
        return [control, t('rule.number')];
      }
    }

    return all.map((one) => one.fault()).find(Boolean);
  }

  /* Enter ends a line, and gives nothing to a class. */
  list.addEventListener('keydown', (event) => {
    if (event.key === 'Enter' && event.target.matches('input')
        && !event.isComposing)
    {
      event.preventDefault();
      event.target.dispatchEvent(new CustomEvent('next', { bubbles: true }));
    }
  });
  shapes.forEach(put);

  return {
    node: el('div', { class: 'parts' }, list, add),
    shape: () => all.map((one) => one.shape()),
    read: () => all.map((one) => one.read()),
    at(path = '') {
      const [, name, n, ...member] = path.split('/');

      return name === 'exercises' && all[n] ? all[n].at(member) : null;
    },
    fits() {
      const [control, text] = fault() ?? [];

      if (control) {
        wrong(control, text);
        control.focus();
      }

      return !control;
    },
  };
}


/* ---- what is not given yet, or changed ---- */

const kept = new Map();             /* by what: { form, exercises, sent } */

export const unsent = () => kept.size;

/* what: that alone. */
export function forget(what) {
  if (what === undefined) {
    kept.clear();
  } else {
    kept.delete(what);
  }
}


const fields = (form) => [...form.elements]
  .filter((one) => one.matches('input, select, textarea'));


/*
 * What the same person wrote there before the session ended, or before the page
 * was in another language: the shapes of its exercises, what fills the form, and
 * what was sent of it, which may be stored.
 */
export function before(what) {
  const { form, exercises, sent } = kept.get(what) ?? {};

  /* exercises, the last of it, may not be there to be changed any more */
  return form && { shapes: exercises?.shape(), sent,
    fill: (other) => fields(other).forEach((one, n) => {
      const { value, checked } = fields(form)[n] ?? one;

      Object.assign(one, { value, checked });
    }) };
}


export function keep(what, form, exercises, sent) {
  const put = () => kept.set(what, { form, exercises, sent });

  if (kept.has(what)) {
    put();
  }
  form.addEventListener('input', put);
}

addEventListener('beforeunload', (event) => unsent() > 0
  && event.preventDefault());


/* What pupils will see, to be tried; nothing of it is sent. */
export function preview(title, description, exercises) {
  const close = el('button', { value: 'no' }, t('preview.close'));

  return answered(el('dialog', { 'class': 'wide',
                                 'aria-labelledby': 'preview' },
    el('h2', { id: 'preview' }, t('preview')),
    el('p', { class: 'facts' }, t('preview.what')),
    title && written('h3', title),
    description && written('p', description, { class: 'text' }),
    exercises.map((one, at) => el('div', { class: 'card exercise' },
      answerOf({ ...one, id: `preview-${at}`, title: one.title || '…',
                 max_score: one.max_score ?? 0,
                 options: one.options?.map((option) => option || '…') },
               at + 1).node)),
    el('form', { method: 'dialog' }, close)));
}
