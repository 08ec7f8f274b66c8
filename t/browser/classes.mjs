/*
 * Copyright (C) the Pupil authors
 *
 * A teacher looks at a class, and a pupil at lists by state, in a real browser.
 * Called by t/browser-classes.t:
 *
 *     node classes.mjs FOLDER <JSON
 *
 * with { url, class, returned, teacher, pupil: { login, password, id,
 * family_name } }, where the first two after the URL are ids.
 */

import { browser, check, day, everywhere, expect, heading, input, logIn,
         logOut, same, step } from './page.mjs';

const TITLE = 'Math - Algebra 1';
const name = input.pupil.family_name;
const at = (page) => page.evaluate('location.hash');
const row = (page, who) => page.getByRole('row').filter({
  has: page.getByRole('rowheader', { name: who }) });
const cells = async (one) => (await one.getByRole('cell').allTextContents())
  .map((text) => text.replace(/[^\p{L}\p{N} ,]/gu, '').trim());
const columns = (page) => page.getByRole('columnheader').count();
const older = (page) => page.getByRole('button',
                                       { name: 'Homework further back' });


async function classes(page) {
  await page.goto(`${input.url}/`);
  await logIn(page, input.teacher);
  await step('the classes are in the menu', page, async () => {
    await page.getByRole('link', { name: 'My classes', exact: true }).click();
    await heading(page, 'My classes').waitFor();
    await page.getByText('30 pupils').first().waitFor();
    same(await page.locator('#menu [aria-current=page]').textContent(),
         'My classes ');
    const titles = await page.locator('.entry a').allTextContents();

    same(titles, [...titles].sort((a, b) => a.localeCompare(b, 'en-GB')));
  });
  await everywhere(page, 'classes');
}


async function grid(page) {
  await step('a class: each pupil by homework, the latest first', page,
    async () => {
      await page.getByRole('link', { name: TITLE, exact: true }).click();
      await heading(page, TITLE).waitFor();
      await page.getByRole('rowheader').first().waitFor();
      same(await at(page), `#/class/${input.class}`);
      same((await page.title()).includes(TITLE), false);
      same(await columns(page), 1 + 10);
      same((await page.getByRole('columnheader').locator('a')
        .allTextContents()).slice(0, 4),
           ['<b>Ahead</b>', 'Over', 'السفر', 'Seen']);
      same((await cells(row(page, name))).slice(0, 4),
           ['Begun 1 of 2 done', 'Late', 'Done Returned',
            'Done Saved, not returned']);
      same(await page.getByRole('rowheader').count(), 30);
    });
  await step('somebody else has done nothing', page, async () => {
    const all = await page.getByRole('rowheader').allTextContents();
    const other = all.find((one) => !one.includes(name));

    same((await cells(row(page, other))).slice(0, 2), ['Not begun', 'Late']);
  });
  await step('what is further back comes when it is asked for', page,
    async () => {
      await older(page).focus();
      await page.keyboard.press('Enter');
      await page.getByRole('columnheader', { name: 'Before 8' }).waitFor();
      same(await columns(page), 1 + 12);
      same((await cells(row(page, name))).length, 12);
      same(await older(page).count(), 0);
    });
  await everywhere(page, 'class');
  await step('on a phone each cell says of what it is', page, async () => {
    await page.setViewportSize({ width: 320, height: 640 });
    same(await row(page, name).locator('td').nth(1).getAttribute('data-label'),
         'Over');
    await page.setViewportSize({ width: 1280, height: 850 });
  });
}


async function one(page) {
  await step('one pupil, with the marks', page, async () => {
    await page.getByRole('link', { name }).click();
    await page.getByRole('link', { name: 'To the whole class' }).waitFor();
    same(await at(page), `#/class/${input.class}/${input.pupil.id}`);
    same((await page.locator('#view h2').textContent()).includes(name), true);
    same((await page.title()).includes(name), false);
    same(await cells(row(page, 'السفر')).then((all) => all.slice(1)),
         ['Done', 'Returned']);
    same(await page.getByRole('rowheader').count(), 10);
    await older(page).click();
    await page.getByRole('link', { name: 'Before 8' }).waitFor();
  });
  await everywhere(page, 'class-pupil');
  await step('to the answers, and back', page, async () => {
    await page.getByRole('link', { name: 'السفر' }).click();
    await page.getByText('From pupil to pupil').or(
      page.locator('.exercise')).first().waitFor();
    same(await at(page), `#/assess/${input.returned}/${input.pupil.id}`);
    await page.goBack();
    await page.getByRole('link', { name: 'To the whole class' }).click();
    await heading(page, TITLE).waitFor();
    await page.getByRole('link', { name: 'To all my classes' }).click();
    await heading(page, 'My classes').waitFor();
  });
  expect(/404/);
  await step('a class that is not hers is none', page, async () => {
    await page.goto(`${input.url}/#/class/${input.returned}`);
    await heading(page, 'There is no such page').or(
      page.locator('#message:visible')).first().waitFor();
  });
  expect();
}


/* What is asked of the gateway, by query. */
async function lists(page) {
  const asked = [];

  page.on('request', (request) => {
    const { pathname, searchParams } = new URL(request.url());

    if (pathname === '/v1/homework') {
      asked.push([searchParams.get('status'), searchParams.get('order')]);
    }
  });
  await page.goto(`${input.url}/`);
  await logIn(page, input.pupil);
  await step('what is to do, and what is late, the newest first', page,
    async () => {
      await heading(page, 'Late').waitFor();
      same(await page.locator('#view h4').allTextContents(),
           ['Over', ...[...Array(8).keys()].map((n) => `Before ${n + 1}`),
            '<b>Ahead</b>']);
    });
  await step('what is done', page, async () => {
    await page.getByRole('link', { name: 'Done', exact: true }).click();
    await heading(page, 'Done').waitFor();
    same(await page.locator('#view h3').allTextContents(), ['السفر', 'Seen']);
  });
  check('by the gateway, each once', JSON.stringify(asked) === JSON.stringify([
    ['todo', 'oldest'], ['late', 'newest'], ['done', 'newest']]),
        JSON.stringify(asked));
}


const teacher = await browser('teacher');
const pupil = await browser('pupil');

await day(teacher, pupil, async () => {
  await classes(teacher.page);
  await grid(teacher.page);
  await one(teacher.page);
  await lists(pupil.page);
  await logOut(teacher.page);
});
