/*
 * Copyright (C) the Pupil authors
 *
 * A code for a new password, in a real browser.  Called by t/browser-code.t:
 *
 *     node code.mjs FOLDER <JSON
 *
 * with { url, teacher, pupil: { login, password, family_name } } on standard
 * input.
 */

import { browser, check, expect, heading, input, logIn, logOut, picture,
         readable, spoken, step, summary } from './page.mjs';

const NEW = 'a long walk along the shore';
const HAVE = 'I have a code from my teacher';

const press = (page, name) => page.getByRole('button', { name, exact: true })
  .click();
const dialog = (page) => page.getByRole('dialog');

let code = '';


async function teacher(page) {
  await page.goto(`${input.url}/`);
  await logIn(page, input.teacher);
  await page.getByRole('link', { name: 'Chapter one' }).click();
  await step('a teacher asks for a code of one of the class', page,
    async () => {
      await page.getByRole('button', {
        name: new RegExp(`^Code .* for .*${input.pupil.family_name}`) })
        .click();
      await dialog(page).getByText('nobody but the pupil').waitFor();
      await dialog(page).getByRole('button', {
        name: 'Code for a new password' }).click();
    });
  await step('and has a paper', page, async () => {
    await dialog(page).getByText(input.pupil.login).waitFor();
    code = await dialog(page).locator('.secret').textContent();
    await dialog(page).getByText(HAVE).waitFor();
  });
  check('with a code', /^\w{4}-\w{4}-\w{4}$/.test(code));
  await readable(page, 'the paper');
  await spoken(page, 'the paper', 'en');
  await picture(page, 'code');
  await page.emulateMedia({ media: 'print' });
  check('that is printed alone', !await page.locator('header').isVisible()
    && !await dialog(page).getByRole('button').first().isVisible()
    && await dialog(page).locator('.secret').isVisible());
  await page.emulateMedia({ media: null });
  await step('which is gone once it is closed', page, async () => {
    await press(page, 'Close');
    await dialog(page).waitFor({ state: 'detached' });
  });
  check('and kept nowhere', !await page.evaluate((secret) =>
    document.documentElement.outerHTML.includes(secret)
    || JSON.stringify([{ ...localStorage }, { ...sessionStorage },
                       history.state, location.href]).includes(secret), code));
  await logOut(page);
}


async function pupil(page) {
  const type = async (what) => {
    await page.getByLabel('User name or e-mail').fill(input.pupil.login);
    await page.getByLabel('Code', { exact: true }).fill(what);
    await page.getByLabel('New password').fill(NEW);
    await press(page, 'Set password');
  };

  await step('a pupil has a code', page, async () => {
    await page.getByRole('link', { name: HAVE }).click();
    await heading(page, HAVE).waitFor();
  });
  await readable(page, 'the page of a code');
  await spoken(page, 'the page of a code', 'en');
  expect(/401/);
  await step('is told where it does not fit', page, async () => {
    await type('0000-0000-0000');
    await page.getByText('Ask your teacher for another one.').waitFor();
  });
  expect();
  await step('sets a new password by it', page, async () => {
    await type(code.toLowerCase().replaceAll('-', ' '));
    await heading(page, 'Log in').waitFor();
    await page.getByText('Your password is set.').waitFor();
  });
  await step('logs in, and is told what was done', page, async () => {
    const mine = page.getByRole('link', { name: 'About me' });
    const asked = new Promise((resolve) => {
      page.route('**/v1/me/notices?limit=1', resolve);
    });

    await logIn(page, { login: input.pupil.login, password: NEW });
    const news = await asked;

    /* it is told between press and release */
    await mine.hover();
    await page.mouse.down();
    await news.continue();
    await page.locator('#menu .badge').waitFor();
    await page.mouse.up();
    await page.locator('#mine a[href="#/notices"]').click();
    await page.getByText('by a code from your teacher').waitFor();
  });
  await logOut(page);
}


const { context, page } = await browser('code');

try {
  await teacher(page);
  await pupil(page);
} catch (error) {
  check('to the end', false, error.stack);
} finally {
  await context.close();
}

summary();
