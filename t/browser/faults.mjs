/*
 * Copyright (C) the Pupil authors
 *
 * What goes wrong on a school day, in a real browser: sessions that end, two
 * people at one computer, networks that fail, clocks that are wrong.  Called by
 * t/browser-faults.t:
 *
 *     node faults.mjs FOLDER <JSON
 *
 * with { url, teacher, pupil, second: { login, password, id }, class_id }.
 */

import { ask, browser, check, day, endSession, expect, folder, heading, input,
         logIn, logOut, step } from './page.mjs';
import { spawnSync } from 'node:child_process';

const TITLE = 'Whales';
const SECRET = 'zebrafinch';        /* is in each text that is written here */

const answer = (page, name) => page.getByRole('textbox', { name });
const form = (page, name) => page.locator('form.exercise')
  .filter({ hasText: name });
const state = (page, name) => form(page, name).locator('.state');
const handIn = (page, name) => form(page, name).getByRole('button').click();
const shows = async (page, text) => (await page.content()).includes(text);


/* What the gateway has of somebody, newest first. */
async function stored(context) {
  const answered = await context.request.get(
    `${input.url}/v1/progress?limit=100`);

  return (await answered.json()).submissions;
}


async function give(page, title, exercises) {
  await page.getByRole('link', { name: 'Give homework' }).click();
  await page.getByLabel('Class').selectOption(input.class_id);
  await page.getByLabel('Title').fill(title);
  await page.getByLabel('Due on').fill('2031-06-01');
  await ask(page, exercises);
  await page.getByRole('button', { name: 'Give homework' }).click();
  await page.getByText(`“${title}” is given.`).waitFor();
}


async function open(page, title = TITLE) {
  await page.getByRole('link', { name: title }).click();
  await heading(page, title).waitFor();
}


/* The rest of a list that comes between a press and its release moves nothing
   from under the finger. */
async function pressed(page) {
  const rest = /\/v1\/homework\?status=(all|late)&/;
  let come;
  const wanted = new Promise((resolve) => { come = resolve; });

  await step('what comes late takes no click away', page, async () => {
    await page.route(rest, async (route) => {
      await wanted;
      await route.continue();
    });
    await page.reload();
    await page.getByRole('link', { name: TITLE }).hover();
    await page.mouse.down();
    come();
    await page.getByText('Loading').waitFor({ state: 'hidden' });
    await page.mouse.up();
    await heading(page, TITLE).waitFor();
    await page.unroute(rest);
    await page.goBack();
    await page.getByRole('link', { name: TITLE }).waitFor();
  });
}


async function cut(context, page) {
  expect(/ERR_|Failed to load/);
  await step('the network goes while answers are handed in', page, async () => {
    await open(page);
    await answer(page, 'one').fill(`${SECRET} one`);
    await context.setOffline(true);
    await handIn(page, 'one');
    await state(page, 'one').getByText('Waits for a connection').waitFor();
    await page.getByText('One answer is on its way.').waitFor();
  });
  await step('writing goes on meanwhile', page, async () => {
    await answer(page, 'two').fill(`${SECRET} two`);
    await handIn(page, 'two');
    await answer(page, 'three').fill(`${SECRET} three`);
    await handIn(page, 'three');
    await page.getByText('3 answers are on their way.').waitFor();
    await answer(page, 'four').fill(`${SECRET} four`);
    if (await page.evaluate('document.activeElement.tagName') !== 'TEXTAREA') {
      throw new Error('the focus has gone');
    }
  });
  await step('and all are stored when it is back, once', page, async () => {
    await context.setOffline(false);
    for (const name of ['one', 'two', 'three']) {
      await state(page, name).getByText('Handed in').waitFor();
    }
    if (await answer(page, 'four').inputValue() !== `${SECRET} four`) {
      throw new Error('what is written has gone');
    }

    const texts = (await stored(context)).map((one) => one.answer).sort();
    if (texts.join() !== `${SECRET} one,${SECRET} three,${SECRET} two`) {
      throw new Error(`stored: ${texts}`);
    }
  });
  await step('an answer that is lost on its way back counts once', page,
    async () => {
      let lost = 0;

      await page.route('**/v1/progress', async (route) => {
        await route.fetch();
        lost++;
        await route.abort();
      }, { times: 1 });
      await handIn(page, 'four');
      await state(page, 'four').getByText('Handed in').waitFor();
      const those = (await stored(context))
        .filter((one) => one.answer === `${SECRET} four`);
      if (lost !== 1 || those.length !== 1) {
        throw new Error(`lost ${lost}, stored ${those.length}`);
      }
    });
  expect();
}


async function texts(context, page) {
  const long = `${SECRET} `.repeat(511).slice(0, 5618);

  await step('a long text is stored whole', page, async () => {
    await answer(page, 'one').fill(long);
    await handIn(page, 'one');
    await state(page, 'one').getByText('Handed in').waitFor();
    if ((await stored(context))[0].answer !== long) {
      throw new Error('it is another one');
    }
  });
  await step('one that is too long is refused where it is written', page,
    async () => {
      await answer(page, 'one').fill('å'.repeat(30904));
      await handIn(page, 'one');
      await page.getByText('This is too long, by 905 characters.').waitFor();
      if ((await answer(page, 'one').inputValue()).length !== 30904) {
        throw new Error('it was cut');
      }
      await answer(page, 'one').fill(`${SECRET} short`);
      await handIn(page, 'one');
      await state(page, 'one').getByText('Handed in').waitFor();
    });
  await step('a clock that is wrong loses no answer', page, async () => {
    await page.evaluate(() => {
      Date.prototype.toISOString = () => '2061-01-01T00:00:00.000Z';
    });
    await answer(page, 'two').fill(`${SECRET} of the future`);
    await handIn(page, 'two');
    await state(page, 'two').getByText('Handed in').waitFor();
    if ((await stored(context))[0].answer !== `${SECRET} of the future`) {
      throw new Error('it is not there');
    }
  });
  await page.reload();
}


async function tabs(context, page) {
  const other = await context.newPage();

  expect(/403/);                    /* of a token that is old */
  await step('a log-in in another tab does not stop this one', page,
    async () => {
      await heading(page, TITLE).waitFor();
      await answer(page, 'three').fill(`${SECRET} after`);
      await other.goto(`${input.url}/`);
      await heading(other, 'To do').waitFor();
      await context.request.post(`${input.url}/v1/login`, { data: {
        identifier: input.pupil.login, password: input.pupil.password,
      } });
      await handIn(page, 'three');
      await state(page, 'three').getByText('Handed in').waitFor();
    });
  await step('a log-out there is one here', page, async () => {
    await logOut(other);
    await heading(page, 'Log in').waitFor();
    if (await shows(page, SECRET) || await shows(page, TITLE)) {
      throw new Error('there it is still');
    }
  });
  expect();
  await step('and Back brings nothing', page, async () => {
    await page.goBack().catch(() => {});
    await page.goForward().catch(() => {});
    await page.waitForTimeout(500);
    if (await shows(page, SECRET) || await shows(page, TITLE)) {
      throw new Error('there it is again');
    }
  });
  await other.close();
}


/* The first one's class is not on the second one's screen. */
async function people(context, page) {
  const other = await context.newPage();

  await page.goto(`${input.url}/`);
  await logIn(page, input.teacher);
  await heading(page, 'Homework of my classes').waitFor();
  await pressed(page);
  await step('a teacher sees the class', page, async () => {
    await open(page);
    await page.getByText(input.pupil.family_name).waitFor();
  });
  expect(/401/);
  await step('the session ends, and somebody else logs in', page, async () => {
    await endSession(context);
    await other.goto(`${input.url}/`);
    await heading(other, 'Log in').waitFor();
    await logIn(other, input.second);
    await other.locator('#logout').waitFor();
    await page.locator('#who').getByText(input.second.family_name).waitFor();
  });
  expect();
  check('nothing of the first is on the page',
        !await shows(page, input.pupil.family_name)
        && !await shows(page, TITLE));
  await other.close();
  await logOut(page);
  expect(/401/);
  await step('the same where the page finds out by itself', page, async () => {
    const looked = page.waitForResponse(/\/v1\/me\/notices/);

    await logIn(page, input.teacher);
    await looked;                     /* nothing else is under way then */
    await open(page);
    await page.getByText(input.pupil.family_name).waitFor();
    await endSession(context);
    await page.getByRole('link', { name: 'Back to the list' }).click();
    await page.getByText('Your session has ended.').waitFor();
    if (await shows(page, input.pupil.family_name)) {
      throw new Error('there is the class');
    }
  });
  expect();
}


/* What a teacher's list has of that title. */
async function named(context, title) {
  const answered = await context.request.get(
    `${input.url}/v1/homework?status=open&limit=100`);

  return (await answered.json()).homework.filter((one) => one.title === title);
}


/* Stored, though the page has not heard of it; then the form is drawn anew. */
async function unheard(context, page) {
  const given = page.getByRole('button', { name: 'Give homework' });
  const link = page.getByRole('link', { name: 'Give homework' });

  expect(/ERR_|Failed to load|401/);
  await logIn(page, input.teacher);
  for (const [how, anew] of [
    ['another language', async () => {
      await page.getByRole('button', { name: 'Svenska' }).click();
      await page.getByLabel('Rubrik').waitFor();
      await page.getByRole('button', { name: 'English' }).click();
    }],
    ['Back', async () => {
      await page.goBack();
      await link.click();
    }],
    ['another session', async () => {
      await endSession(context);
      await given.click();
      await page.getByText('nothing that you wrote is lost').waitFor();
      await logIn(page, input.teacher);
    }]])
  {
    await step(`homework is given once: ${how}`, page, async () => {
      const title = `Unheard, ${how}`;

      await link.click();
      await page.getByLabel('Class').selectOption(input.class_id);
      await page.getByLabel('Title').fill(title);
      await page.getByLabel('Due on').fill('2031-06-01');
      await ask(page, ['one']);
      await page.route('**/v1/homework', async (route) => {
        await route.fetch();
        await route.abort();
      }, { times: 1 });
      await given.click();
      await page.getByText('No connection.').waitFor();
      await anew();
      await page.getByLabel('Title').waitFor();
      if (await page.getByLabel('Title').inputValue() !== title) {
        throw new Error('it is not what was written');
      }
      await given.click();
      await page.getByText(`“${title}” is given.`).waitFor();

      const all = await named(context, title);
      if (all.length !== 1) {
        throw new Error(`given ${all.length} times`);
      }
    });
  }
  expect();
}


/* A list that fails takes away nothing of the one before it. */
async function halves(page, title) {
  const rest = /\/v1\/homework\?status=(all|late)&/;

  expect(/500/);
  await step(`half of a page stays: ${title}`, page, async () => {
    await page.route(rest, (route) => route.fulfill({ status: 500,
      contentType: 'application/problem+json',
      body: '{"type":"urn:pupil:problem:internal","status":500}' }));
    await page.reload();
    await page.getByText('The rest could not be fetched.').waitFor();
    await heading(page, title).waitFor();
    await page.getByRole('link', { name: TITLE }).waitFor();
    await page.unroute(rest);
    await page.reload();
    await page.getByText('Loading').waitFor({ state: 'hidden' });
  });
  expect();
}


/* The second click comes while the answer of the first is under way. */
async function doubled(context, page) {
  await step('an answer that is under way is not sent twice', page,
    async () => {
      let go;
      const both = new Promise((resolve) => { go = resolve; });

      await page.route('**/v1/progress', async (route) => {
        await both;
        await route.continue();
      }, { times: 1 });
      await answer(page, 'four').fill(`${SECRET} twice`);
      await handIn(page, 'four');
      await handIn(page, 'four');
      go();
      await state(page, 'four').getByText('Handed in').waitFor();
      await answer(page, 'four').fill(`${SECRET} after both`);
      await handIn(page, 'four');
      await state(page, 'four').getByText('Handed in').waitFor();

      const times = (await stored(context))
        .filter((one) => one.answer === `${SECRET} twice`).length;
      if (times !== 1) {
        throw new Error(`stored ${times} times`);
      }
    });
}


async function withdrawn(teacher, pupil) {
  await step('homework that is taken back leaves the text', pupil.page,
    async () => {
      await logIn(teacher.page, input.teacher);
      await give(teacher.page, 'Short-lived', ['only']);
      await pupil.page.goto(`${input.url}/`);
      await logIn(pupil.page, input.pupil);
      await open(pupil.page, 'Short-lived');
      await answer(pupil.page, 'only').fill(`${SECRET} in vain`);
      await open(teacher.page, 'Short-lived');
      await teacher.page.getByRole('button', { name: 'Take back' }).click();
      await teacher.page.getByRole('dialog')
        .getByRole('button', { name: 'Take back' }).click();
      await teacher.page.getByText('Taken back.').waitFor();
      await handIn(pupil.page, 'only');
      await pupil.page.getByText('Your text is still here.').waitFor();
      await pupil.page.getByText('not yours any more').waitFor();
      if (await answer(pupil.page, 'only').inputValue()
          !== `${SECRET} in vain`)
      {
        throw new Error('it is not');
      }
    });
  await step('and it is asked before it is lost', pupil.page, async () => {
    await pupil.page.locator('#logout').click();
    await pupil.page.getByText('One answer is not handed in yet').waitFor();
    await pupil.page.getByRole('dialog')
      .getByRole('button', { name: 'Log out' }).click();
    await heading(pupil.page, 'Log in').waitFor();
  });
}


async function blips(page) {
  expect(/502|ERR_|Failed to load/);
  await logIn(page, input.pupil);
  await heading(page, 'To do').waitFor();

  for (const [name, fault] of [
    ['no network', (route) => route.abort()],
    ['a gateway of somebody else', (route) => route.fulfill({
      status: 502, contentType: 'text/html', body: '<h1>Bad Gateway</h1>' })]])
  {
    await step(`${name} is no log-out`, page, async () => {
      await page.route('**/v1/session', fault, { times: 1 });
      await page.reload();
      await page.getByText('No connection. Trying again').waitFor();
      await heading(page, 'To do').waitFor();
      await page.locator('#state').waitFor({ state: 'hidden' });
    });
  }
  expect();
}


async function idle(context, page) {
  await step('who is away is warned, then logged out', page, async () => {
    await page.route('**/v1/session', async (route) => {
      const answered = await route.fetch();
      const state = await answered.json();

      if (state.session) {
        state.session.idle_timeout = 6;
      }
      await route.fulfill({ response: answered, json: state });
    });
    await page.reload();
    await heading(page, 'Are you still there?').waitFor();
    await page.getByRole('button', { name: 'Stay logged in' }).click();
    await heading(page, 'To do').waitFor();
    await heading(page, 'Are you still there?').waitFor();
    await page.getByText('Your session has ended.').waitFor();
    if (await shows(page, TITLE)) {
      throw new Error('the page is there still');
    }
    await page.unroute('**/v1/session');
  });
}


/* What stays on a computer that others use. */
async function leftovers(context, page) {
  await logIn(page, input.pupil);
  await page.getByRole('link', { name: 'Done' }).click();
  await open(page);
  await answer(page, 'four').fill(`${SECRET} last`);
  await handIn(page, 'four');
  await state(page, 'four').getByText('Handed in').waitFor();
  await logOut(page);

  const left = await page.evaluate(async () => ({
    local: { ...localStorage }, session: { ...sessionStorage },
    databases: (await indexedDB.databases()).map((one) => one.name),
    caches: await caches.keys(), cookies: document.cookie,
  }));
  check('nothing is left in storage', JSON.stringify(left) === JSON.stringify({
    local: {}, session: {}, databases: [], caches: [], cookies: '' }),
        JSON.stringify(left));
  await context.close();

  /* The name is looked for as well: it was on each page. */
  for (const text of [SECRET, input.pupil.family_name, TITLE]) {
    const found = spawnSync('grep', ['-rlaiF', text,
                                     `${folder}/profile-pupil`]);
    check(`the profile does not hold "${text}"`, found.status === 1,
          String(found.stdout));
  }
}


const teacher = await browser('teacher');
const pupil = await browser('pupil');

await day(teacher, pupil, async () => {
  await teacher.page.goto(`${input.url}/`);
  await logIn(teacher.page, input.teacher);
  await heading(teacher.page, 'Homework of my classes').waitFor();
  await give(teacher.page, TITLE, ['one', 'two', 'three', 'four']);
  await halves(teacher.page, 'Homework of my classes');
  await logOut(teacher.page);
  await unheard(teacher.context, teacher.page);
  await logOut(teacher.page);

  await pupil.page.goto(`${input.url}/`);
  await logIn(pupil.page, input.pupil);
  await heading(pupil.page, 'To do').waitFor();
  await pressed(pupil.page);
  await halves(pupil.page, 'To do');
  await cut(pupil.context, pupil.page);
  await doubled(pupil.context, pupil.page);
  await texts(pupil.context, pupil.page);
  await tabs(pupil.context, pupil.page);
  await people(teacher.context, teacher.page);
  await withdrawn(teacher, pupil);
  await blips(pupil.page);
  await idle(pupil.context, pupil.page);
  await leftovers(pupil.context, pupil.page);
});
