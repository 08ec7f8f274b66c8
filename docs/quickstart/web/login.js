/*
 * Copyright (C) the Pupil authors
 *
 * The log-in: a password, and where a role asks for one a second factor, which
 * may have to be enrolled first.
 */

import { post } from './api.js';
import { nobodyHasPasswords, others, providers, staffAlone, tenantChosen,
         tenantField } from './door.js';
import { drawing, el, field, form, heading, once, say } from './dom.js';
import { tell } from './problem.js';
import { t } from './words.js';


/*
 * On a computer that others use the browser is not to keep who logged in: it
 * keeps the fields of a form unless it is told not to.
 */
function remember(made) {
  const own = made.own.checked;

  made.setAttribute('autocomplete', own ? 'on' : 'off');
  made.identifier.autocomplete = own ? 'username' : 'off';
  made.password.autocomplete = own ? 'current-password' : 'off';
}


/* One's own device or one that others use, too: of two ticks one at most. */
const tick = (name, other) => el('label', { class: 'tick' },
  el('input', { type: 'checkbox', name, onchange: ({ target }) => {
    target.form[other].checked &&= !target.checked;
    remember(target.form);
  } }), t(`login.${name}`));


/* entered(state): the answer of a log-in that is complete, and the password if
   it is to be changed. */
export const login = (show, entered) => show(() => {
  if (nobodyHasPasswords()) {
    return providers(heading(t('login')))
      || [heading(t('login')),
          el('p', null, t('problem.password-login-off'))];
  }

  const national = providers(heading(t('login')));

  const made = form({ class: 'card narrow' }, async () => {
    const { value } = made.password;

    try {
      await tenantChosen(made);

      const state = await post('/v1/login', {
        identifier: made.identifier.value, password: value,
        shared: made.shared.checked,
      });

      made.reset();
      if (state.status === 'second_factor_required') {
        second(show, state.methods, entered);
      } else {
        await entered(state, value);
      }
    } catch (error) {
      made.password.value = '';
      made.password.focus();
      tell(error, made);
    }
  },
  national ? el('h3', null, t('login.by-password')) : heading(t('login')),
  staffAlone(),
  tenantField(),
  field(t('login.name'), el('input', {
    name: 'identifier', required: true, autocapitalize: 'none',
    spellcheck: 'false' })),
  field(t('login.password'), el('input', {
    name: 'password', type: 'password', required: true })),
  tick('own', 'shared'), tick('shared', 'own'),
  el('button', { type: 'submit' }, t('login')), ...others());

  remember(made);

  return [national, made];
});


/* ---- the second half ---- */

/* A form with a code, which is typed again if it is not taken; before() what
   stands above it. */
const coded = (send, attributes, before) => () => {
  const made = form({ class: 'card narrow' }, async () => {
    try {
      await send(made, made.code.value.trim());
    } catch (error) {
      made.code.value = '';
      made.code.focus();
      if (error.slug === 'invalid-credentials') {
        error.slug = 'not-proved';      /* the password was right */
      }
      tell(error, made);
    }
  },
  ...before(),
  field(t('second.code'), el('input', { name: 'code', required: true,
    autocomplete: 'one-time-code', ...attributes })),
  el('button', { type: 'submit' }, t('next')));

  return made;
};

const prove = (method, code) => post('/v1/login/second-factor',
                                     { method, code });

/* A code by mail is asked for, and then typed like any other. */
async function mailed(made) {
  try {
    await prove('email');
    say('');
    made.querySelector('.sent').textContent = t('second.email.sent');
    if (made.elements.method) {     /* there is one where there are several */
      made.elements.method.value = 'email';
    }
    made.code.focus();
  } catch (error) {
    tell(error, made);
  }
}


function second(show, methods, entered) {
  show(coded(async (made, code) => {
    const state = await prove(made.elements.method?.value ?? methods[0],
                              code);

    if (state.status === 'confirm') {
      confirm(show, state, entered);
    } else {
      await codes(show, state, entered);
    }
  }, { autocapitalize: 'none', spellcheck: 'false' }, () => [
    heading(t('second')),
    methods.length > 1 && field(t('second.by'), el('select', { name: 'method' },
      methods.map((one) => el('option', { value: one }, t(`second.${one}`))))),
    methods.includes('email') && el('button', {
      type: 'button', onclick: once(({ target }) => mailed(target.form)) },
      t('second.email.send')),
    methods.includes('email') && el('p', { class: 'sent', role: 'status' }),
  ]));
}


/* What an authenticator reads, and the first of its codes. */
function confirm(show, state, entered) {
  show(coded(async (made, code) => {
    await codes(show, await prove('totp', code), entered);
  }, { inputmode: 'numeric', pattern: '[0-9]{6}' }, () => [
    heading(t('second.enrol')),
    el('p', null, t('second.enrol.what')),
    state.qr && drawing(state.qr, t('second.qr'), { class: 'qr' }),
    el('p', { class: 'secret', translate: 'no' },
       state.secret.match(/.{4}/g).join(' ')),
    el('p', null, el('a', { href: state.uri }, t('second.open'))),
  ]));
}


/* Codes of recovery are shown once: who has them goes on. */
async function codes(show, state, entered) {
  if (!state.recovery_codes) {
    await entered(state);
    return;
  }

  show(() => form({ class: 'card narrow' }, () => entered(state),
    heading(t('recovery')),
    el('p', null, t('recovery.what')),
    el('ul', { class: 'secret', translate: 'no' },
       state.recovery_codes.map((one) => el('li', null, one))),
    el('button', { type: 'submit' }, t('recovery.kept'))));
}
