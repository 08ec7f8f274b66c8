/*
 * Copyright (C) the Pupil authors
 *
 * The quick start's school web app: what a pupil, a teacher and an
 * administrator do on a school day, on nothing but the HTTP API.  No personal
 * data is kept in the browser: state lives in memory, and the session in an
 * HttpOnly cookie.
 *
 * What a pupil writes or hands in is not lost by a failing network or a
 * session that ended: it stays in memory until the same person has logged in
 * again.  A submission keeps its id and is sent until it is stored; the server
 * stores it once.
 */

const $ = (id) => document.getElementById(id);

const VIEWS = { pupil, teacher };

let csrf = '';
let subject = null;         /* whose the two below are */
let pending = [];           /* submissions that are not known to be stored */
let drafts = new Map();     /* text that was not handed in, by exercise */


/* ---- the API ---- */

async function api(method, path, body) {
  const headers = {};

  if (body !== undefined) {
    headers['Content-Type'] = 'application/json';
  }
  if (method !== 'GET') {
    headers['X-Pupil-CSRF'] = csrf;
  }

  const answer = await fetch(path, {
    method, headers,
    body: body === undefined ? undefined : JSON.stringify(body),
    credentials: 'same-origin',
    cache: 'no-store',
  });

  const data = answer.status === 204 ? null : await answer.json();

  if (!answer.ok) {
    const error = new Error(data.detail ?? data.title);
    error.status = answer.status;
    error.problem = data;
    throw error;
  }

  return data;
}


/* ---- what is on the page ---- */

function say(text, good = false) {
  $('message').textContent = text;
  $('message').hidden = !text;
  $('message').classList.toggle('good', good);
}


function show(view) {
  for (const id of ['login', 'password', 'pupil', 'teacher', 'other']) {
    $(id).hidden = id !== view;
  }
  $('who').hidden = view === 'login';
  $('own').hidden = view === 'password';
}


const words = (name) => name.replaceAll('_', ' ');

function date(text) {
  const day = new Date(text);
  const here = day.getFullYear() === new Date().getFullYear();

  return day.toLocaleDateString(undefined, {
    day: 'numeric', month: 'long', year: here ? undefined : 'numeric',
  });
}



function cell(row, label, text, number = false) {
  const at = row.insertCell();

  at.textContent = text ?? '–';
  at.dataset.label = label;
  at.classList.toggle('number', number);
  at.classList.toggle('empty', text == null);

  return at;
}


function button(text, label, action) {
  const made = document.createElement('button');

  made.type = 'button';
  made.className = 'quiet';
  made.textContent = text;
  made.setAttribute('aria-label', label);
  made.addEventListener('click', () => action().catch(failed));

  return made;
}


/* A form that is sent once at a time. */
function onSubmit(form, send) {
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const send_button = form.querySelector('button[type=submit]');

    send_button.disabled = true;
    try {
      await send(form);
    } catch (error) {
      failed(error);
    } finally {
      send_button.disabled = false;
    }
  });
}


function failed(error) {
  if (error.status === 401 && error.problem.type.endsWith(':no-session')) {
    localStorage.removeItem('logged-in');
    show('login');
    say('Your session has ended. Log in again: nothing that you wrote is '
        + 'lost.');
    $('login').identifier.focus();
    return;
  }
  say(error.status === undefined
    ? 'The school cannot be reached. Try again in a moment.' : error.message);
}


/* ---- log in, log out ---- */

async function enter(state) {
  csrf = state.session.csrf_token;
  localStorage.setItem('logged-in', '1');

  if (state.user.id !== subject) {
    subject = state.user.id;
    pending = [];
    drafts = new Map();
  }

  $('name').textContent = state.user.display_name ?? '';
  $('role').textContent = words(state.user.role);
  schools(state);

  if (pending.length > 0) {
    await flush();
  }

  const view = VIEWS[state.user.role] ?? other;
  const name = VIEWS[state.user.role] ? state.user.role : 'other';

  await view();
  show(name);
  $(name).querySelector('h2').focus();
}


async function start() {
  /* No question without hope of an answer: the cookie cannot be seen here. */
  if (!localStorage.getItem('logged-in')) {
    show('login');
    return;
  }

  try {
    await enter(await api('GET', '/v1/session'));
  } catch (error) {
    if (error.status !== 401) {
      say(error.message);
    }
    localStorage.removeItem('logged-in');
    show('login');
  }
}


onSubmit($('login'), async (form) => {
  say('');
  try {
    const state = await api('POST', '/v1/login', {
      identifier: form.identifier.value,
      password: form.password.value,
    });

    const first = state.status === 'password_change_required'
      ? form.password.value : null;

    form.reset();
    if (first !== null) {
      csrf = state.session.csrf_token;
      choose(first);
      return;
    }
    await enter(state.institutions ? state : await api('GET', '/v1/session'));
  } catch (error) {
    form.password.value = '';
    form.password.focus();
    throw error;
  }
});


/* ---- a password of one's own ---- */

const REFUSED = {
  minLength: 'The new password is too short.',
  maxLength: 'The new password is too long.',
  common: 'Many people have this password. Choose another one.',
  name: 'This is your user name. Choose something else.',
  different: 'This is the password that you have.',
};


/* present: the first one, which was just typed, and has to be changed. */
function choose(present = null) {
  const form = $('password');

  form.reset();
  form.current.value = present ?? '';
  form.current.parentElement.hidden = present !== null;
  form.cancel.hidden = present !== null;
  $('name').textContent = '';       /* perhaps of who was here before */
  $('role').textContent = '';
  $('school-label').hidden = true;
  show('password');
  form.querySelector('h2').focus();
  say(present === null ? ''
    : 'Your password was made for you. Choose one of your own.');
}


async function leave() {
  $('password').reset();
  await enter(await api('GET', '/v1/session'));
}


onSubmit($('password'), async (form) => {
  try {
    const changed = await api('POST', '/v1/me/password', {
      current: form.current.value, new: form.new.value,
    });

    csrf = changed.session.csrf_token;
  } catch (error) {
    const [fault] = error.problem?.errors ?? [];

    if (fault?.field === '/new' && REFUSED[fault.rule]) {
      error.message = REFUSED[fault.rule];
    }
    form.new.focus();
    throw error;
  }
  await leave();
  say('Your password is changed.', true);
});


$('own').addEventListener('click', () => choose());
$('password').cancel.addEventListener('click', () => {
  say('');
  leave().catch(failed);
});


$('logout').addEventListener('click', async () => {
  try {
    await api('DELETE', '/v1/session');
  } catch (error) {
    if (error.status !== 401) {
      failed(error);
      return;
    }
  }
  localStorage.removeItem('logged-in');
  location.reload();
});


/* Somebody with several roles, here or at other schools, acts in one. */
function schools(state) {
  const list = (state.institutions ?? []).flatMap((one) => one.roles.map(
    (role) => ({ one, choice: { institution_id: one.id, role } })));

  $('school-label').hidden = list.length < 2;
  $('school').replaceChildren(...list.map(({ one, choice }) => {
    const where = one.id === null ? 'All schools' : one.title ?? 'School';
    const option = new Option(`${where} (${words(choice.role)})`,
                              JSON.stringify(choice));

    option.selected = one.active && choice.role === one.role;

    return option;
  }));
}


$('school').addEventListener('change', async (event) => {
  try {
    await enter(await api('POST', '/v1/session/institution',
                          JSON.parse(event.target.value)));
    say('');
  } catch (error) {
    failed(error);
  }
});


/* ---- pupil ---- */

async function pupil() {
  const [{ homework }, { submissions }] = await Promise.all([
    api('GET', '/v1/homework?status=all&limit=100'),
    api('GET', '/v1/progress?limit=100'),
  ]);

  /* newest first: the first of an exercise is what counts */
  const answers = new Map();
  for (const one of submissions) {
    if (!answers.has(one.exercise_id)) {
      answers.set(one.exercise_id, one.answer);
    }
  }

  $('tasks').replaceChildren(...homework.map((item) => task(item, answers)));
  if (homework.length === 0) {
    $('tasks').textContent = 'No homework.';
  }
}


function task(item, answers) {
  const node = $('task').content.cloneNode(true);
  const { exercises = [], progress = {} } = item;
  const by = item.assigned_by?.display_name;
  const bar = node.querySelector('progress');

  node.querySelector('h3').textContent = item.title;
  node.querySelector('.facts').textContent = [
    item.class.title, `due ${date(item.due_at)}`, by,
  ].filter(Boolean).join(' · ');
  bar.max = exercises.length || 1;
  bar.value = progress.exercises_done ?? 0;
  bar.setAttribute('aria-label', 'Exercises done');
  node.querySelector('.progress span').textContent =
    `${progress.exercises_done ?? 0} of ${exercises.length} done`
    + (progress.score == null ? ''
      : `, ${progress.score} of ${progress.max_score} points`);
  node.querySelector('.text').textContent = item.description ?? '';
  node.querySelector('.exercises').replaceChildren(
    ...exercises.map((exercise) => exerciseForm(item, exercise, answers)));

  return node;
}


function exerciseForm(item, exercise, answers) {
  const node = $('exercise').content.cloneNode(true);
  const form = node.querySelector('form');
  const given = answers.get(exercise.id);

  node.querySelector('span').textContent =
    `${exercise.title} (${exercise.max_score} points)`;
  form.classList.toggle('done', given !== undefined);
  if (given !== undefined) {
    form.querySelector('button').textContent = 'Hand in again';
  }
  form.answer.value = drafts.get(exercise.id)
    ?? (typeof given === 'string' ? given : '');
  form.answer.addEventListener('input', () => {
    drafts.set(exercise.id, form.answer.value);
  });

  onSubmit(form, async () => {
    pending.push({
      id: crypto.randomUUID(),
      homework_id: item.id,
      exercise_id: exercise.id,
      answer: form.answer.value,
      completion: true,
      timestamp: new Date().toISOString(),
    });
    drafts.delete(exercise.id);

    if (await flush()) {
      say('Handed in.', true);
    }
    await pupil();
  });

  return node;
}


/* Sends what waits; what was refused for good is dropped and said. */
async function flush() {
  let fine = true;

  while (pending.length > 0) {
    const batch = pending.slice(0, 100);
    const { results } = await api('POST', '/v1/progress', batch);

    pending = pending.slice(batch.length);
    if (results.some((one) => !['stored', 'replayed'].includes(one.status))) {
      fine = false;
      say('An answer was refused: the homework is not yours any more.');
    }
  }

  return fine;
}


/* ---- teacher ---- */

async function teacher() {
  const [{ homework }, { records }] = await Promise.all([
    api('GET', '/v1/homework?status=all&limit=100'),
    api('GET', '/v1/data/enrolment'),
  ]);

  $('given').replaceChildren(...homework.map(given));
  $('none-given').hidden = homework.length > 0;
  $('assign').class_id.replaceChildren(...records
    .filter((record) => record.role === 'teacher')
    .map((record) => new Option(record.class_title, record.class_id)));
}


function given(item) {
  const row = document.createElement('tr');
  const { summary = {} } = item;

  cell(row, 'Homework', item.title);
  cell(row, 'Class', item.class.title);
  cell(row, 'Due', date(item.due_at));
  cell(row, 'Done', summary.completed, true);
  cell(row, 'Begun', summary.in_progress, true);
  cell(row, 'Pupils', summary.pupils, true);

  const actions = cell(row, '', '');

  actions.className = 'actions';
  actions.append(
    button('Show', `Show ${item.title}`, () => overview(item)), ' ',
    button('Take back', `Take back ${item.title}`, () => takeBack(item)));

  return row;
}


async function overview(item) {
  const { homework, pupils, summary } =
    await api('GET', `/v1/homework/${item.id}/progress`);

  $('overview-title').textContent = homework.title;
  $('overview-facts').textContent = summary
    ? `${summary.completed} of ${summary.pupils} pupils are done, `
      + `${summary.in_progress} have begun` : '';
  pupils.sort((a, b) =>
    (a.display_name ?? '').localeCompare(b.display_name ?? ''));
  $('pupils').replaceChildren(...pupils.map((one) => {
    const row = document.createElement('tr');

    cell(row, 'Pupil', one.display_name);
    cell(row, 'Status', one.status && words(one.status));
    cell(row, 'Exercises', one.exercises_done || null, true);
    cell(row, 'Score', one.score, true);
    cell(row, 'Last', one.updated_at && date(one.updated_at));

    return row;
  }));
  $('overview').hidden = false;
  $('overview-title').focus();
}


async function takeBack(item) {
  if (!confirm(`Take back "${item.title}"?`)) {
    return;
  }
  await api('DELETE', `/v1/homework/${item.id}`);
  $('overview').hidden = true;
  await teacher();
  say('Taken back.', true);
}


/* Sent again after an error, as it is, it is the same homework. */
let givenAs = crypto.randomUUID();

$('assign').addEventListener('input', () => {
  givenAs = crypto.randomUUID();
});

onSubmit($('assign'), async (form) => {
  const points = Number(form.points.value);

  await api('POST', '/v1/homework', {
    id: givenAs,
    class_id: form.class_id.value,
    title: form.title.value,
    ...(form.description.value && { description: form.description.value }),
    due_at: new Date(`${form.due.value}T15:00:00`).toISOString(),
    exercises: form.exercises.value.split('\n')
      .map((line) => line.trim()).filter(Boolean)
      .map((title) => ({ title, max_score: points })),
  });
  givenAs = crypto.randomUUID();
  form.reset();
  await teacher();
  say('Homework given.', true);
});


/* ---- everybody else: one's own data, and what the role may see ---- */

function list(record) {
  const made = document.createElement('dl');

  for (const [name, value] of Object.entries(record)) {
    const term = document.createElement('dt');
    const text = document.createElement('dd');

    term.textContent = words(name);
    text.textContent = typeof value === 'object' ? JSON.stringify(value)
      : value;
    made.append(term, text);
  }

  return made;
}


async function other() {
  const { categories } = await api('GET', '/v1/data/');
  const names = (self) => categories
    .filter((one) => one.read.length > 0
                     && (one.relation === 'self') === self)
    .map((one) => one.category);
  const own = await Promise.all(names(true)
    .map((name) => api('GET', `/v1/data/${name}`)));

  $('mine').replaceChildren(...own.filter((one) => one.records.length > 0)
    .map((one) => {
      const card = document.createElement('article');
      const title = document.createElement('h3');

      card.className = 'card';
      title.textContent = words(one.category);
      card.append(title, ...one.records.map(list));

      return card;
    }));

  $('look').hidden = names(false).length === 0;
  $('look').category.replaceChildren(...names(false)
    .map((name) => new Option(words(name), name)));
}


onSubmit($('look'), async (form) => {
  say('');
  $('found').replaceChildren();

  const { records } = await api('GET',
    `/v1/data/${form.category.value}/${form.subject.value}`);

  $('found').replaceChildren(...records.map(list));
  if (records.length === 0) {
    $('found').textContent = 'Nothing is stored.';
  }
});


await start();
