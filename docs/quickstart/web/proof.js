/*
 * Copyright (C) the Pupil authors
 *
 * A proof of who somebody is, within their session, where the gateway asks for
 * one: the password, and a code of whoever has an authenticator; or, of who
 * came from a provider, another log-in there.
 */

import { post, session } from './api.js';
import * as door from './door.js';
import { answered, el, field, form, link } from './dom.js';
import { tell } from './problem.js';
import { t } from './words.js';

let asked = null;

/* Asks once, whatever waits for it; resolves to whether it was given. */
export function proved() {
  asked ??= ask().finally(() => { asked = null; });

  return asked;
}


async function send(made) {
  const code = made.code.value.trim();
  const { session: state } = await post('/v1/login/step-up', {
    password: made.password.value, ...(code && { code }),
  });

  session.csrf = state.csrf_token;
}


/* Said in the dialog, as nothing behind it is heard. */
function refused(error, made) {
  if (error.slug === 'not-proved') {
    error.slug = 'neither';             /* which of them, it does not say */
  }
  error.field ??= error.slug === 'second-factor-required' ? '/code'
    : '/password';
  made.password.value = '';
  tell(error, made);
}


function ask() {
  const box = el('dialog', { 'aria-labelledby': 'proof' });
  const there = door.wayAgain();
  const cancel = el('button', { type: 'button', class: 'quiet',
                                onclick: () => box.close('no') }, t('cancel'));
  const made = form({}, async () => {
    try {
      await send(made);
      box.close('yes');
    } catch (error) {
      refused(error, made);
    }
  },
  field(t('password.present'), el('input', { name: 'password', required: true,
    type: 'password', autocomplete: 'current-password' })),
  field(t('second.totp'), el('input', { name: 'code', inputmode: 'numeric',
    pattern: '[0-9]{6}', autocomplete: 'one-time-code' }), t('anew.code')),
  el('div', { class: 'actions' }, cancel,
    el('button', { type: 'submit' }, t('next'))));

  box.append(el('h2', { id: 'proof' }, t('anew')),
    el('p', null, t('anew.what')),
    there ? el('div', { class: 'actions' }, cancel,
      link(there, t('next'), { class: 'button' })) : made);

  return answered(box);
}
