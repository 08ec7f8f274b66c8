/*
 * Copyright (C) the Pupil authors
 *
 * A pupil logs in at a real OpenID provider, shaped as UNI-Login's broker, and
 * somebody with a national number at one of BankID, in a real browser.  Called by
 * t/login-oidc-browser.t:
 *
 *     node oidc.mjs FOLDER <JSON
 *
 * with { url, port, key, cert, secret, login, id, bank: { port, number, level,
 * id } } on standard input; url is of another site than localhost, where the
 * providers are.  One line of JSON out for each check: { name, ok, detail }.
 */

import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import { chromium } from 'playwright-core';
import { broker } from './broker.mjs';

const folder = process.argv[2];
const input = JSON.parse(readFileSync(0, 'utf8'));


function check(name, ok, detail = '') {
  console.log(JSON.stringify({ name, ok: Boolean(ok), detail: String(detail) }));
}


const { bank } = input;
const server = broker({ ...input, names: ['query', 'form'],
                        schools: () => ['101001'] });
const atBank = broker({ ...input, port: bank.port, names: ['bank'],
                        path: '/bank/login', shape: 'bank' });


/* Of a session, by its cookie, without the browser. */
function status(token) {
  return new Promise((done, failed) => {
    request(`${input.url}/v1/session`, {
      rejectUnauthorized: false,
      headers: { Cookie: `__Host-pupil=${token}` },
    }, (res) => { res.resume(); done(res.statusCode); })
      .on('error', failed).end();
  });
}


/* ---- the browser ---- */

/* Who is known at the provider comes there and back; what is with the form. */
async function again(page, context, start) {
  const token = async () => (await context.cookies(input.url))
    .find((one) => one.name === '__Host-pupil')?.value;
  const before = await token();
  const posted = page.waitForRequest((one) => one.method() === 'POST'
    && one.url().startsWith(input.url)).then((one) => one.allHeaders());

  await page.goto(start).catch(() => {});
  const sent = await posted;
  await page.waitForURL((url) => url.href.startsWith(input.url));

  return { cookie: sent.cookie, origin: sent.origin,
           statuses: [await status(before), await status(await token())] };
}


async function visit(name, login, profile, path = '/v1/login') {
  const context = await chromium.launchPersistentContext(
    `${folder}/profile-${profile}`, {
      executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
      headless: true,
      args: ['--no-sandbox', '--disable-gpu', '--disable-quic',
             '--no-first-run', '--disable-background-networking',
             '--disable-component-update', '--disable-sync'],
      ignoreHTTPSErrors: true,
    });
  const page = context.pages()[0] ?? await context.newPage();

  context.setDefaultTimeout(90000);

  try {
    await page.goto(`${input.url}${path}/${name}`);
    await page.locator('input[name=login]').fill(login);
    await page.locator('input[name=password]').fill('any');
    await page.screenshot({ path: `${folder}/${profile}-there.png` });
    await page.locator('button[type=submit]').click();
    await page.waitForURL((url) => url.href.startsWith(input.url));
    await page.screenshot({ path: `${folder}/${profile}-back.png` });

    const seen = {
      path: new URL(page.url()).pathname,
      text: await page.locator('body').textContent(),
      session: await page.evaluate(async () => {
        const res = await fetch('/v1/session');
        return res.ok ? (await res.json()).user.id : res.status;
      }),
      cookies: (await context.cookies(input.url)).map((one) => one.name),
    };

    if (name === 'form') {
      seen.again = await again(page, context, `${input.url}${path}/${name}`);
    }

    return seen;
  } catch (error) {
    await page.screenshot({ path: `${folder}/failed.png` }).catch(() => {});
    return { error: `${error.message} at ${page.url()}` };
  } finally {
    await context.close();
  }
}


async function byNumber() {
  const seen = await visit('bank', `${bank.number}@${bank.level}`, 'bank',
                           '/bank/login');

  check('bank: logged in as who has that number', seen.session === bank.id,
        seen.error ?? `${seen.session} ${seen.text}`);

  for (const [name, login] of [
    ['another level', `${bank.number}@urn:loa:password`],
    ['no level', bank.number],
    ['a number of nobody', `191212121220@${bank.level}`],
  ]) {
    const refused = await visit('bank', login, `bank-${name}`, '/bank/login');

    check(`bank: ${name}: nobody`, refused.session === 401
          && /problem:/.test(refused.text), refused.error ?? refused.text);
  }
}


await new Promise((done) => { atBank.listen(bank.port, '127.0.0.1', done); });
server.listen(input.port, '127.0.0.1', async () => {
  for (const name of ['query', 'form']) {
    const seen = await visit(name, input.login, name);

    check(`${name}: the browser is back`, seen.path === '/',
          seen.error ?? seen.text);
    check(`${name}: logged in as who it is`, seen.session === input.id,
          seen.session);
    check(`${name}: the flow's cookie is gone`,
          seen.cookies?.includes('__Host-pupil')
          && !seen.cookies.some((one) => one.startsWith('__Host-pupil-')),
          seen.cookies);

    if (name === 'form') {
      check('form: comes of another site, without a cookie',
            seen.again?.origin === `https://localhost:${input.port}`
            && !seen.again.cookie, JSON.stringify(seen));
      check('form: over a session, which ends',
            String(seen.again?.statuses) === '401,200', seen.again?.statuses);
    }
  }

  const seen = await visit('query', 'nobody-of-ours', 'nobody');

  check('nobody of ours: is told whom to ask',
        /Ask its administrator/.test(seen.text ?? ''),
        seen.error ?? seen.text);
  check('nobody of ours: has no session', seen.session === 401, seen.session);
  await byNumber();
  for (const one of [server, atBank]) {
    one.close();
    one.closeAllConnections();
  }
});
