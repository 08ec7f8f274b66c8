/*
 * Copyright (C) the Pupil authors
 *
 * What everybody may ask about themselves: what is stored, who looked, where
 * they are logged in, a password and codes of their own; and what an officer
 * or an administrator looks up.
 */

import { api, get, post, session } from './api.js';
import { button, el, field, form, heading, say, written } from './dom.js';
import { patiently, tell } from './problem.js';
import { instant } from './times.js';
import { day, hour, listed, moment, named, t } from './words.js';

const ID = '[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}';
const TIME = /^\d{4}-\d\d-\d\dT/;
const DATE = /^\d{4}-\d\d-\d\d$/;
const IS_ID = new RegExp(`^${ID}$`);


/* ---- what is stored ---- */

function value(name, held) {
  if (Array.isArray(held)) {
    return el('ul', null, held.map((one) => el('li', null, value(name, one))));
  }
  if (held !== null && typeof held === 'object') {
    return list(held);
  }
  if (typeof held === 'boolean') {
    return t(held ? 'yes' : 'no');
  }
  if (typeof held === 'string' && TIME.test(held)) {
    return moment(held);
  }
  if (typeof held === 'string' && DATE.test(held)) {
    return day(instant(held, '12:00'));
  }

  return written('span', name === 'role' ? named('role', held) : String(held));
}


/* Whoever writes here, and whoever enters it; all else is a roster's name. */
const SOURCES = { gateway: 'here', user: 'here', operator: 'hand',
                  manual: 'hand' };


/* What is granted of a record; ids say nothing to a reader. */
export const list = ({ source, ...record }) => el('dl', null,
  Object.entries(record).filter(([, held]) => !IS_ID.test(held))
    .map(([name, held]) => [el('dt', null, named('field', name)),
                            el('dd', null, value(name, held))]).flat(),
  source && [el('dt', null, t('source')),
             el('dd', null, t(`source.${SOURCES[source] ?? 'of'}`,
                             { name: source }))]);


/* For how long a category is kept at most. */
const terms = ({ kept }) => el('p', { class: 'facts' },
  t(`kept.${kept.from}`, { n: kept.days }), ' ', t(`then.${kept.then}`));


async function grants() {
  const { categories } = await get('/v1/data/');

  return categories.filter((one) => one.read.length > 0);
}


export async function stored(show) {
  const names = (await grants()).filter((one) => one.relation === 'self');
  const own = await Promise.all(names.map((one) =>
    get(`/v1/data/${one.category}`)));

  show(heading(t('me')), el('p', { class: 'facts' }, t('me.what')),
    own.filter((one) => one.records.length > 0).map((one) =>
      el('article', { class: 'card' },
        el('h3', null, named('category', one.category)),
        terms(names.find(({ category }) => category === one.category)),
        one.records.map(list),
        one.next && el('p', { class: 'facts' }, t('and.more')))));
}


/* ---- who looked ---- */

const who = (actor) => actor.self ? t('who.self')
  : t('who.role', { role: named('role', actor.role) });

const proof = (event) => event.proof === 'available' && el('a', {
  href: `/v1/me/audit/${event.id}/proof`, download: `${event.id}.proof`,
  'aria-label': t('proof.of', { when: moment(event.at) }) }, t('proof'));


/* What somebody did for one reason on one day. */
function looked(events) {
  const [event] = events;
  const what = [...new Set(events.map((one) => named('category',
                                                     one.category)))];

  return el('li', { class: 'entry' },
    el('div', null,
      el('h4', null, who(event.actor)),
      el('p', { class: 'facts' }, t(`did.${event.operation}`, {
        what: listed(what), why: named('purpose', event.purpose) }))),
    event.outcome !== 'allowed'
      && el('span', { class: 'badge late' }, named('outcome', event.outcome)),
    el('details', { class: 'times' },
      el('summary', null, t('times', { n: events.length })),
      el('ul', null, events.map((one) => el('li', null, hour(one.at), ' ',
        named('category', one.category), ' ', proof(one))))));
}


function grouped(events, key) {
  const groups = new Map();

  for (const one of events) {
    const name = key(one);

    groups.set(name, [...groups.get(name) ?? [], one]);
  }

  return [...groups];
}

const deed = ({ actor, operation, purpose, outcome }) =>
  [actor.self, actor.role, actor.unit, operation, purpose, outcome].join();


/* By the day, the newest first. */
export async function audit(show) {
  const events = [];
  const place = el('div');
  const more = button(t('more'), () => patiently(next, () => more.isConnected)
    .catch((error) => tell(error)));
  let cursor = null;

  async function next() {
    const page = await get(`/v1/me/audit?limit=100${cursor
      ? `&cursor=${encodeURIComponent(cursor)}` : ''}`);

    events.push(...page.events);
    cursor = page.next;
    more.hidden = !cursor;
    place.replaceChildren(...grouped(events, (one) => day(one.at))
      .map(([when, those]) => el('section', null, el('h3', null, when),
        el('ul', { class: 'entries' },
           grouped(those, deed).map(([, same]) => looked(same))))));
  }

  await next();
  show(heading(t('looked')), el('p', { class: 'facts' }, t('looked.what')),
       place, more);
}


/* ---- what one is told of one's account ---- */

const told = (kind) => t(`notice.${kind}`) === `notice.${kind}`
  ? t('notice.other') : t(`notice.${kind}`);


function notice(one) {
  const made = el('li', { class: 'entry' },
    el('div', null, el('h3', null, told(one.kind)),
       el('p', { class: 'facts' }, moment(one.at))),
    one.seen_at === null && button(t('notice.seen'), async () => {
      try {
        await post(`/v1/me/notices/${one.id}/seen`);
      } catch (error) {
        tell(error);
        return;
      }

      const list = made.parentElement;

      made.replaceWith(notice({ ...one, seen_at: '' }));
      (list.querySelector('button') ?? document.querySelector('h2')).focus();
      dispatchEvent(new CustomEvent('news'));
    }, { 'aria-label': t('notice.seen.of', { what: told(one.kind),
                                             when: moment(one.at) }) }));

  return made;
}


export async function notices(show) {
  const all = el('ul', { class: 'entries' });
  const more = button(t('more'), () => patiently(next, () => more.isConnected)
    .catch((error) => tell(error)));
  let cursor = null;

  async function next() {
    const page = await get(`/v1/me/notices?limit=50${cursor
      ? `&cursor=${encodeURIComponent(cursor)}` : ''}`);

    all.append(...page.notices.map(notice));
    cursor = page.next;
    more.hidden = !cursor;
  }

  await next();
  show(heading(t('notices')), el('p', { class: 'facts' }, t('notices.what')),
       all.childElementCount > 0 ? all
         : el('p', { class: 'card empty' }, t('notices.none')), more);
}


/* ---- where one is logged in ---- */

export async function sessions(show) {
  const { sessions: all } = await get('/v1/me/sessions');

  async function end(path) {
    try {
      await api('DELETE', path);
    } catch (error) {
      tell(error);
      return;
    }
    await sessions(show);
    say(t('ended'), true);
  }

  show(heading(t('sessions')),
    el('ul', { class: 'entries' }, all.map((one) => el('li', { class: 'entry' },
      el('div', null,
        el('h3', null, one.current ? t('session.this')
          : t('session.other', { role: named('role', one.role) })),
        el('p', { class: 'facts' }, t('session.when', {
          from: moment(one.created_at), seen: moment(one.seen_at) }))),
      !one.current && button(t('end'), () => end(`/v1/me/sessions/${one.id}`), {
        'aria-label': t('end.of', { when: moment(one.created_at) }) })))),
    all.length > 1 && button(t('end.others'), () => end('/v1/me/sessions')));
}


/* ---- a password ---- */

/* present: the first one, which was just typed, and has to be changed. */
export const password = (show, present = null) => show(() => {
  const made = form({ class: 'card narrow' }, async () => {
    try {
      const { session: state } = await post('/v1/me/password', {
        current: present ?? made.elements.current.value,
        new: made.elements.new.value,
      });

      session.csrf = state.csrf_token;
    } catch (error) {
      if (error.slug === 'wrong-password') {
        error.field = '/current';
      }
      tell(error, made);
      return;
    }
    addEventListener('shown', () => say(t('password.changed'), true),
                     { once: true });
    dispatchEvent(new CustomEvent('again'));
  },
  el('p', { class: 'facts' }, t('password.what')),
  present === null && field(t('password.present'), el('input', {
    name: 'current', type: 'password', required: true,
    autocomplete: 'current-password' })),
  field(t('password.new'), el('input', {
    name: 'new', type: 'password', required: true,
    autocomplete: 'new-password' })),
  el('button', { type: 'submit' }, t('password.set')));

  return [heading(t('password.choose')),
          present !== null && el('p', null, t('password.first')), made];
});


/* ---- codes of recovery ---- */

export async function codes(show) {
  const made = form({ class: 'card narrow' }, async () => {
    let fresh;

    try {
      const { session: state } = await post('/v1/login/step-up', {
        password: made.password.value, code: made.code.value.trim(),
      });

      session.csrf = state.csrf_token;
      fresh = await post('/v1/login/recovery-codes');
      session.csrf = fresh.session.csrf_token;
    } catch (error) {
      if (error.slug === 'not-proved') {
        error.slug = 'neither';         /* which of them, it does not say */
        error.field = '/code';
      }
      if (error.slug === 'conflict' || error.slug === 'not-found') {
        say(t('recovery.none'));
      } else {
        tell(error, made);
      }
      return;
    }
    show(heading(t('recovery')), el('div', { class: 'card narrow' },
      el('p', null, t('recovery.what')),
      el('ul', { class: 'secret', translate: 'no' },
         fresh.recovery_codes.map((one) => el('li', null, one)))));
    say(t('recovery.made'), true);
  },
  el('p', { class: 'facts' }, t('recovery.why')),
  field(t('password.present'), el('input', {
    name: 'password', type: 'password', required: true,
    autocomplete: 'current-password' })),
  field(t('second.totp'), el('input', { name: 'code', required: true,
    inputmode: 'numeric', pattern: '[0-9]{6}',
    autocomplete: 'one-time-code' })),
  el('button', { type: 'submit' }, t('recovery.make')));

  show(heading(t('recovery.own')), made);
}


/* ---- what is looked up ---- */

export async function look(show) {
  const others = (await grants()).filter((one) => one.relation !== 'self');
  const found = el('div', { role: 'status' });
  const made = form({ class: 'card' }, async () => {
    found.replaceChildren();
    try {
      const { records } = await get(`/v1/data/${made.category.value}/`
                                    + made.subject.value);

      found.replaceChildren(...records.map(list),
        ...records.length === 0 ? [el('p', null, t('look.none'))] : []);
    } catch (error) {
      tell(error, made);
    }
  },
  field(t('look.what'), el('select', { name: 'category', required: true },
    others.map((one) => el('option', { value: one.category },
                           named('category', one.category))))),
  field(t('look.whom'), el('input', {
    name: 'subject', required: true, spellcheck: 'false', pattern: ID,
    autocomplete: 'off' }), t('look.hint')),
  el('button', { type: 'submit' }, t('look')), found);

  show(heading(t('look')), el('p', { class: 'facts' }, t('look.recorded')),
       made);
}
