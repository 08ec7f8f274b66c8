/*
 * Copyright (C) the Pupil authors
 *
 * The quick start's school web app: what a pupil and a teacher do on a school
 * day, on nothing but the HTTP API.  No personal data is kept in the browser:
 * state lives in memory, and the session in an HttpOnly cookie.
 *
 * What a pupil hands in is never lost by a failing network or a session that
 * ended: a submission keeps its id and is sent again until it is stored, and
 * the server stores it once.
 */

const $ = (id) => document.getElementById(id);

let csrf = '';
let pending = [];           /* submissions that are not known to be stored */


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
  });

  const data = answer.status === 204 ? null : await answer.json();

  if (!answer.ok) {
    const error = new Error(data.title);
    error.status = answer.status;
    error.problem = data;
    throw error;
  }

  return data;
}


function say(text, good = false) {
  $('message').textContent = text;
  $('message').hidden = !text;
  $('message').classList.toggle('good', good);
}


function show(view) {
  for (const id of ['login', 'pupil', 'teacher', 'other']) {
    $(id).hidden = id !== view;
  }
  $('who').hidden = view === 'login';
}


const date = (text) => new Date(text).toLocaleDateString();

const cell = (row, text) => { row.insertCell().textContent = text ?? ''; };


/* ---- log in, log out ---- */

async function enter(state) {
  csrf = state.session.csrf_token;
  $('name').textContent = state.user.display_name ?? '';
  $('role').textContent = state.user.role.replace('_', ' ');

  const view = { pupil, teacher }[state.user.role] ?? other;

  await flush();
  await view();
}


async function start() {
  try {
    await enter(await api('GET', '/v1/session'));
  } catch (error) {
    if (error.status !== 401) {
      say(error.message);
    }
    show('login');
  }
}


$('login').addEventListener('submit', async (event) => {
  event.preventDefault();
  const form = event.target;

  try {
    say('');
    const state = await api('POST', '/v1/login', {
      identifier: form.identifier.value,
      password: form.password.value,
    });
    form.reset();
    await enter(state);
  } catch (error) {
    form.password.value = '';
    say(error.message);
  }
});


$('logout').addEventListener('click', async () => {
  try {
    await api('DELETE', '/v1/session');
  } finally {
    location.reload();
  }
});


function failed(error) {
  if (error.status === 401) {
    say('Your session has ended. Log in again: nothing that you wrote is '
        + 'lost.');
    show('login');
    return;
  }
  say(error.message);
}


/* ---- pupil ---- */

async function pupil() {
  const { homework } = await api('GET', '/v1/homework?status=all');

  $('tasks').replaceChildren(...homework.map(task));
  if (homework.length === 0) {
    $('tasks').textContent = 'No homework.';
  }
  show('pupil');
}


function task(item) {
  const node = $('task').content.cloneNode(true);
  const progress = item.progress;
  const by = item.assigned_by?.display_name;

  node.querySelector('h3').textContent = item.title;
  node.querySelector('.facts').textContent =
    `${item.class.title ?? ''} · due ${date(item.due_at)}`
    + (by ? ` · ${by}` : '')
    + ` · ${progress.exercises_done} of ${item.exercises.length} done`;
  node.querySelector('.text').textContent = item.description ?? '';
  node.querySelector('.exercises').replaceChildren(
    ...item.exercises.map((exercise) => exerciseForm(item, exercise)));

  return node;
}


function exerciseForm(item, exercise) {
  const node = $('exercise').content.cloneNode(true);

  node.querySelector('span').textContent = exercise.title;
  node.querySelector('form').addEventListener('submit', async (event) => {
    event.preventDefault();
    pending.push({
      id: crypto.randomUUID(),
      homework_id: item.id,
      exercise_id: exercise.id,
      answer: event.target.answer.value,
      completion: true,
      timestamp: new Date().toISOString(),
    });
    event.target.classList.add('done');

    try {
      await flush();
      await pupil();
      say('Handed in.', true);
    } catch (error) {
      failed(error);
    }
  });

  return node;
}


/* Sends what waits; what was refused for good is dropped and said. */
async function flush() {
  while (pending.length > 0) {
    const batch = pending.slice(0, 100);
    const { results } = await api('POST', '/v1/progress', batch);

    pending = pending.slice(batch.length);
    if (results.some((r) => r.status === 'refused')) {
      say('Some answers were refused: the homework is not yours any more.');
    }
  }
}


/* ---- teacher ---- */

async function teacher() {
  const [{ homework }, { records }] = await Promise.all([
    api('GET', '/v1/homework?status=all'),
    api('GET', '/v1/data/enrolment'),
  ]);

  $('given').replaceChildren(...homework.map(given));
  $('assign').class_id.replaceChildren(...records
    .filter((r) => r.role === 'teacher')
    .map((r) => new Option(r.class_title, r.class_id)));
  show('teacher');
}


function given(item) {
  const row = document.createElement('tr');
  const button = document.createElement('button');

  cell(row, item.class.title);
  cell(row, item.title);
  cell(row, date(item.due_at));
  cell(row, item.summary.completed);
  cell(row, item.summary.in_progress);
  cell(row, item.summary.pupils);
  button.textContent = 'Show';
  button.addEventListener('click', () => overview(item).catch(failed));
  row.insertCell().append(button);

  return row;
}


async function overview(item) {
  const { pupils } = await api('GET', `/v1/homework/${item.id}/progress`);

  $('overview-title').textContent = item.title;
  $('pupils').replaceChildren(...pupils.map((one) => {
    const row = document.createElement('tr');

    cell(row, one.display_name);
    cell(row, one.status.replace('_', ' '));
    cell(row, one.exercises_done);
    cell(row, one.score);

    return row;
  }));
  $('overview').hidden = false;
}


$('assign').addEventListener('submit', async (event) => {
  event.preventDefault();
  const form = event.target;
  const points = Number(form.points.value);

  try {
    await api('POST', '/v1/homework', {
      class_id: form.class_id.value,
      title: form.title.value,
      ...(form.description.value && { description: form.description.value }),
      due_at: new Date(`${form.due.value}T15:00:00Z`).toISOString(),
      exercises: form.exercises.value.split('\n')
        .map((line) => line.trim()).filter(Boolean)
        .map((title) => ({ title, max_score: points })),
    });
    form.reset();
    await teacher();
    say('Homework given.', true);
  } catch (error) {
    failed(error);
  }
});


/* ---- everybody else: one's own data ---- */

async function other() {
  const { records } = await api('GET', '/v1/data/identity');

  $('mine').replaceChildren(...records.map((record) => {
    const list = document.createElement('dl');

    for (const [name, value] of Object.entries(record)) {
      const term = document.createElement('dt');
      const text = document.createElement('dd');

      term.textContent = name.replace('_', ' ');
      text.textContent = value;
      list.append(term, text);
    }

    return list;
  }));
  show('other');
}


await start();
