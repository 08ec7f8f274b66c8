/*
 * Copyright (C) the Pupil authors
 *
 * What somebody sees who is not logged in: a forgotten password, a teacher who
 * signs up, the pages that links in mails lead to, and the choice among the
 * tenants of which a provider says that they are.
 */

import { get, post } from './api.js';
import { el, field, form, heading, link, say } from './dom.js';
import { tell } from './problem.js';
import { t } from './words.js';

/* By the argument of a mail's link: the page that it leads to. */
const LETTERS = { 'password': 'new-password', 'sign-up': 'welcome' };

let token = '';                     /* what such a link has behind its "#" */
let arrived = null;                 /* by which provider, who has just come */

/* As GET /v1/login has them. */
let ways = { password: 'off', forgotten: false, sign_up: false, providers: [],
             tenants: [] };

const known = (list, name) => list.find((one) => one.name === name);


/* Before anything is shown. */
export async function learn() {
  ways = await get('/v1/login');
  if (arrived !== null) {
    came(arrived);
    arrived = null;
  }
}


/* Somebody has logged in: who is at this page next is not whose link it is. */
export function forget() {
  token = '';
}


/*
 * Where somebody comes from, which the address says: it goes out of that, and
 * out of what Back shows.  Returns for what somebody was refused, or null.
 */
export function arrive() {
  const given = new URLSearchParams(location.search);
  const go = (to) => history.replaceState(null, '', location.pathname + to);
  const letter = Object.keys(LETTERS).find((name) => given.has(name));

  if (letter) {
    token = location.hash.slice(1);
    go(`#/${LETTERS[letter]}`);
  } else if (given.has('choose')) {
    go(`#/choose/${encodeURIComponent(given.get('choose'))}`);
  } else if (given.has('in')) {
    arrived = given.get('in');
    go('#/');
  } else if (given.has('login')) {
    go('#/');
    return given.get('login');
  }

  return null;
}


/* Where the next log-out leads: no link takes away that it is one there. */
function came(provider) {
  if (known(ways.providers, provider)
      || !localStorage.getItem('logged-in'))
  {
    localStorage.setItem('logged-in', provider || '1');
  }
}


/* ---- whose tenant it is, where several share the address ---- */

export const tenantField = () => ways.tenants.length > 0
  && field(t('tenant'), el('select', { name: 'tenant', required: true },
    el('option', { value: '' }), ways.tenants
      .map(({ name, title }) => el('option', { value: name }, title))));


/* Of a form with such a field: before anything else is sent. */
export const tenantChosen = async (made) => made.tenant
  && post('/v1/login/tenant', { tenant: made.tenant.value });


/* show, which draws again in another language what it is given to draw with, and
   entered(): somebody is logged in. */
async function choose(show, { entered }, provider) {
  const { tenants } = await get(`/v1/login/${provider}/tenant`);

  show(() => form({ class: 'card narrow' }, async (_, { submitter }) => {
    try {
      await post(`/v1/login/${provider}/tenant`, { tenant: submitter.value });
    } catch (error) {
      tell(error);
      return;
    }
    localStorage.setItem('logged-in', provider);
    history.replaceState(null, '', '#/');
    await entered();
  },
  heading(t('tenant.choose')),
  el('p', { class: 'facts' }, t('tenant.what')),
  tenants.map((value) => el('button', { type: 'submit', value },
                            known(ways.tenants, value)?.title ?? value)),
  back()));
}


/* ---- links by mail ---- */

const back = () => el('p', null, link('#/', t('login.back')));

const email = (name) => field(t(name === 'email' ? 'email' : 'login.name'),
  el('input', { name, type: name === 'email' ? 'email' : 'text',
                required: true, autocapitalize: 'none', spellcheck: 'false',
                autocomplete: name === 'email' ? 'email' : 'username' }));

const fresh = () => field(t('password.new'), el('input', {
  name: 'new', type: 'password', required: true,
  autocomplete: 'new-password' }));


/* A form that is answered alike whoever is named; and what it says then. */
function asks(show, name, send, fields) {
  show(() => form({ class: 'card narrow' }, async (made) => {
    try {
      await send(made);
    } catch (error) {
      tell(error, made);
      return;
    }
    show(() => el('div', { class: 'card narrow' }, heading(t(`${name}.sent`)),
                  el('p', null, t(`${name}.mail`)), back()));
  },
  heading(t(name)), el('p', { class: 'facts' }, t(`${name}.what`)), fields(),
  el('button', { type: 'submit' }, t(`${name}.send`)), back()));
}


const forgotten = (show) => asks(show, 'forgotten', async (made) => {
  await tenantChosen(made);
  await post('/v1/login/forgotten', {
    identifier: made.identifier.value.trim() });
}, () => [tenantField(), email('identifier')]);


const signUp = (show) => asks(show, 'sign', (made) =>
  post('/v1/login/sign-up', { email: made.email.value.trim(),
                              language: document.documentElement.lang }),
() => email('email'));


/* What the link of a mail opens, once; and what is said on the page of the
   log-in then. */
function opened(show, { done }, name, again, send, fields) {
  show(() => form({ class: 'card narrow' }, async (made) => {
    try {
      await send(made);
    } catch (error) {
      if (error.slug === 'invalid-credentials') {
        error.slug = 'link-over';
      }
      tell(error, made);
      return;
    }
    token = '';
    done(t(`${name}.done`), true);
  },
  heading(t(name)), el('p', { class: 'facts' }, t(`${name}.what`)), fields(),
  el('button', { type: 'submit' }, t(`${name}.send`)),
  el('p', null, link(`#/${again}`, t('link.again'))), back()));
}


/* A page that was loaded again, on a telephone by itself, has no token. */
function lost(show, instead) {
  instead(show);
  say(t('link.open'));
}


function newPassword(show, on) {
  if (!token) {
    lost(show, forgotten);
    return;
  }
  opened(show, on, 'reset', 'forgotten', (made) =>
    post('/v1/login/password', { token, new: made.elements.new.value }),
  fresh);
}


function welcome(show, on) {
  if (!token) {
    lost(show, signUp);
    return;
  }
  opened(show, on, 'welcome', 'sign-up', (made) =>
    post('/v1/login/sign-up/confirm', {
      token, given_name: made.given_name.value.trim(),
      family_name: made.family_name.value.trim(),
      new: made.elements.new.value }),
  () => [
    field(t('field.given_name'), el('input', { name: 'given_name', dir: 'auto',
      required: true, autocomplete: 'given-name' })),
    field(t('field.family_name'), el('input', { name: 'family_name',
      dir: 'auto', autocomplete: 'family-name' })),
    fresh(),
  ]);
}


/* A code on paper, from a teacher; what was typed of it is in the form alone. */
function byCode(show, { done }) {
  show(() => form({ class: 'card narrow', autocomplete: 'off' },
    async (made) => {
      try {
        await tenantChosen(made);
        await post('/v1/login/code', {
          identifier: made.identifier.value.trim(), code: made.code.value,
          new: made.elements.new.value });
      } catch (error) {
        if (error.slug === 'invalid-credentials') {
          error.slug = 'code-over';
        }
        tell(error, made);
        return;
      }
      made.reset();
      done(t('reset.done'), true);
    },
    heading(t('code.have')), el('p', { class: 'facts' }, t('code.what')),
    tenantField(), email('identifier'),
    field(t('code.code'), el('input', { name: 'code', required: true,
      maxlength: 32, autocomplete: 'off', autocapitalize: 'characters',
      spellcheck: 'false', placeholder: 'XXXX-XXXX-XXXX' })),
    fresh(), el('button', { type: 'submit' }, t('reset.send')), back()));
}


/* ---- what the log-in leads to ---- */

/* Pages that need no session, by their addresses. */
const PAGES = new Map(Object.entries({
  forgotten, 'sign-up': signUp, welcome, 'new-password': newPassword, choose,
  'code': byCode,
}));


export const nobodyHasPasswords = () => ways.password === 'off';

/* Then teachers hand out codes for new ones. */
export const pupilsHavePasswords = () => ways.password === 'all';

/* Whose the form is, where pupils would look for themselves there. */
export const staffAlone = () => ways.password === 'staff'
  && ways.providers.length > 0
  && el('p', { class: 'facts' }, t('login.staff'));


/* Pages that are there by what GET /v1/login says. */
const OPEN = { 'forgotten': () => ways.forgotten, 'sign-up': () => ways.sign_up,
               'code': pupilsHavePasswords };

/* The page of an address; undefined: there is none. */
export const pageAt = (name) => OPEN[name]?.() === false ? undefined
  : PAGES.get(name);


export const others = () => [
  pupilsHavePasswords() && el('p', null, link('#/code', t('code.have'))),
  ways.forgotten && el('p', null, link('#/forgotten', t('forgotten'))),
  ways.sign_up && el('p', null, link('#/sign-up', t('sign'))),
];


/* From where whoever came by a provider leaves there, too: the next one at this
   computer would be them. */
const way = (to) => {
  const name = localStorage.getItem('logged-in');

  return known(ways.providers, name) ? `/v1/login/${name}/${to}` : null;
};

export const wayOut = () => way('logout');
export const wayAgain = () => way('step-up');


/* Links, as a browser is sent to a provider, under a heading; false: none. */
export const providers = (heading) => ways.providers.length > 0
  && el('div', { class: 'card narrow ways' }, heading,
    ways.providers.map(({ name, title }) =>
      link(`/v1/login/${name}`, t('login.with', { name: title }),
           { class: 'button quiet' })));
