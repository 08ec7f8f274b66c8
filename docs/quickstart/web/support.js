/*
 * Copyright (C) the Pupil authors
 *
 * Letting support in: a code that somebody reads out, what they see of it and
 * end; and what support sees by it, for as long as it lasts.
 */

import { api, get, post } from './api.js';
import { button, el, field, form, heading, say } from './dom.js';
import { list } from './own.js';
import { tell } from './problem.js';
import { hour, moment, named, t } from './words.js';


/* ---- of whoever lets support in ---- */

const entry = (grant, end) => el('li', { class: 'entry' },
  el('div', null,
    el('h3', null, t(grant.redeemed_at ? 'support.in' : 'support.waits')),
    el('p', { class: 'facts' }, t('support.until', {
      from: moment(grant.created_at), until: moment(grant.expires_at) }))),
  button(t('support.end'), () => end(grant)));


export async function mine(show, shown = null) {
  const { support_grants: grants } = await get('/v1/me/support-grants');
  const again = (made) => mine(show, made).catch((error) => tell(error));

  const make = form({ class: 'card' }, async () => {
    try {
      await again(await post('/v1/me/support-grants', {
        minutes: Number(make.minutes.value) }));
    } catch (error) {
      tell(error, make);
    }
  },
  el('p', { class: 'facts' }, t('support.what')),
  field(t('support.minutes'), el('select', { name: 'minutes' },
    [15, 30, 60].map((n) => el('option', { value: n }, t('minutes', { n }))))),
  el('button', { type: 'submit' }, t('support.let')));

  async function end(grant) {
    try {
      await api('DELETE', `/v1/me/support-grants/${grant.id}`);
      await again();
      say(t('support.ended'), true);
    } catch (error) {
      tell(error);
    }
  }

  show(heading(t('support')),
    shown && el('div', { class: 'card', role: 'status' },
      el('p', null, t('support.read', {
        until: hour(shown.code_expires_at) })),
      el('p', { class: 'secret', translate: 'no' }, shown.code)),
    grants.length > 0
      && el('ul', { class: 'entries' }, grants.map((one) => entry(one, end))),
    make);
}


/* ---- of support ---- */

async function seen(grant) {
  const { categories } = await get('/v1/data/');
  const names = categories.filter((one) => one.relation === 'support_grant'
                                           && one.read.length > 0);
  const all = await Promise.all(names.map((one) =>
    get(`/v1/data/${one.category}/${grant.subject}`)));

  return all.map((one) => el('article', { class: 'card' },
    el('h3', null, named('category', one.category)),
    one.records.length > 0 ? one.records.map(list)
      : el('p', null, t('look.none'))));
}


export async function redeem(show) {
  const found = el('div');
  const made = form({ class: 'card narrow' }, async () => {
    found.replaceChildren();
    try {
      const grant = await post('/v1/support/redeem', {
        code: made.code.value.trim() });

      made.reset();
      found.replaceChildren(
        el('p', { role: 'status', class: 'card' }, t('support.sees', {
          until: hour(grant.expires_at) })), ...await seen(grant));
      setTimeout(() => found.replaceChildren(),
                 new Date(grant.expires_at) - Date.now());
    } catch (error) {
      tell(error, made);
    }
  },
  el('p', { class: 'facts' }, t('look.recorded')),
  field(t('support.code'), el('input', { name: 'code', required: true,
    autocomplete: 'off', autocapitalize: 'characters',
    spellcheck: 'false' })),
  el('button', { type: 'submit' }, t('support.enter')));

  show(heading(t('support.redeem')), made, found);
}
