/*
 * Copyright (C) the Pupil authors
 *
 * Before a log-in, in a real browser: a forgotten password, a sign-up, a code
 * by mail.  Called by t/browser-door.t:
 *
 *     node door.mjs FOLDER <JSON
 *
 * with { url, mails, work, env, teacher, admin: { login, password } } on
 * standard input: mails is the folder of a relay, work the command that sends
 * mail to it.
 */

import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { browser, check, endSession, expect, heading, input, logIn, logOut,
         picture, readable, spoken, step, summary } from './page.mjs';

const NEW = 'a long walk along the shore';
const GIVEN = 'Gudrun';
let seen = 0;


const send = () => spawnSync(input.work[0], input.work.slice(1),
  { env: { ...process.env, ...input.env } });

/* Quoted-printable, as it is read. */
const plain = (text) => text.replaceAll(/=\r?\n/g, '')
  .replaceAll(/=([0-9A-F]{2})/g, (_, hex) =>
    String.fromCharCode(parseInt(hex, 16)));


/* What a mail has that is sent now; there may be others. */
function mailed(pattern) {
  const run = send();

  for (;;) {
    const file = `${input.mails}/mail${seen + 1}`;

    if (run.status !== 0 || !existsSync(file)) {
      throw new Error(`no mail: ${run.stderr}`);
    }
    seen++;

    const found = plain(JSON.parse(readFileSync(file, 'utf8')).text)
      .match(pattern);

    if (found) {
      return found[1];
    }
  }
}

const LINK = /^(https:\S+#[\w-]+)/m;
const CODE = /^ {4}(\d{6})\r?$/m;

const says = (page, text) => page.getByText(text).waitFor();
const press = (page, name) => page.getByRole('button', { name, exact: true })
  .click();

/* A double click, of which the second comes before any answer. */
const twice = (button) => button.evaluate((one) => {
  one.click();
  one.click();
});

async function focused(page, name) {
  if (await page.evaluate('document.activeElement.name') !== name) {
    throw new Error('the focus is elsewhere');
  }
}


const LANGUAGES = [['sv', 'Svenska'], ['da', 'Dansk'], ['en', 'English']];

/* The page speaks another language, and has what was typed in these fields. */
async function kept(page, what, ...names) {
  const typed = () => page.evaluate((all) => all.map((name) => {
    const one = document.querySelector(`#view [name="${name}"]`);

    return one?.type === 'checkbox' ? `${one.checked}` : one?.value;
  }).join(' / '), names);
  const before = await typed();
  const titles = new Set();

  for (const [code, name] of LANGUAGES) {
    await press(page, name);
    await page.waitForFunction((lang) =>
      document.documentElement.lang === lang, code);
    titles.add(await page.locator('#view h2').textContent());
    check(`${what}: ${name} leaves what was typed`,
          await typed() === before, `${await typed()}, and before ${before}`);
    check(`${what}: ${name} has the focus`, await page.evaluate(
      'document.activeElement.lang') === code);
  }
  check(`${what}: three languages`, titles.size === LANGUAGES.length,
        [...titles].join(' / '));
}


/* By keyboard alone. */
async function forgotten(page) {
  await page.goto(`${input.url}/`);
  await step('who has forgotten their password says so', page, async () => {
    await page.getByRole('link', { name: 'Forgotten your password?' }).focus();
    await page.keyboard.press('Enter');
    await heading(page, 'Forgotten your password?').waitFor();
    await page.keyboard.press('Tab');
    await focused(page, 'identifier');
  });
  await readable(page, 'the page that asks');
  await picture(page, 'forgotten');
  await page.getByRole('textbox').fill('somebody');
  await kept(page, 'the page that asks', 'identifier');
  await page.getByRole('textbox').fill('');
  for (const [code, name] of LANGUAGES) {
    await press(page, name);
    await page.waitForFunction((lang) =>
      document.documentElement.lang === lang, code);
    await page.getByRole('textbox').waitFor();
    await spoken(page, 'the page that asks', code);
  }
  await step('nothing is asked of nobody', page, async () => {
    await press(page, 'Send a link');
    await says(page, 'This is missing.');
    await focused(page, 'identifier');
  });
  for (const who of ['nobody.of.ours', input.teacher.login]) {
    await step(`all are told the same: ${who}`, page, async () => {
      await page.getByLabel('User name or e-mail').fill(who);
      await page.keyboard.press('Enter');
      await heading(page, 'Look in your mailbox').waitFor();
      await says(page, 'If the account has an e-mail address');
    });
    await readable(page, `what is said to ${who}`);
    await page.getByRole('link', { name: 'Back to the log-in' }).click();
    await page.getByRole('link', { name: 'Forgotten your password?' }).click();
  }

  const link = mailed(LINK);

  await step('which leads to a page', page, async () => {
    await page.goto(link);
    await heading(page, 'Choose a new password').waitFor();
  });
  check('whose address has no token',
        page.url() === `${input.url}/#/new-password`, page.url());
  await readable(page, 'the page of the link');
  await picture(page, 'reset');
  expect(/422/);
  await step('a common one is refused, at the field', page, async () => {
    await page.getByLabel('New password').fill('1q2w3e4r5t6y7u8i');
    await press(page, 'Set password');
    await says(page, 'Many people have this password.');
    await focused(page, 'new');
  });
  expect();
  await step('another one is set', page, async () => {
    await page.getByLabel('New password').fill(NEW);
    await page.keyboard.press('Enter');
    await heading(page, 'Log in').waitFor();
    await says(page, 'Your password is set. Log in with it.');
  });
  check('which is good news',
        await page.locator('#message.good').count() === 1);
  expect(/401/);
  await step('the link counts once, in words', page, async () => {
    await page.goto(link);
    await page.getByLabel('New password').fill('another walk along the shore');
    await press(page, 'Set password');
    await says(page, 'This link does not count any more. If you have used it');
    await page.getByRole('link', { name: 'Back to the log-in' }).waitFor();
    await page.getByRole('link', { name: 'Ask for another link' }).click();
    await heading(page, 'Forgotten your password?').waitFor();
  });
  expect();
  await step('and the way back is there', page, async () => {
    await page.getByRole('link', { name: 'Back to the log-in' }).click();
    await logIn(page, { ...input.teacher, password: NEW });
    await heading(page, 'Homework of my classes').waitFor();
  });
}


/* Of who has just got another password. */
async function notices(page, context) {
  await step('the menu says that there is news', page, async () => {
    await page.getByRole('link', { name: 'About me new' }).click();
    await page.getByRole('link', { name: 'Notices new' }).click();
    await heading(page, 'Notices').waitFor();
    await heading(page, 'Your password was changed').first().waitFor();
  });
  await readable(page, 'notices');
  await picture(page, 'notices');
  await step('which is seen', page, async () => {
    const buttons = page.getByRole('button', { name: 'I have seen it' });

    for (let left = await buttons.count(); left > 0; left--) {
      await twice(buttons.first());
      await page.waitForFunction((n) => document.querySelectorAll(
        '#view button:not([hidden])').length < n, left);
    }
    await page.getByText('new', { exact: true }).first()
      .waitFor({ state: 'detached' });
  });
  await step('and stays so', page, async () => {
    await page.reload();
    await heading(page, 'Your password was changed').first().waitFor();
    if (await page.getByRole('button', { name: 'I have seen it' }).count()) {
      throw new Error('it does not');
    }
  });

  await step('no link logs anybody out', page, async () => {
    await page.goto(`${input.url}/?password#${'A'.repeat(91)}`);
    await heading(page, 'Choose a new password').waitFor();
    if (await page.locator('#who, #menu').getByRole('link').count() > 0) {
      throw new Error('there is a menu');
    }
    await page.getByRole('link', { name: 'Ask for another link' }).click();
    await page.getByRole('link', { name: 'Back to the log-in' }).click();
    await page.getByRole('link', { name: 'About me' }).click();
    await page.goto(`${input.url}/?login=login-denied`);
    await says(page, 'You were not let in there.');
    await page.getByRole('link', { name: 'About me' }).click();
    expect(/404/);
    await page.goto(`${input.url}/?choose=uni`);
    await says(page, 'This is not there');
    expect();
    await page.getByRole('link', { name: 'About me' }).click();
  });
  await step('nor leads a request elsewhere', page, async () => {
    const asked = [];

    page.on('request', (one) => asked.push(new URL(one.url()).pathname));
    expect(/404/);
    await page.goto(`${input.url}/?choose=uni`);
    await says(page, 'This is not there');
    await page.goto(`${input.url}/?x#/choose/..%2Fme%2Fnotices?`);
    await says(page, 'This is not there');
    expect();
    if (!asked.some((one) => one.startsWith('/v1/login/..%252Fme'))) {
      throw new Error(asked.join(' '));
    }
    await page.getByRole('link', { name: 'About me' }).click();
  });

  await step('codes are for who is logged in', page, async () => {
    await page.getByRole('link', { name: 'Codes of recovery' }).click();
    expect(/403/);
    await page.getByLabel('Present password').fill('another one');
    await page.getByLabel('Code of an authenticator').fill('123456');
    await press(page, 'Make new ones');
    await says(page, 'The password or the code is not the right one.');
    await focused(page, 'code');
    expect(/401/);
    await endSession(context);
    await press(page, 'Make new ones');
    await says(page, 'Your session has ended. Log in again.');
    expect();
    await logIn(page, { ...input.teacher, password: NEW });
  });
  await step('a session elsewhere is there', page, async () => {
    const elsewhere = await context.browser().newContext({
      ignoreHTTPSErrors: true });
    const answer = await elsewhere.request.post(`${input.url}/v1/login`, {
      data: { identifier: input.teacher.login, password: NEW } });

    if (answer.status() !== 200) {
      throw new Error(`log-in: ${answer.status()}`);
    }
    await page.getByRole('link', { name: 'Where I am logged in' }).click();
    await heading(page, 'Somewhere else, as teacher').waitFor();
    await page.getByRole('button', { name: 'Log out there' }).click();
    await says(page, 'Logged out there.');

    const { status } = await elsewhere.request.get(`${input.url}/v1/session`)
      .then((one) => ({ status: one.status() }));

    await elsewhere.close();
    if (status !== 401) {
      throw new Error(`it is logged in: ${status}`);
    }
  });
  await logOut(page);
}


async function signUp(page) {
  const address = 'gudrun@hemma.example';
  let link;

  await step('a teacher of no school signs up', page, async () => {
    await page.getByRole('link', { name: 'Sign up as a teacher' }).click();
    await heading(page, 'Sign up as a teacher').waitFor();
    await page.getByLabel('E-mail').fill('not an address');
    await press(page, 'Send a link');
    await says(page, 'This does not look right.');
    await focused(page, 'email');
  });
  await readable(page, 'the form of a sign-up');
  await picture(page, 'sign-up');
  await step('and gets a link', page, async () => {
    await page.getByLabel('E-mail').fill(address);
    await page.keyboard.press('Enter');
    await heading(page, 'Look in your mailbox now').waitFor();
    link = mailed(LINK);
    await page.goto(link);
    await heading(page, 'Welcome').waitFor();
  });
  check('the address of the page has no token',
        page.url() === `${input.url}/#/welcome`, page.url());
  await readable(page, 'the page of that link');
  await picture(page, 'welcome');
  expect(/422/);
  await step('what is wrong is said at its field', page, async () => {
    await page.getByLabel('New password').fill('short');
    await kept(page, 'that page', 'given_name', 'new');
    await press(page, 'Make my account');
    await says(page, 'This is missing.');
    await focused(page, 'given_name');
    await page.getByLabel('Given name').fill(`${GIVEN}\u200b`);
    await press(page, 'Make my account');
    await says(page, 'This has a character that cannot be seen.');
    await focused(page, 'given_name');
    await page.getByLabel('Given name').fill(GIVEN);
    await press(page, 'Make my account');
    await says(page, 'This is too short.');
    await focused(page, 'new');
  });
  expect();
  await step('the account is made', page, async () => {
    await page.getByLabel('New password').fill(NEW);
    await page.keyboard.press('Enter');
    await heading(page, 'Log in').waitFor();
    await says(page, 'Your account is being made.');
    send();
    await logIn(page, { login: address, password: NEW });
    await heading(page, 'Homework of my classes').waitFor();
    await page.locator('#who').getByText(GIVEN).waitFor();
  });
  await logOut(page);
}


/* What the form of a log-in tells a browser that keeps names and passwords. */
const keeping = (page) => page.evaluate(`[document.forms[0],
  document.forms[0].identifier, document.forms[0].password]
  .map((one) => one.autocomplete).join(' ')`);


async function code(page) {
  await page.getByLabel('User name or e-mail').fill('somebody');
  await page.getByLabel('Password', { exact: true }).fill('a secret');
  check('the log-in: a password is not seen',
        await page.evaluate('document.forms[0].password.type') === 'password');
  check('the log-in: and may be pasted', await page.evaluate(
    `document.forms[0].password.dispatchEvent(new ClipboardEvent('paste',
      { bubbles: true, cancelable: true }))`));
  check('the log-in: the browser is to keep nothing',
        await keeping(page) === 'off off off', await keeping(page));
  await page.getByLabel('This is my own device').check();
  await kept(page, 'the log-in', 'identifier', 'password', 'own');
  check('the log-in: unless it is told to',
        await keeping(page) === 'on username current-password',
        await keeping(page));
  await step('an administrator without an authenticator', page, async () => {
    await logIn(page, input.admin);
    await heading(page, 'One more step').waitFor();
  });
  await readable(page, 'the page of a code');
  await page.getByLabel('Code', { exact: true }).fill('12');
  await kept(page, 'the page of a code', 'code');
  await step('asks for a code by mail', page, async () => {
    let asked = 0;

    page.on('request', (one) => { asked += one.method() === 'POST'; });
    await twice(page.getByRole('button', { name: 'Send a code by mail' }));
    await says(page, 'A code is on its way to your mailbox.');
    await focused(page, 'code');
    if (asked !== 1) {
      throw new Error(`asked ${asked} times`);
    }
  });
  await picture(page, 'code');

  const right = mailed(CODE);

  expect(/401/);
  await step('one that is wrong is said, at the field', page, async () => {
    await page.getByLabel('Code', { exact: true })
      .fill(String((Number(right) + 1) % 1000000).padStart(6, '0'));
    await page.keyboard.press('Enter');
    await says(page, 'This code is not the right one.');
    await focused(page, 'code');
  });
  expect();
  await step('and by the right one is in', page, async () => {
    await page.getByLabel('Code', { exact: true }).fill(right);
    await page.keyboard.press('Enter');
    await page.locator('#menu a').first().waitFor();
  });
  await logOut(page);
}


/* Which browsers are known for whom, by the cookie that says so. */
const DEVICE = '__Host-pupil-device';
const known = async (context) => (await context.cookies(input.url))
  .some((one) => one.name === DEVICE);


async function shared(page, context) {
  const own = page.getByLabel('This is my own device');
  const others = page.getByLabel('Others use this computer, too');

  await context.clearCookies({ name: DEVICE });
  await page.goto(`${input.url}/`);
  await step('a computer that others use', page, async () => {
    await own.check();
    await others.check();
    if (await own.isChecked()) {
      throw new Error('is said to be one\'s own');
    }
    await logIn(page, { ...input.teacher, password: NEW });
    await heading(page, 'Homework of my classes').waitFor();
    await logOut(page);
  });
  check('does not know who was there', !await known(context));
  await step('one that others do not', page, async () => {
    if (await others.isChecked()) {
      throw new Error('is said to be one that they do');
    }
    await logIn(page, { ...input.teacher, password: NEW });
    await heading(page, 'Homework of my classes').waitFor();
    await logOut(page);
  });
  check('does', await known(context));
}


/* What the page shows of a log-in, by what GET /v1/login says of it. */
async function doors(page, context) {
  const providers = [{ name: 'uni', title: 'UNI-Login' },
                     { name: 'skol', title: 'Skolfederation' }];
  const controls = page.locator('#view').locator(
    'input, select, button:visible');
  const staff = page.getByText('Pupils log in above.');
  let says = {};

  await context.route('**/v1/login', async (route) => {
    const answer = await route.fetch();

    await route.fulfill({ response: answer,
                          json: { ...await answer.json(), ...says } });
  });

  for (const [password, given, fields, line] of [
    ['off', providers, 0, 0], ['off', [], 0, 0], ['staff', providers, 5, 1],
    ['staff', [], 5, 0], ['all', providers, 5, 0],
  ]) {
    const what = `passwords: ${password}, ${given.length} providers`;

    says = { password, providers: given, forgotten: password !== 'off',
             sign_up: password !== 'off' };
    await page.goto('about:blank');
    await page.goto(`${input.url}/`);
    await heading(page, 'Log in').waitFor();
    check(`${what}: ${fields} controls`, await controls.count() === fields,
          await page.locator('#view').innerText());
    check(`${what}: a button for each`, await page.getByRole('link', {
      name: 'Log in with' }).count() === given.length);
    check(`${what}: these first`, given.length === 0 || fields === 0
      || await page.locator('.ways').evaluate((ways) =>
        Boolean(ways.compareDocumentPosition(document.querySelector('#view form'))
                & Node.DOCUMENT_POSITION_FOLLOWING)));
    check(`${what}: whose is which is said`, await staff.count() === line);
    for (const [name, title] of [['forgotten', 'Forgotten your password?'],
                                 ['sign-up', 'Sign up as a teacher'],
                                 ['code', 'I have a code from my teacher']]) {
      const open = name === 'code' ? password === 'all' : password !== 'off';

      check(`${what}: #/${name} is linked to`, await page.locator(
        `#view a[href="#/${name}"]`).count() === (open ? 1 : 0));
      await page.goto(`${input.url}/#/${name}`);
      await heading(page, open ? title : 'Log in').waitFor();
      check(`${what}: #/${name} is there`, await page.getByRole('heading', {
        level: 2 }).count() === 1 && await page.locator(
        `#view a[href="#/"]`).count() === (open ? 1 : 0));
      await page.goto(`${input.url}/#/`);
      await heading(page, 'Log in').waitFor();
    }
  }
  says = { password: 'off', providers };
  await page.reload();
  await heading(page, 'Log in').waitFor();
  await readable(page, 'the log-in without passwords');
  await picture(page, 'doors');
  await spoken(page, 'the log-in without passwords', 'en');
  await context.unroute('**/v1/login');
}


/* Whose network is slow, and who is. */
async function slow(page, context) {
  await step('a link is not in the address while words come', page,
             async () => {
    let go;
    const words = new Promise((done) => { go = done; });

    await page.route('**/words.en.js', async (route) => {
      await words;
      await route.continue();
    });
    await page.goto(`${input.url}/?password#${'A'.repeat(91)}`,
                    { waitUntil: 'commit' });
    await page.waitForURL(`${input.url}/#/new-password`,
                          { waitUntil: 'commit' });
    go();
    await heading(page, 'Choose a new password').waitFor();
    await page.unroute('**/words.en.js');
    await page.getByRole('link', { name: 'Back to the log-in' }).click();
  });
  await step('a second step after too long a time is said', page, async () => {
    await logIn(page, input.admin);
    await heading(page, 'One more step').waitFor();
    await context.clearCookies();
    expect(/401/);
    await page.getByLabel('Code', { exact: true }).fill('123456');
    await page.keyboard.press('Enter');
    await says(page, 'That took too long. Log in again.');
    expect();
  });
}


/* Whoever opened a link and went away; and who is at that computer next. */
async function left(page) {
  await step('a page that was loaded again says where it came from', page,
             async () => {
    await page.goto(`${input.url}/?password#${'A'.repeat(91)}`);
    await heading(page, 'Choose a new password').waitFor();
    await page.reload();
    await heading(page, 'Forgotten your password?').waitFor();
    await says(page, 'Open the link in your mail again');
  });
  await step('a link that was not used', page, async () => {
    await page.goto(`${input.url}/?password#${'A'.repeat(91)}`);
    await heading(page, 'Choose a new password').waitFor();
    await page.getByRole('link', { name: 'Back to the log-in' }).click();
    await logIn(page, { ...input.teacher, password: NEW });
    await heading(page, 'Homework of my classes').waitFor();
    await logOut(page);
  });
  await step('is not there for the next at this computer', page, async () => {
    await page.evaluate(() => { location.hash = '#/new-password'; });
    await heading(page, 'Forgotten your password?').waitFor();
  });
  check('and nothing is kept of either', await page.evaluate(
    'localStorage.length + sessionStorage.length') <= 1);
}


const { context, page } = await browser('door');

try {
  await forgotten(page);
  await notices(page, context);
  await signUp(page);
  await code(page);
  await left(page);
  await shared(page, context);
  await doors(page, context);
  await slow(page, context);
} catch (error) {
  check('to the end', false, error.stack);
} finally {
  await context.close();
}

summary();
