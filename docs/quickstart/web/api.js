/*
 * Copyright (C) the Pupil authors
 *
 * Requests, and what became of them.  Whoever is not logged in any more is told
 * by ended(), whoever is somebody else by changed(): only "no session" is a
 * log-out, and all that is not an answer of the gateway is "no connection".
 * Where the gateway asks for a proof of who it is, so does proved().
 */

const PATIENCE = 20 * 1000;         /* ms */

/* Set by app.js. */
export const session = {
  csrf: '', user: null, idle: 0, seen: 0,
  ended() {}, changed() {}, async proved() {},
};


/*
 * kind: "away" (no answer, or none of the gateway's), "ended", "changed" or
 * "problem": then slug, and the field and rule of the first error, if any.
 */
export class Failure extends Error {
  constructor(kind, status = 0, problem = {}, after = 0) {
    super(problem.title ?? kind);
    this.kind = kind;
    this.status = status;
    this.slug = (problem.type ?? '').split(':').pop();
    [{ field: this.field, rule: this.rule } = {}] = problem.errors ?? [];
    this.after = after;
  }

  /* It may go well later, as it is. */
  get passing() {
    return this.kind === 'away' || this.status === 429 || this.status === 503;
  }
}


async function send(method, path, body) {
  const headers = {};

  if (body !== undefined) {
    headers['Content-Type'] = 'application/json';
  }
  if (method !== 'GET') {
    headers['X-Pupil-CSRF'] = session.csrf;
  }

  let answer;
  try {
    answer = await fetch(path, {
      method, headers,
      body: body === undefined ? undefined : JSON.stringify(body),
      credentials: 'same-origin',
      cache: 'no-store',
      signal: AbortSignal.timeout(PATIENCE),
    });
    if (answer.status === 204) {
      return null;
    }
    const data = await answer.json();

    if (answer.ok) {
      return data;
    }
    throw new Failure('problem', answer.status, data,
                      Number(answer.headers.get('retry-after')) || 0);
  } catch (error) {
    throw error instanceof Failure ? error
      : new Failure('away', answer?.status ?? 0);
  }
}


/* A CSRF token of a session that another tab has begun: asks for the new one,
   and goes on if it is the same person's. */
async function renewed() {
  const state = await send('GET', '/v1/session');

  if (state.user.id !== session.user?.id) {
    session.changed(state);
    throw new Failure('changed');
  }
  session.csrf = state.session.csrf_token;
}


export async function api(method, path, body, again = true) {
  const whose = session.user?.id;

  try {
    const data = await send(method, path, body);

    /* an answer that comes when somebody else has logged in is not hers */
    if (whose !== session.user?.id && !path.startsWith('/v1/login')
        && whose !== undefined)
    {
      throw new Failure('changed');
    }
    session.seen = Date.now();

    return data;
  } catch (error) {
    if (error.status === 403 && error.slug === 'csrf' && again) {
      await renewed();
      return api(method, path, body, false);
    }
    if (error.slug === 'step-up-required' && again && await session.proved()) {
      return api(method, path, body, false);
    }
    if (error.slug === 'no-session'
        && (!path.startsWith('/v1/login') || session.user))
    {
      session.ended(error);
      throw new Failure('ended', 401);
    }
    throw error;
  }
}


export const get = (path) => api('GET', path);
export const post = (path, body) => api('POST', path, body);


/* A page of a list; path ends where its next argument begins. */
export const page = (path, limit, cursor) => get(`${path}limit=${limit}${cursor
  && `&cursor=${encodeURIComponent(cursor)}`}`);


/* All pages of a list; enough(all, page) is told of each, and says when that is
   enough. */
export async function pages(path, name, enough = () => false, limit = 100) {
  const all = [];
  let one, cursor = '';

  do {
    one = await page(path, limit, cursor);
    all.push(...one[name]);
    cursor = one.next;
  } while (!enough(all, one) && cursor);

  return all;
}
