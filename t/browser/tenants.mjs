/*
 * Copyright (C) the Pupil authors
 *
 * One address for two schools that are controllers of their own, in a real
 * browser, with a real OpenID provider whose institution_ids say of which
 * somebody is.  Called by t/browser-tenants.t:
 *
 *     node tenants.mjs FOLDER <JSON
 *
 * with { url, broker, port, key, cert, secret, schools, pupil, teacher } on
 * standard input: schools are the codes of each login, pupil and teacher by
 * tenant { login, password, id }.
 */

import { broker } from './broker.mjs';
import { browser, check, expect, heading, input, logIn, logOut, picture,
         readable, spoken, step, summary } from './page.mjs';

const server = broker({ ...input, names: ['uni'],
                        after: `${input.url}/?in=uni`,
                        schools: (login) => input.schools[login] });
const TENANT = '__Host-pupil-tenant';


/* From the page of the log-in to the provider, which knows nobody. */
async function there(page, login) {
  await page.getByRole('link', { name: 'Log in with UNI-Login' }).click();
  await page.locator('input[name=login]').fill(login);
  await page.locator('input[name=password]').fill('any');
  await page.locator('button[type=submit]').click();
  await page.waitForURL((url) => url.href.startsWith(input.url));
}


/* Here, and so there, which asks whether that is meant. */
async function leave(page) {
  expect(/401/);                    /* whoever is back may be logged in */
  await step('a log-out is one at the provider', page, async () => {
    await page.getByRole('button', { name: 'Log out', exact: true }).click();
    await page.waitForURL((url) => url.href.startsWith(input.broker));
    await page.locator('button[name=logout]').click();
    await page.waitForURL((url) => url.href.startsWith(input.url));
    await heading(page, 'Log in').waitFor();
  });
  expect();
}


/* Whose session it is, with the cookie that selects the tenant as it is, or
   as another one; or the status of the answer. */
async function who(context, tenant) {
  const cookies = await context.cookies(input.url);
  const Cookie = cookies.map(({ name, value }) =>
    `${name}=${name === TENANT && tenant ? tenant : value}`).join('; ');
  const answer = await fetch(`${input.url}/v1/session`, { headers: { Cookie } });

  return answer.ok ? (await answer.json()).user.id : answer.status;
}

const selected = async (context) => (await context.cookies(input.url))
  .find((one) => one.name === TENANT)?.value;


/* One word, and the longest: of what people call a provider or a school. */
async function long(page, what) {
  const size = page.viewportSize();

  await page.setViewportSize({ width: 320, height: 640 });
  const wide = await page.evaluate((one) => {
    const named = document.querySelector(one);
    const text = named.textContent;

    named.textContent = 'x'.repeat(60);
    const over = document.documentElement.scrollWidth - innerWidth;

    named.textContent = text;
    return over;
  }, what);
  check(`a long name fits, ${what}`, wide <= 0, `${wide} px too wide`);
  await page.setViewportSize(size);
}


async function bySchool(context, page) {
  await page.goto(`${input.url}/`);
  await heading(page, 'Log in').waitFor();

  const buttons = await page.locator('.ways a').allTextContents();

  check('a button for each provider, by what people call it',
        buttons.join(', ')
          === 'Log in with UNI-Login, Log in with Skolfederation',
        buttons.join(', '));
  await readable(page, 'the ways in');
  await picture(page, 'ways');
  await long(page, '.ways a');

  await step('a pupil of one school is logged in', page, async () => {
    await there(page, input.pupil.south.login);
    await heading(page, 'To do').waitFor();
  });
  check('at that school', await who(context) === input.pupil.south.id
        && await selected(context) === 'south');
  check('and nowhere else', await who(context, 'north') === 401);
  await page.reload();
  await step('which a page loaded again shows', page, () =>
    heading(page, 'To do').waitFor());
  await step('and no link makes it a log-out here alone', page, async () => {
    await page.goto(`${input.url}/?in=1`);
    await heading(page, 'To do').waitFor();
  });
  await leave(page);
}


async function byChoice(context, page) {
  await step('a teacher of two schools is asked', page, async () => {
    await there(page, input.teacher.south.login);
    await heading(page, 'Choose a school').waitFor();
    await page.getByRole('button', { name: 'Nordskolen' }).waitFor();
  });
  check('and nobody until then', await who(context) === 401);
  await readable(page, 'the choice');
  await picture(page, 'choice');
  await long(page, 'button[type=submit]');
  await spoken(page, 'the choice', 'en');
  check('there is a way back', await page.getByRole('link',
    { name: 'Back to the log-in' }).count() === 1);
  await step('and is where they choose, by keyboard', page, async () => {
    await page.getByRole('button', { name: 'Sydskolen' }).focus();
    await page.keyboard.press('Enter');
    await heading(page, 'Homework of my classes').waitFor();
  });
  check('as whom they are there',
        await who(context) === input.teacher.south.id
        && await selected(context) === 'south');
  check('and nobody elsewhere', await who(context, 'north') === 401);
  await leave(page);

  expect(/400/);
  await step('a choice that is over is said', page, async () => {
    await page.goto(`${input.url}/?choose=uni`);
    await page.getByText('That took too long. Log in again.').waitFor();
    await heading(page, 'Log in').waitFor();
  });
  expect();
  await step('so is who is of no school here', page, async () => {
    await there(page, 'stranger');
    await page.getByText('Your school is not here.').waitFor();
    await heading(page, 'Log in').waitFor();
  });
  check('and the address says nothing of it', page.url() === `${input.url}/#/`,
        page.url());
}


async function byPassword(context, page) {
  await step('whoever has a password says the school first', page, async () => {
    await logIn(page, input.teacher.north);
    await page.getByText('This is missing.').waitFor();
    await page.getByLabel('Your school').selectOption('north');
    await logIn(page, input.teacher.north);
    await heading(page, 'Homework of my classes').waitFor();
  });
  check('and is there', await who(context) === input.teacher.north.id
        && await who(context, 'south') === 401);
  await logOut(page);
}


await new Promise((ready) => server.listen(input.port, '127.0.0.1', ready));

const { context, page } = await browser('tenants');

try {
  await bySchool(context, page);
  await byChoice(context, page);
  await byPassword(context, page);
} catch (error) {
  check('to the end', false, error.stack);
} finally {
  await context.close();
  server.close();
  server.closeAllConnections();
}

summary();
