/*
 * Copyright (C) the Pupil authors
 *
 * Elements, and what the page says to who looks and to who listens.  Text comes
 * in as text: nothing here reads HTML.
 */

import { t } from './words.js';

export const $ = (id) => document.getElementById(id);


/*
 * el('p', { class: 'facts' }, 'text', node, ...): null and false are left out.
 * A member of attributes that begins with "on" is listened to.
 */
export function el(name, attributes, ...children) {
  const node = document.createElement(name);

  for (const [key, value] of Object.entries(attributes ?? {})) {
    if (value === null || value === undefined || value === false) {
      continue;
    }
    if (key.startsWith('on')) {
      node.addEventListener(key.slice(2), value);
    } else if (key === 'value') {
      node.value = value;
    } else {
      node.setAttribute(key, value === true ? '' : value);
    }
  }
  node.append(...children.flat().filter((one) => one !== null
                                                 && one !== undefined
                                                 && one !== false));

  return node;
}


/* A picture that the server has drawn, as SVG; said to who listens. */
export function drawing(svg, label, attributes = {}) {
  const made = document.importNode(new DOMParser()
    .parseFromString(svg, 'image/svg+xml').documentElement, true);

  for (const [key, value] of Object.entries({ 'role': 'img',
    'aria-label': label, ...attributes })) {
    made.setAttribute(key, value);
  }

  return made;
}


/* Text that somebody wrote, in whatever script: it has a direction of its
   own. */
export const written = (name, text, attributes = {}) =>
  el(name, { dir: 'auto', ...attributes }, text);


/*
 * A heading that the focus goes to when its view is shown.  title: what the tab
 * and the browser's history say, which stays on a computer that others use: a
 * text of ours, not one that somebody wrote.
 */
export const heading = (text, title = text) =>
  written('h2', text, { 'tabindex': '-1', 'data-title': title });


export const link = (to, text, attributes = {}) =>
  el('a', { href: to, ...attributes }, text);


/* Done once at a time, as a double click is one. */
export function once(action) {
  let busy = false;

  return async (event) => {
    if (busy) {
      return;
    }
    busy = true;
    try {
      await action(event);
    } finally {
      busy = false;
    }
  };
}


export const button = (text, action, attributes = {}) =>
  el('button', { type: 'button', class: 'quiet', onclick: once(action),
                 ...attributes }, text);


let last = 0;

/* A field with its label, and a place for what is wrong with it.  hint: a text,
   or a node. */
export function field(label, control, hint = null) {
  const id = `f${++last}`;
  const said = hint && typeof hint === 'string'
    ? el('p', { class: 'facts' }, hint) : hint;

  if (said) {
    said.id = `${id}-hint`;
  }

  control.id = id;
  control.setAttribute('aria-describedby',
                       said ? `${said.id} ${id}-wrong` : `${id}-wrong`);

  return el('div', { class: 'field' },
    el('label', { for: id }, label),
    said,
    control,
    el('p', { id: `${id}-wrong`, class: 'wrong', hidden: true }));
}


/* Says at a field what is wrong with it; an empty text takes that away. */
export function wrong(control, text) {
  const place = control.closest('.field').querySelector('.wrong');

  if (text) {
    control.setAttribute('aria-invalid', 'true');
  } else {
    control.removeAttribute('aria-invalid');
  }
  place.textContent = text;
  place.hidden = !text;
}


/*
 * A form that is sent once at a time.  wrongs: by the names of its controls
 * what a problem says of them, see problem.js.
 */
export function form(attributes, send, ...children) {
  const made = el('form', { novalidate: true, ...attributes }, ...children);

  /* What was wrong is so no more while it is written anew. */
  made.addEventListener('input', ({ target }) => {
    if (target.hasAttribute('aria-invalid')) {
      wrong(target, '');
    }
  });
  made.addEventListener('submit', async (event) => {
    event.preventDefault();
    if (made.dataset.busy) {
      return;
    }
    for (const control of made.elements) {
      if ($(`${control.id}-wrong`)) {
        wrong(control, '');
      }
    }
    if (!complete(made)) {
      return;
    }
    made.dataset.busy = 'yes';
    made.setAttribute('aria-busy', 'true');
    try {
      await send(made, event);
    } finally {
      delete made.dataset.busy;
      made.removeAttribute('aria-busy');
    }
  });

  return made;
}


/* What a browser finds missing, said at the field in the page's language. */
function complete(made) {
  const missing = [...made.elements].find((one) => one.willValidate
                                                   && !one.checkValidity());

  if (missing) {
    wrong(missing, t(missing.validity.valueMissing ? 'rule.required'
      : missing.type === 'date' && missing.validity.rangeOverflow ? 'rule.year'
        : 'rule.pattern'));
    missing.focus();
  }

  return !missing;
}


/* ---- messages ---- */

/* Where the rest of a view comes; see app.js for one that does not. */
export const awaited = () =>
  el('p', { 'class': 'facts', 'role': 'status', 'data-rest': true },
     t('loading'));


export function say(text, good = false) {
  const place = $('message');

  place.classList.toggle('good', good);
  place.hidden = !text;
  place.textContent = text;
}


/* What holds for as long as it is: no connection, what waits to be sent. */
export function lasting(text) {
  $('state').hidden = !text;
  if ($('state').textContent !== text) {
    $('state').textContent = text;
  }
}


/* Shows a dialog, once; resolves to whether it was closed with "yes". */
export function answered(box) {
  document.body.append(box);
  box.showModal();

  return new Promise((resolve) => {
    box.addEventListener('close', () => {
      box.remove();
      resolve(box.returnValue === 'yes');
    });
  });
}


/* Asks before something is done; resolves to whether it shall be. */
export function confirmed(title, text, action) {
  return answered(el('dialog', { 'aria-labelledby': 'sure' },
    el('form', { method: 'dialog' },
      el('h2', { id: 'sure' }, title),
      el('p', null, text),
      el('div', { class: 'actions' },
        el('button', { value: 'no', class: 'quiet' }, t('cancel')),
        el('button', { value: 'yes' }, action)))));
}


const ROLES = { TABLE: 'table', THEAD: 'rowgroup', TBODY: 'rowgroup',
                TR: 'row', TD: 'cell' };

/* A table that on a phone is a card a row: what is what is said for whoever
   listens, too, as some browsers forget it of what is not drawn as a table.
   columns: by the key of their text, or a cell with what somebody wrote. */
export function table(caption, columns, rows, attributes = {}) {
  const made = el('table', { class: 'stack', ...attributes },
    el('caption', null, caption),
    el('thead', null, el('tr', null, columns.map((name) =>
      typeof name === 'string' ? el('th', { scope: 'col' }, t(name)) : name))),
    el('tbody', null, rows));

  for (const node of [made, ...made.querySelectorAll(
    'thead, tbody, tr, th, td')])
  {
    node.setAttribute('role', ROLES[node.tagName]
      ?? (node.scope === 'row' ? 'rowheader' : 'columnheader'));
  }

  return made;
}


/* Colour is never all that tells a state: there is a sign, and a word. */
const SIGNS = { completed: '✓', in_progress: '◐', not_started: '○',
                late: '!', returned: '✓', saved: '◐', unsaved: '!',
                unmarked: '○' };

export const badge = (state, text) =>
  el('span', { class: `badge ${state}` },
    el('span', { 'aria-hidden': 'true' }, `${SIGNS[state] ?? ''} `), text);
