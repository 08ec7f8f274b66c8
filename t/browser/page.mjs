/*
 * Copyright (C) the Pupil authors
 *
 * A browser for tests of the school web app: steps, pictures, and what every
 * reader of a page needs.  One line of JSON out for each check: { name, ok,
 * detail }.
 */

import { createHmac } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { chromium } from 'playwright-core';

export const folder = process.argv[2];
export const input = JSON.parse(readFileSync(0, 'utf8'));

const SIZES = { small: { width: 320, height: 640 },
                phone: { width: 375, height: 740 },
                tablet: { width: 768, height: 1024 },
                desktop: { width: 1280, height: 850 } };

const axe = readFileSync(new URL('node_modules/axe-core/axe.min.js',
                                 import.meta.url), 'utf8');

/* Pictures are for people who ask for them (PUPIL_SHOTS): to draw whole pages
   and to pack them was a third of what these tests took. */
const drawn = Boolean(process.env.PUPIL_SHOTS);

const complaints = [];      /* of the console and the content policy */
const foreign = [];         /* requests to anywhere else */
let expected = [];          /* what the console may say now */

export const expect = (...patterns) => { expected = patterns; };


export function check(name, ok, detail = '') {
  console.log(JSON.stringify({ name, ok: Boolean(ok), detail }));
}


export function same(is, ought) {
  if (JSON.stringify(is) !== JSON.stringify(ought)) {
    throw new Error(`${JSON.stringify(is)} is not ${JSON.stringify(ought)}`);
  }
}


/* Runs a step; what goes wrong in it is a failed check with a picture. */
export async function step(name, page, run) {
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


export async function browser(name, locale = 'en-GB', more = {}) {
  const context = await chromium.launchPersistentContext(
    `${folder}/profile-${name}`, {
      executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
      headless: true,
      args: ['--no-sandbox', '--disable-gpu', '--disable-quic',
             '--no-first-run', '--disable-background-networking',
             '--disable-component-update', '--disable-sync'],
      ignoreHTTPSErrors: true,
      viewport: SIZES.desktop,
      locale,
      timezoneId: 'UTC',
      ...more,
    });

  context.setDefaultTimeout(90000);
  await context.addInitScript(() => {
    addEventListener('securitypolicyviolation', (event) =>
      console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`));
  });
  context.on('page', (page) => listen(name, page));
  context.pages().forEach((page) => listen(name, page));

  return { context, page: context.pages()[0] ?? await context.newPage() };
}


/* A provider's pages are not ours. */
const elsewhere = (page, url) => input.broker
  && [url, page.url()].some((one) => one.startsWith(input.broker));


function listen(name, page) {
  page.on('console', (message) => {
    const text = message.text();

    if (['error', 'warning'].includes(message.type())
        && !elsewhere(page, message.location().url)
        && !expected.some((pattern) => pattern.test(text))) {
      complaints.push(`${name}: ${text} ${message.location().url}`);
    }
  });
  page.on('pageerror', (error) => complaints.push(`${name}: ${error.stack}`));
  page.on('dialog', (dialog) => dialog.accept());
  page.on('request', (request) => {
    if (!request.url().startsWith(`${input.url}/`)
        && !elsewhere(page, request.url())) {
      foreign.push(request.url());
    }
  });
}


export async function logIn(page, { login, password }) {
  await page.getByLabel('User name or e-mail').fill(login);
  await page.getByLabel('Password', { exact: true }).fill(password);
  await page.getByRole('button', { name: 'Log in' }).click();
}

export async function logOut(page) {
  await page.getByRole('button', { name: 'Log out', exact: true }).click();
  await heading(page, 'Log in').waitFor();
}


/* What an authenticator shows now, or some steps later (RFC 6238), by its
   secret in base32. */
export function totp(secret, later = 0) {
  const bits = [...secret.replaceAll(' ', '')].map((letter) =>
    'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter).toString(2)
      .padStart(5, '0')).join('');
  const key = Buffer.from(bits.match(/.{8}/g).map((one) => parseInt(one, 2)));
  const step = Buffer.alloc(8);

  step.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30000) + later));

  const mac = createHmac('sha1', key).update(step).digest();
  const code = mac.readUInt32BE(mac[19] & 15) & 0x7fffffff;

  return String(code % 1000000).padStart(6, '0');
}


/* What a teacher asks, in the form that is shown: a longer text each. */
export async function ask(page, questions) {
  for (const [n, question] of questions.entries()) {
    if (n > 0) {
      await page.getByRole('button', { name: 'Add an exercise' }).click();
    }
    await page.getByRole('group', { name: `Exercise ${n + 1}` })
      .getByLabel('Question').fill(question);
  }
}


export const heading = (page, name) =>
  page.getByRole('heading', { name, exact: true });


/* Ends the session as the gateway would, behind the back of the page. */
export async function endSession(context) {
  const { session } = await (await context.request.get(
    `${input.url}/v1/session`)).json();
  const ended = await context.request.delete(`${input.url}/v1/session`, {
    headers: { 'X-Pupil-CSRF': session.csrf_token },
  });

  if (ended.status() !== 204) {
    throw new Error(`log-out: ${ended.status()}`);
  }
}


async function draw(page, name) {
  if (drawn) {
    await page.screenshot({ path: `${folder}/${name}.png`, fullPage: true });
  }
}


export async function picture(page, name) {
  for (const [kind, size] of Object.entries(SIZES)) {
    await page.setViewportSize(size);

    const wide = await page.evaluate(() =>
      document.documentElement.scrollWidth - innerWidth);
    check(`${name} fits a ${kind}`, wide <= 0, `${wide} px too wide`);
    await draw(page, `${name}-${kind}`);
  }
  await page.emulateMedia({ colorScheme: 'dark' });
  await draw(page, `${name}-dark`);
  await page.emulateMedia({ colorScheme: 'light' });
}


/* What axe finds, in both colours, or those. */
export async function readable(page, name, colours = ['light', 'dark']) {
  for (const colorScheme of colours) {
    await page.emulateMedia({ colorScheme });
    /* the policy of the page forbids eval: this goes around it, as a debugger
       does */
    if (!await page.evaluate('typeof axe === "object"')) {
      await page.evaluate(axe);
    }

    /* of what is well only its number is told */
    const { violations } = await page.evaluate(
      'axe.run({ resultTypes: ["violations"] })');
    check(`${name}, ${colorScheme}, can be read and listened to`,
          violations.length === 0, violations.map((one) =>
            `${one.id}: ${one.nodes.map((node) => node.html).join('\n')}`)
            .join('\n'));
  }
  await page.emulateMedia({ colorScheme: 'light' });
}


/* No key of a text is shown in place of the text. */
export async function spoken(page, name, code) {
  const lang = await page.evaluate('document.documentElement.lang');
  const text = await page.locator('body').innerText();
  const keys = text.match(/\b[a-z]+\.[a-z]+(\.[a-z]+)?\b/g) ?? [];

  check(`${name} speaks ${code}`, lang === code && keys.length === 0,
        `${lang} ${keys}`);
}


export const LANGUAGES = [['sv', 'Svenska'], ['da', 'Dansk'],
                          ['en', 'English']];


export async function dark(page, name) {
  await page.emulateMedia({ colorScheme: 'dark' });
  await page.setViewportSize({ width: 320, height: 640 });
  await draw(page, `${name}-small-dark`);
  await page.emulateMedia({ colorScheme: 'light' });
  await page.setViewportSize({ width: 1280, height: 850 });
}


/* In each language, where the address is that of the page. */
export async function everywhere(page, name) {
  await picture(page, name);
  await dark(page, name);
  for (const [code, language] of LANGUAGES) {
    await page.locator('#view h2').evaluate((one) => {
      one.dataset.before = 'yes';
    });
    await page.getByRole('button', { name: language }).click();
    await page.locator(`html[lang=${code}] #language [aria-pressed=true]`)
      .filter({ hasText: language }).waitFor();
    await page.locator('#view h2:not([data-before])').waitFor();
    await page.getByText(/Loading|Hämtar|Henter/).waitFor({ state: 'hidden' });
    await spoken(page, name, code);
    await readable(page, `${name} in ${code}`,
                   code === 'en' ? ['light', 'dark'] : ['light']);
  }
}


/* What a teacher and a pupil do, each in a browser of their own, to its end. */
export async function day(teacher, pupil, run) {
  try {
    await run();
  } catch (error) {
    check('the day went to its end', false, error.stack);
  } finally {
    await teacher.context.close();
    await pupil.context.close().catch(() => {});
  }
  summary();
}


export function summary() {
  check('no complaint in any console', complaints.length === 0,
        complaints.join('\n'));
  check('no request to anywhere else', foreign.length === 0,
        foreign.join('\n'));
}
