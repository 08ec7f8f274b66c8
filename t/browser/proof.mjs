/*
 * Copyright (C) the Pupil authors
 *
 * Where a proof of who somebody is is asked for, in a real browser.  Called by
 * t/browser-proof.t:
 *
 *     node proof.mjs FOLDER <JSON
 *
 * with { url, clock, teacher: { login, password } } on standard input: clock is
 * the file that the gateway's clock is set by.
 */

import { closeSync, openSync, writeSync } from 'node:fs';
import { browser, check, expect, heading, input, logIn, logOut, readable,
         spoken, step, summary } from './page.mjs';

const SECONDS = 120;

const dialog = (page) => page.getByRole('dialog', { name: 'Is it you?' });
const password = (page) => dialog(page).getByLabel('Present password');
const next = (page) => dialog(page).getByRole('button', { name: 'Next' })
  .click();
const mine = (page) => page.getByRole('link', { name: 'About me' }).click();


/* In its place: programs have it mapped. */
function later(seconds) {
  const ahead = Buffer.alloc(8);
  const file = openSync(input.clock, 'r+');

  ahead.writeBigInt64LE(BigInt(seconds));
  writeSync(file, ahead, 0, 8, 0);
  closeSync(file);
}


const { context, page } = await browser('teacher');

try {
  await page.goto(`${input.url}/`);
  await logIn(page, input.teacher);
  await heading(page, 'Homework of my classes').waitFor();
  later(SECONDS);

  expect(/401|403/);
  await step('it is asked who is there, who is not logged out', page,
    async () => {
      await mine(page);
      await dialog(page).waitFor();
      await page.locator('#logout').waitFor();
    });
  await readable(page, 'the proof');
  await spoken(page, 'the proof', 'en');
  await step('a password that is wrong is said at its field', page,
    async () => {
      await password(page).fill('not this one');
      await next(page);
      await dialog(page).getByText('is not the right one').waitFor();
      if (await password(page).getAttribute('aria-invalid') !== 'true'
          || await page.evaluate('document.activeElement.name')
             !== 'password')
      {
        throw new Error('it is said elsewhere');
      }
    });
  await step('who does not say is told why there is nothing', page,
    async () => {
      await dialog(page).getByRole('button', { name: 'Cancel' }).click();
      await page.getByText('to show that it is you').waitFor();
      await page.locator('#logout').waitFor();
    });
  await step('and whoever does goes on', page, async () => {
    await page.reload();
    await dialog(page).waitFor();
    await password(page).fill(input.teacher.password);
    await next(page);
    await heading(page, 'About me').waitFor();
    await dialog(page).waitFor({ state: 'detached' });
  });
  expect();
  await step('and may log out', page, async () => {
    await logOut(page);
  });
} catch (error) {
  check('to the end', false, error.stack);
} finally {
  await context.close();
}

summary();
