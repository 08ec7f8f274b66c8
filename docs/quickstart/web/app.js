/*
 * Copyright (C) the Pupil authors
 *
 * The quick start's school web app: what people do on a school day, on nothing
 * but the HTTP API.  Each view has an address; this file says which view that
 * is, and whose it is.  No personal data is kept in the browser: state lives in
 * memory, and the session in an HttpOnly cookie.  When the session ends, or is
 * somebody else's, the page forgets all but what the same person has written
 * and not handed in.
 */

import { api, get, post, session } from './api.js';
import * as answers from './answers.js';
import * as classes from './classes.js';
import { $, button, confirmed, el, heading, lasting, link, say }
  from './dom.js';
import * as door from './door.js';
import * as editor from './editor.js';
import { login } from './login.js';
import * as marks from './marks.js';
import * as own from './own.js';
import { patiently, tell, words } from './problem.js';
import { proved } from './proof.js';
import * as pupil from './pupil.js';
import * as queue from './queue.js';
import * as support from './support.js';
import * as teacher from './teacher.js';
import { clocks } from './times.js';
import { choose, languages, named, speak, t } from './words.js';

const WARNED = 2 * 60 * 1000;       /* ms before the session ends */
const STALE = 60 * 1000;
const TYPING = 5 * 60 * 1000;


/* ---- which view an address is ---- */

/* Of everybody: the first is in the menu, and leads to the others. */
const MINE = [
  ['me', 'me', own.stored],
  ['notices', 'notices', own.notices],
  ['looked', 'looked', own.audit],
  ['sessions', 'sessions', own.sessions],
  ['password', 'password.own', own.password],
  ['codes', 'recovery.own', own.codes],
  ['support', 'support', support.mine],
];

/* By role: address, its name in the menu (null: it is not there), view. */
const VIEWS = {
  pupil: [
    ['', 'todo', pupil.todo],
    ['done', 'finished', pupil.finished],
    ['results', 'results', pupil.results],
    ['homework', null, pupil.homework],
    ...MINE,
  ],
  teacher: [
    ['', 'given', teacher.given],
    ['classes', 'classes', classes.list],
    ['class', null, classes.one],
    ['give', null, teacher.give],
    ['homework', null, teacher.overview],
    ['edit', null, teacher.edit],
    ['copy', null, teacher.copy],
    ['withdrawn', null, teacher.withdrawn],
    ['answers', null, answers.question],
    ['assess', null, answers.pupil],
    ...MINE,
  ],
  support: [
    ['', 'support.redeem', support.redeem],
    ...MINE,
  ],
  other: [
    ['', 'look', own.look],
    ...MINE,
  ],
};

const views = () => VIEWS[session.user?.role] ?? VIEWS.other;

let shown = 0;                      /* counts views: an old one is not shown */


/* Each part of it is one part of a request's path, whatever a link has. */
const address = () => location.hash.replace(/^#\/?/, '').split('/')
  .map(encodeURIComponent);


async function route() {
  if (!session.user) {
    await outside();
    return;
  }

  const mine = ++shown;
  const [name, ...ids] = address();
  const [at, , view] = views().find(([one]) => one === name) ?? views()[0];
  const current = () => mine === shown;
  const show = (...nodes) => current() && put(nodes);

  say('');
  closed();
  menu(at);
  queue.on.state = () => {};
  try {
    await patiently(() => view(show, ...ids), current);
  } catch (error) {
    if (!current() || !session.user) {
      return;
    }
    if (!halved(error)) {
      tell(error);
      put([heading(t('gone')), el('p', null, link('#/', t('start')))]);
      return;
    }
  }
  if (current()) {
    focusHeading();
    dispatchEvent(new CustomEvent('shown'));
  }
}


/* What was asked on one page is not asked over another. */
const closed = () => document.querySelectorAll('dialog')
  .forEach((box) => box.close());


/* A list that fails takes nothing away that is there already. */
function halved(error) {
  const rest = $('view').querySelector('[data-rest]');

  if (rest && error.kind) {
    rest.textContent = t('rest');
    return true;
  }

  return false;
}


/* What is shown again stays where it is: a click is lost whose element goes
   between press and release. */
function placed(parent, nodes) {
  [...parent.childNodes].filter((node) => !nodes.includes(node))
    .forEach((node) => node.remove());
  nodes.forEach((node, n) => {
    if (parent.childNodes[n] !== node) {
      parent.insertBefore(node, parent.childNodes[n] ?? null);
    }
  });
}


/* Nodes, or what draws some.  Focus stays where it is while more of the same
   view comes. */
function put(nodes) {
  const view = $('view');
  const list = nodes.map((one) => (typeof one === 'function' ? one() : one))
    .flat().filter(Boolean);
  const first = view.childElementCount === 0
    || view.dataset.of !== String(shown);

  view.dataset.of = shown;
  placed(view, list);
  if (first) {
    scrollTo(0, 0);
    focusHeading();
  }
}


function entitle() {
  const title = $('view').querySelector('[tabindex="-1"]');

  document.title = `${title?.dataset.title ?? ''} – ${t('school')}`;

  return title;
}


function focusHeading() {
  const title = entitle();

  if (!$('view').contains(document.activeElement)) {
    title?.focus();
  }
}


function menu(at) {
  const mine = MINE.some(([to]) => to === at);
  const links = (place, list, current, fresh) => placed(place,
    list.filter(([, text]) => text).map(([to, text]) => {
      const one = place.querySelector(`[href="#/${to}"]`) ?? link(`#/${to}`);

      if (to === current) {
        one.setAttribute('aria-current', 'page');
      } else {
        one.removeAttribute('aria-current');
      }
      one.replaceChildren(`${t(text)} `);
      if (news && to === fresh) {
        one.append(el('span', { class: 'badge' }, t('notices.new')));
      }

      return one;
    }));

  links($('menu'), [...views().filter((one) => !MINE.includes(one)), MINE[0]],
        mine ? 'me' : at, 'me');
  links($('mine'), mine ? MINE : [], at, 'notices');
}


/* Whether there is a notice that was not seen: the menu says so. */
let news = false;

async function seek() {
  const { notices: [newest] } = await get('/v1/me/notices?limit=1');

  if (news === (newest?.seen_at === null)) {
    return;
  }
  news = !news;
  menu((views().find(([one]) => one === address()[0]) ?? views()[0])[0]);
}

const newsQuietly = () => seek().catch(() => {});


/* ---- whose it is ---- */

const channel = new BroadcastChannel('pupil');


/* Before a page of somebody else, or of nobody. */
function forget() {
  shown++;
  $('view').replaceChildren();
  $('menu').replaceChildren();
  $('mine').replaceChildren();
  $('who').replaceChildren();
  closed();
  $('school').textContent = t('school');
  document.title = t('school');
  outdoors = [];
  dispatchEvent(new Event('forgotten'));
  session.user = null;
  session.csrf = '';
  news = false;
  say('');
  lasting('');
}


let subject = null;                 /* whose the drafts are */

/* What is written and not sent. */
const unsent = () => queue.unsent() + editor.unsent() + marks.unsent();

function lose() {
  queue.forget();
  editor.forget();
  marks.forget();
}


async function enter(state) {
  const same = state.user.id === subject;

  forget();
  if (!same) {
    lose();
    if (subject !== null) {
      history.replaceState(null, '', '#/');
    }
  }
  door.forget();
  subject = state.user.id;
  session.user = state.user;
  session.csrf = state.session.csrf_token;
  session.idle = state.session.idle_timeout * 1000;
  session.seen = Date.now();
  clocks(state.session.time_zone);
  if (!localStorage.getItem('logged-in')) {
    localStorage.setItem('logged-in', '1');
  }
  channel.postMessage({ entered: subject });

  header(state);
  queue.flush();
  await route();
  newsQuietly();
}


function header(state) {
  const active = state.institutions.find((one) => one.active);

  $('school').textContent = active?.title ?? t('school');
  $('who').replaceChildren(
    el('span', null, el('strong', { dir: 'auto' },
                        state.user.display_name ?? ''), ' ',
      el('small', null, named('role', state.user.role))),
    ...schools(state), button(t('logout'), logout, { id: 'logout' }));
}


/* Somebody with several roles, here or at other schools, acts in one: chosen,
   then done by the button, as an arrow key must not act. */
function schools(state) {
  const all = state.institutions.flatMap((one) => one.roles.map((role) => ({
    choice: { institution_id: one.id, role },
    here: one.active && role === one.role,
    text: `${one.id === null ? t('schools.all') : one.title ?? t('school')} (${
      named('role', role)})`,
  })));

  if (all.length < 2) {
    return [];
  }

  const list = el('select', { 'aria-label': t('schools') }, all.map((one, n) =>
    el('option', { value: n, selected: one.here }, one.text)));

  return [list, button(t('switch'), async () => {
    try {
      const { choice } = all[list.value];

      history.replaceState(null, '', '#/');
      await enter(await post('/v1/session/institution', choice));
    } catch (error) {
      tell(error);
    }
  })];
}


function ask(text = '') {
  localStorage.removeItem('logged-in');
  outside(text);
}


let outdoors = [];                  /* what is shown to who is not logged in */

/* Each is a page of its own. */
function page(...nodes) {
  shown++;
  say('');
  outdoors = nodes;
  put(nodes);
}


/* In another language, with what somebody has typed and not sent. */
function again() {
  const typed = [...$('view').querySelectorAll('[name]')]
    .map(({ name, value, checked }) => ({ name, value, checked }));

  say('');
  put(outdoors);
  entitle();
  for (const { name, value, checked } of typed) {
    const control = $('view').querySelector(`[name="${name}"]`);

    Object.assign(control, { value, checked });
    control.dispatchEvent(new Event('change'));
  }
}


/* Nobody is logged in, as far as the page knows: who may be is asked after, at
   most, and whoever is on a page that needs no session stays there. */
async function outside(text = '', good = false) {
  const [name, id] = address();
  const free = door.pageAt(name);

  forget();
  try {
    if (free) {
      await free(page, { done: leave, entered: begin }, id);
    } else if (localStorage.getItem('logged-in')) {
      await patiently(begin, () => session.user === null);
    } else {
      login(page, entered);
      $('view').querySelector('select, input')?.focus();
    }
    add(text, good);
  } catch (error) {
    if (free) {
      leave(words(error));
    } else if (error.kind === 'ended') {
      add(text, good);
    } else {
      tell(error);
    }
  }
}


/* Not in place of what the page has just said itself. */
const add = (text, good) => text && say(text, good);


/* A page that needs no session, which ends none, either: to whose it is. */
function leave(text, good = false) {
  history.replaceState(null, '', '#/');
  outside(text, good);
}


async function entered(state, typed) {
  if (state.status === 'password_change_required') {
    session.csrf = state.session.csrf_token;
    own.password(page, typed);
    return;
  }
  await begin();
}


function over() {
  ask(t(unsent() > 0 ? 'ended.kept' : 'ended.session'));
}


/* The session as the gateway has it. */
async function begin() {
  await enter(await get('/v1/session'));
}


async function logout() {
  const lost = queue.unsent() > 0 ? t('logout.what', { n: queue.unsent() })
    : editor.unsent() > 0 ? t('logout.given')
      : marks.unsent() > 0 && t('logout.marks', { n: marks.unsent() });

  if (lost && !await confirmed(t('logout.sure'), lost, t('logout'))) {
    return;
  }

  const there = door.wayOut();      /* a log-out takes what says so */

  try {
    await api('DELETE', '/v1/session');
  } catch (error) {
    if (error.kind !== 'ended') {
      tell(error);
      return;
    }
  }
  channel.postMessage({ ended: subject });
  lose();
  subject = null;
  history.replaceState(null, '', '#/');
  ask();
  if (there) {
    location.assign(there);
  }
}


session.ended = () => {
  if (session.user) {
    channel.postMessage({ ended: subject });
    over();
  } else {
    ask();
  }
};

session.proved = proved;

session.changed = (state) => {
  enter(state).catch((error) => tell(error));
};


/* ---- other tabs, Back, and nobody there ---- */

/* Whoever is logged in now: the same person, another one, or nobody. */
async function look() {
  const state = await get('/v1/session');

  if (state.user.id === session.user?.id
      && state.user.role === session.user.role)
  {
    session.csrf = state.session.csrf_token;
    clocks(state.session.time_zone);
  } else {
    await enter(state);
  }
}

const lookQuietly = () => look().catch(() => {});


channel.addEventListener('message', ({ data }) => {
  if (data.alive) {
    session.seen = Math.max(session.seen, data.alive);
  } else if (data.ended !== undefined && data.ended === session.user?.id) {
    over();
  } else if (!session.user && door.pageAt(address()[0])) {
    return;
  } else if (data.entered !== undefined && data.entered !== session.user?.id) {
    forget();
    begin().catch(() => ask());
  } else if (data.entered !== undefined) {
    lookQuietly();
  }
});


/* A page that Back brings as it was shows nobody's data before it is known
   whose they are. */
addEventListener('pagehide', () => {
  if (session.user) {
    $('view').replaceChildren();
    $('who').replaceChildren();
  }
});

addEventListener('pageshow', (event) => {
  if (event.persisted) {
    start();
  }
});

document.addEventListener('visibilitychange', () => {
  if (document.visibilityState === 'visible' && session.user
      && Date.now() - session.seen > STALE)
  {
    lookQuietly();
  }
});


/* Who writes is there, though nothing is sent. */
document.addEventListener('input', () => {
  if (session.user && Date.now() - session.seen > TYPING) {
    session.seen = Date.now();
    lookQuietly();
  }
});


let told = 0;

setInterval(() => {
  if (!session.user) {
    return;
  }

  const left = session.seen + session.idle - Date.now();

  if (session.seen !== told) {
    told = session.seen;
    channel.postMessage({ alive: told });
  }
  if (left <= 0) {
    session.ended();
  } else if (left < Math.min(WARNED, session.idle / 2) && !$('idle').open) {
    $('idle').showModal();
  } else if (left > WARNED && $('idle').open) {
    $('idle').close();
  }
}, 1000);

$('skip').addEventListener('click', (event) => {
  event.preventDefault();
  $('main').focus();
});

$('stay').addEventListener('click', () => {
  $('idle').close();
  lookQuietly();
});


/* ---- what is always there ---- */

queue.on.count = (n) => lasting(n > 0 ? t('waiting.n', { n }) : '');

addEventListener('hashchange', route);
addEventListener('news', newsQuietly);
addEventListener('again', () => begin().catch((error) => tell(error)));


function language() {
  $('language').replaceChildren(...languages().map(({ code, name, chosen }) =>
    button(name, async () => {
      if ($('view').querySelector('[data-busy]')) {
        return;                     /* what is sent says more in a moment */
      }
      await choose(code);
      language();
      $('language').querySelector('[aria-pressed="true"]').focus();
      await (session.user ? look().then(() => session.user && begin())
        : again());
    }, { lang: code, 'aria-pressed': String(chosen) })));
}


async function start() {
  const refused = door.arrive();    /* a link is not in the address for long */

  await speak();
  language();
  try {
    await patiently(door.learn, () => true);
  } catch (error) {
    tell(error);                    /* by a password somebody may get in */
  }

  /* No question without hope of an answer: the cookie cannot be seen here. */
  await outside(refused === null ? '' : words({ slug: refused }));
}


await start();
