/*
 * Copyright (C) the Pupil authors
 *
 * What a pupil hands in, until it is stored.  One entry an exercise: the newest
 * answer is what counts.  An entry keeps its id for as long as it may have
 * arrived, and the gateway stores it once.  It is sent again when there is a
 * connection, after a while that grows, and when the same person has logged in
 * again; a text that is refused goes back to where it was written.
 */

import { post } from './api.js';

const FIRST = 1000, LONGEST = 60 * 1000;        /* ms */
const MOST = 256 * 1024;        /* bytes of a request */

export const BATCH = 20;        /* submissions of one */

const bytes = new TextEncoder();

let waiting = new Map();        /* by exercise: { entry, changed } */
let drafts = new Map();         /* what was not handed in, by exercise */
let wait = FIRST;
let timer = null;
let sending = false;


/* By app.js: what became of one: "stored", "waiting" or a Failure. */
export const on = { state() {}, count() {} };


export const draft = (exercise) => drafts.get(exercise);
export const pending = (exercise) => waiting.get(exercise)?.entry.answer;
export const unsent = () => waiting.size + drafts.size;
export const count = () => waiting.size;


export function write(exercise, text) {
  drafts.set(exercise, text);
}

/* It is as it was handed in, or nothing. */
export function erase(exercise) {
  drafts.delete(exercise);
}

export function forget() {
  waiting = new Map();
  drafts = new Map();
  clearTimeout(timer);
  timer = null;
  on.count(0);
}


/* homework, exercise: ids.  An answer that waits is the one handed in again. */
export function handIn(homework, exercise, answer) {
  if (JSON.stringify(pending(exercise)) !== JSON.stringify(answer)) {
    waiting.set(exercise, { entry: {
      id: crypto.randomUUID(), homework_id: homework, exercise_id: exercise,
      answer, completion: true, timestamp: new Date().toISOString(),
    } });
  }
  drafts.delete(exercise);
  wait = FIRST;
  on.count(waiting.size);

  return flush();
}


/* Sends what waits, unless that is under way. */
export async function flush() {
  if (sending || waiting.size === 0) {
    return;
  }
  sending = true;
  clearTimeout(timer);
  timer = null;

  let failed = null;
  try {
    await round();
    wait = FIRST;
  } catch (error) {
    failed = error;
  }
  sending = false;
  on.count(waiting.size);

  if (failed?.passing) {
    later(failed.after * 1000);
  } else if (waiting.size > 0 && failed === null) {
    later(0);                   /* came while others were sent */
  }
}


function later(least) {
  for (const { entry } of waiting.values()) {
    on.state(entry.exercise_id, 'waiting');
  }
  timer = setTimeout(flush, Math.max(least, wait * (1 + Math.random() / 4)));
  wait = Math.min(wait * 2, LONGEST);
}


/* The first of what waits that one request may have: an essay is large. */
function some() {
  const batch = [];
  let room = MOST - 1;

  for (const one of waiting.values()) {
    room -= bytes.encode(JSON.stringify(one.entry)).length + 1;
    if (batch.length === BATCH || (room < 0 && batch.length > 0)) {
      break;
    }
    batch.push(one);
  }

  return batch;
}


async function round() {
  const batch = some();
  const entries = batch.map(({ entry }) => entry);
  let results;

  try {
    ({ results } = await post('/v1/progress', entries));
  } catch (error) {
    if (error.kind === 'problem' && !error.passing) {
      batch.forEach((one) => settle(one, error));
      return;
    }
    throw error;
  }

  entries.forEach((entry, n) => settle(batch[n], results[n]));
}


/* What became of one, unless a newer answer has taken its place. */
function settle(one, result) {
  const { entry } = one;
  const exercise = entry.exercise_id;

  if (waiting.get(exercise) !== one) {
    return;
  }
  if (result.status === 'stored' || result.status === 'replayed') {
    waiting.delete(exercise);
    on.state(exercise, 'stored');
    return;
  }

  const [fault] = result.problem?.errors ?? [{ field: result.field }];

  /* A clock that is wrong is no reason to lose an answer. */
  if (fault.field?.endsWith('/timestamp') && entry.timestamp) {
    const { timestamp, ...rest } = entry;
    waiting.set(exercise, { entry: rest });
    return;
  }

  waiting.delete(exercise);
  if (!drafts.has(exercise)) {
    drafts.set(exercise, entry.answer);
  }
  on.state(exercise, result);
}


addEventListener('online', () => { wait = FIRST; flush(); });

addEventListener('beforeunload', (event) => {
  if (unsent() > 0) {
    event.preventDefault();
  }
});
