/*
 * Copyright (C) the Pupil authors
 *
 * A school day in a real browser.  Called by t/browser.t:
 *
 *     node school.mjs FOLDER <JSON
 *
 * with { url, teacher, pupil, other, admin, newcomer: { login, password, id } }
 * on standard input.  One line of JSON out for each check: { name, ok, detail }.
 * Screenshots go to FOLDER.
 */

import { readFileSync, writeFileSync } from 'node:fs';
import { chromium } from 'playwright-core';

const folder = process.argv[2];
const input = JSON.parse(readFileSync(0, 'utf8'));

const PHONE = { width: 375, height: 740 };
const DESKTOP = { width: 1200, height: 850 };
const ANSWER = 'Bees tell each other the way by dancing.';
const LATE = 'Written while the session ended.';
const DRAFT = 'Not handed in yet.';
const TITLE = 'How bees talk';
const OWN = 'bees dance in the dark';
const OTHER = 'wasps do no such thing';

const complaints = [];      /* of the console and the content policy */
const foreign = [];         /* requests to anywhere else */
let expected = [];          /* what the console may say now */


function check(name, ok, detail = '') {
  console.log(JSON.stringify({ name, ok: Boolean(ok), detail }));
}


/* Runs a step; what goes wrong in it is a failed check with a picture. */
async function step(name, page, run) {
  try {
    await run();
    check(name, true);
  } catch (error) {
    await page.screenshot({ path: `${folder}/failed.png`, fullPage: true })
      .catch(() => {});
    writeFileSync(`${folder}/failed.html`, await page.content());
    check(name, false, `${error.message}\n${await page.locator('#message')
      .textContent().catch(() => '')}`);
    throw error;
  }
}


async function browser(name) {
  const context = await chromium.launchPersistentContext(
    `${folder}/profile-${name}`, {
      executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
      headless: true,
      args: ['--no-sandbox', '--disable-gpu', '--disable-quic',
             '--no-first-run', '--disable-background-networking',
             '--disable-component-update', '--disable-sync'],
      ignoreHTTPSErrors: true,
      viewport: DESKTOP,
      locale: 'en-GB',
      timezoneId: 'UTC',
    });
  const page = context.pages()[0] ?? await context.newPage();

  context.setDefaultTimeout(15000);
  page.on('console', (message) => {
    const text = message.text();

    if (['error', 'warning'].includes(message.type())
        && !expected.some((pattern) => pattern.test(text))) {
      complaints.push(`${name}: ${text} ${message.location().url}`);
    }
  });
  page.on('pageerror', (error) => complaints.push(`${name}: ${error.stack}`));
  page.on('dialog', (dialog) => dialog.accept());
  page.on('request', (request) => {
    if (!request.url().startsWith(`${input.url}/`)) {
      foreign.push(request.url());
    }
  });
  await page.addInitScript(() => {
    addEventListener('securitypolicyviolation', (event) =>
      console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`));
  });

  return { context, page };
}


async function logIn(page, { login, password }) {
  await page.getByLabel('User name or e-mail').fill(login);
  await page.getByLabel('Password', { exact: true }).fill(password);
  await page.getByRole('button', { name: 'Log in' }).click();
}


const heading = (page, name) =>
  page.getByRole('heading', { name, exact: true });

const picture = async (page, name) => {
  for (const [kind, size] of Object.entries({ phone: PHONE,
                                              desktop: DESKTOP })) {
    await page.setViewportSize(size);
    await page.screenshot({ path: `${folder}/${name}-${kind}.png`,
                            fullPage: true });

    const wide = await page.evaluate(() =>
      document.documentElement.scrollWidth - innerWidth);
    check(`${name} fits a ${kind}`, wide <= 0, `${wide} px too wide`);
  }
};


/* What every reader of a page needs. */
async function readable(page, name) {
  const faults = await page.evaluate(() => {
    const found = [];
    const shown = (node) => node.checkVisibility();
    const text = (node) => node.labels?.[0]?.textContent.trim()
      || node.getAttribute('aria-label');

    for (const node of document.querySelectorAll('input,select,textarea')) {
      if (shown(node) && !text(node)) {
        found.push(`no label: ${node.outerHTML}`);
      }
    }
    for (const node of document.querySelectorAll('button')) {
      if (shown(node) && !node.textContent.trim()) {
        found.push(`no name: ${node.outerHTML}`);
      }
    }
    for (const node of document.querySelectorAll('table')) {
      if (!node.caption) {
        found.push('a table without a caption');
      }
    }
    if (!document.documentElement.lang || !document.title) {
      found.push('no language or title');
    }

    return found;
  });

  check(`${name} can be read and listened to`, faults.length === 0,
        faults.join('\n'));
}


async function teacherGives(page) {
  await page.goto(`${input.url}/`);
  await step('the log-in form', page, async () => {
    await heading(page, 'Log in').waitFor();
    for (const id of ['who', 'pupil', 'teacher', 'other']) {
      if (await page.locator(`#${id}`).isVisible()) {
        throw new Error(`#${id} is shown before log-in`);
      }
    }
  });
  await readable(page, 'log-in');
  await picture(page, 'login');

  expected = [/401/];
  await step('a wrong password is refused', page, async () => {
    await logIn(page, { ...input.teacher, password: 'wrong' });
    await page.getByText('do not open an account').waitFor();
  });
  expected = [];

  await step('the teacher logs in', page, async () => {
    await logIn(page, input.teacher);
    await heading(page, 'Homework of your classes').waitFor();
  });
  await step('and gives homework', page, async () => {
    await page.locator('select[name=class_id]').selectOption(input.class_id);
    await page.getByLabel('Title').fill(TITLE);
    await page.getByLabel('Text').fill('Watch the film, then answer.');
    await page.getByLabel('Due').fill('2030-05-20');
    await page.getByLabel('Exercises, one a line')
      .fill('What do they dance?\nWhy?');
    await page.getByRole('button', { name: 'Give' }).click();
    await page.getByText('Homework given.').waitFor();
    await page.getByRole('row', { name: TITLE }).waitFor();
  });
  await readable(page, 'the teacher\'s page');
  await picture(page, 'teacher');
}


async function pupilHandsIn(context, page) {
  const article = page.getByRole('article').filter({ hasText: TITLE });

  await page.goto(`${input.url}/`);
  await step('the pupil logs in and sees it', page, async () => {
    await logIn(page, input.pupil);
    await heading(page, 'Your homework').waitFor();
    await article.getByText('0 of 2 done').waitFor();
  });
  await step('hands an answer in, and sees progress', page, async () => {
    await article.getByLabel('What do they dance?').fill(ANSWER);
    await article.getByRole('button', { name: 'Hand in' }).first().click();
    await page.getByText('Handed in.', { exact: true }).waitFor();
    await article.getByText('1 of 2 done').waitFor();
  });
  await readable(page, 'the pupil\'s page');
  await picture(page, 'pupil');

  expected = [/401/];
  await step('the session ends while the pupil writes', page, async () => {
    await article.getByLabel('What do they dance?').fill(DRAFT);
    await article.getByLabel('Why?').fill(LATE);

    const { session } = await (await context.request.get(
      `${input.url}/v1/session`)).json();
    const ended = await context.request.delete(`${input.url}/v1/session`, {
      headers: { 'X-Pupil-CSRF': session.csrf_token },
    });

    if (ended.status() !== 204) {
      throw new Error(`log-out: ${ended.status()}`);
    }
    await article.getByRole('button', { name: 'Hand in', exact: true })
      .click();
    await page.getByText('Your session has ended.').waitFor();
  });
  expected = [];
  await picture(page, 'ended');
  await step('after log-in the answer is there', page, async () => {
    await logIn(page, input.pupil);
    await article.getByText('2 of 2 done').waitFor();

    const kept = await article.getByLabel('Why?').inputValue();
    if (kept !== LATE) {
      throw new Error(`the field holds "${kept}"`);
    }
    if (await article.getByLabel('What do they dance?').inputValue()
        !== DRAFT) {
      throw new Error('what was not handed in is not there');
    }
  });
  await step('a page loaded again shows what was stored', page, async () => {
    await page.reload();
    await article.getByText('2 of 2 done').waitFor();
    if (await article.getByLabel('What do they dance?').inputValue()
        !== ANSWER) {
      throw new Error('the first answer is not there');
    }
  });
  await step('the pupil logs out', page, async () => {
    await page.getByRole('button', { name: 'Log out' }).click();
    await heading(page, 'Log in').waitFor();
  });
  check('and nothing is left in the page',
        !(await page.content()).includes(ANSWER));
}


async function overview(page) {
  await step('the teacher sees who is done', page, async () => {
    await page.reload();
    await page.getByRole('row', { name: TITLE })
      .getByRole('button', { name: 'Show' }).click();
    await page.locator('#pupils tr', { hasText: 'completed' }).waitFor();
  });
  check('with the name of the pupil', (await page
    .locator('#pupils tr', { hasText: 'completed' }).textContent())
    .includes(input.pupil.family_name));
  await picture(page, 'overview');
  await step('and takes it back', page, async () => {
    await page.getByRole('row', { name: TITLE })
      .getByRole('button', { name: 'Take back' }).click();
    await page.getByText('Taken back.').waitFor();
    await page.getByRole('row', { name: TITLE })
      .waitFor({ state: 'detached' });
  });
}


async function strangers(page) {
  await page.goto(`${input.url}/`);
  await step('another pupil sees none of it', page, async () => {
    await logIn(page, input.other);
    await heading(page, 'Your homework').waitFor();
    if (await page.getByText(TITLE).count() !== 0) {
      throw new Error('there it is');
    }
    await page.getByRole('button', { name: 'Log out' }).click();
    await heading(page, 'Log in').waitFor();
  });
  await step('the administrator sees the own data', page, async () => {
    await logIn(page, input.admin);
    await heading(page, 'Your own data').waitFor();
    await page.locator('#mine dl').first().waitFor();
  });
  await step('and looks a pupil up', page, async () => {
    await page.locator('select[name=category]').selectOption('identity');
    await page.getByLabel('Pseudonym of the person').fill(input.pupil.id);
    await page.getByRole('button', { name: 'Look' }).click();
    await page.locator('#found', { hasText: input.pupil.family_name })
      .waitFor();
  });
  await readable(page, 'the administrator\'s page');
  await picture(page, 'admin');
}


/* Somebody with a first password, and a second thought. */
async function newcomer(page) {
  const { login, password } = input.newcomer;

  await page.getByRole('button', { name: 'Log out' }).click();
  await step('a first password is to be changed', page, async () => {
    await logIn(page, input.newcomer);
    await heading(page, 'Choose a password').waitFor();
  });
  await readable(page, 'the page of passwords');
  await picture(page, 'password');

  expected = [/422/];
  await step('a common one is refused, in words', page, async () => {
    await page.getByLabel('New password').fill('1q2w3e4r5t6y7u8i');
    await page.getByRole('button', { name: 'Set password' }).click();
    await page.getByText('Many people have this password.').waitFor();
  });
  expected = [];
  await step('one of their own opens the rest', page, async () => {
    await page.getByLabel('New password').fill(OWN);
    await page.getByRole('button', { name: 'Set password' }).click();
    await heading(page, 'Your homework').waitFor();
    await page.getByText('Your password is changed.').waitFor();
  });

  await step('and can be changed again', page, async () => {
    await page.getByRole('button', { name: 'Password' }).click();
    await heading(page, 'Choose a password').waitFor();
  });
  expected = [/403/];
  await step('by whoever knows the present one', page, async () => {
    await page.getByLabel('Present password').fill(password);
    await page.getByLabel('New password').fill(OTHER);
    await page.getByRole('button', { name: 'Set password' }).click();
    await page.getByText('The present password is another one.').waitFor();
  });
  expected = [];
  await step('or left', page, async () => {
    await page.getByRole('button', { name: 'Cancel' }).click();
    await heading(page, 'Your homework').waitFor();
  });
  await step('their own logs in', page, async () => {
    await page.getByRole('button', { name: 'Log out' }).click();
    await logIn(page, { login, password: OWN });
    await heading(page, 'Your homework').waitFor();
  });
}


const teacher = await browser('teacher');
const pupil = await browser('pupil');

try {
  await teacherGives(teacher.page);
  await pupilHandsIn(pupil.context, pupil.page);
  await overview(teacher.page);
  await strangers(pupil.page);
  await newcomer(pupil.page);
} catch (error) {
  check('the day went to its end', false, error.stack);
} finally {
  await teacher.context.close();
  await pupil.context.close();
}

check('no complaint in any console', complaints.length === 0,
      complaints.join('\n'));
check('no request to anywhere else', foreign.length === 0,
      foreign.join('\n'));
