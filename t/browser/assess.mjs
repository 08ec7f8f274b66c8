/*
 * Copyright (C) the Pupil authors
 *
 * A teacher reads and marks what a class has handed in, and a pupil reads what
 * was returned, in a real browser.  Called by t/browser-assess.t:
 *
 *     node assess.mjs FOLDER <JSON
 *
 * with { url, homework, exercises, empty, today: { id, exercise }, teacher,
 * pupil: { login, password, id, family_name } }, where homework and what it is
 * made of are ids.
 */

import { browser, check, day, endSession, everywhere, expect, folder, heading,
         input, logIn, logOut, picture, readable, same, step }
  from './page.mjs';

const TITLE = 'Marked';
const SECRET = 'zebrafinch';
const WORDS = `${SECRET} well done\nאבל יש עוד`;

const name = input.pupil.family_name;
const points = (page) => page.getByLabel('Points, of 14');
const comment = (page) => page.getByLabel('Comment');
const save = (page) => page.getByRole('button', { name: 'Save', exact: true });
const back = (page) => page.getByRole('button', { name: 'Save and return' });
const state = (page) => page.locator('.mark .state');
const says = (page, text) => state(page).getByText(text).waitFor();
const refused = (page) => page.locator('.mark [role=alert]');
const row = (page, who = name) => page.getByRole('row', { name: who });
const focused = (page) => page.evaluate('document.activeElement.textContent');
const at = (page) => page.evaluate('location.hash');
const pupilAt = (id) => `#/assess/${input.homework}/${id}`;
const PUT = '**/assessment';


/* As another teacher of the class, or another tab, does it. */
async function behind(context, method, path, data) {
  const { session } = await (await context.request.get(
    `${input.url}/v1/session`)).json();
  const answer = await context.request.fetch(
    `${input.url}/v1/homework/${input.homework}/pupils/${path}`, {
      method, data, headers: { 'X-Pupil-CSRF': session.csrf_token } });

  if (!answer.ok()) {
    throw new Error(`${path}: ${answer.status()}`);
  }

  return (await answer.json()).assessment;
}

const stored = (context, id = input.pupil.id) =>
  behind(context, 'GET', `${id}/assessment`);
const saves = (context, data, id = input.pupil.id) =>
  behind(context, 'PUT', `${id}/assessment`, data);


/* What the saves that follow are answered: by run, as often as it says. */
async function instead(page, run) {
  await page.route(PUT, (route) => (route.request().method() === 'PUT'
    ? run(route) : route.continue()));
}


/* No two links or buttons of a page say the same. */
async function apart(page, what) {
  const all = await page.locator('#view').locator('a, button').evaluateAll(
    (nodes) => nodes.filter((one) => one.offsetParent)
      .map((one) => one.getAttribute('aria-label') ?? one.textContent.trim()));

  check(`${what}: each link and button says another thing`,
        new Set(all).size === all.length, all.join('\n'));
}


/* What a screen reader is told of what is drawn: how many of each role. */
async function told(context, page) {
  const client = await context.newCDPSession(page);
  const { nodes } = await client.send('Accessibility.getFullAXTree');
  const count = {};

  for (const { ignored, role } of nodes) {
    if (!ignored) {
      count[role.value] = (count[role.value] ?? 0) + 1;
    }
  }

  return count;
}


/* ---- read ---- */

/* A day is over where the school is; until then what is due that day is not
   late, whatever the hour. */
async function ofToday(page) {
  const { id, exercise } = input.today;

  await step('handed in behind the hour, on the day: it is not late', page,
    async () => {
      await page.goto(`${input.url}/#/answers/${id}/${exercise}`);
      await row(page).getByText('In time').waitFor();
      same(await page.locator('.badge.late').allTextContents(), []);
      await page.goto(`${input.url}/#/assess/${id}/${input.pupil.id}`);
      await page.locator('.exercise').getByText('Handed in').waitFor();
      same(await page.locator('.badge.late').allTextContents(), []);
    });
}


async function byQuestion(context, page) {
  await page.goto(`${input.url}/`);
  await logIn(page, input.teacher);
  await page.getByRole('link', { name: TITLE }).click();
  await heading(page, TITLE).waitFor();
  await page.getByRole('link', { name: 'By question' }).click();
  await step('by question: a choice, and whose points it has', page,
    async () => {
      await row(page).getByText('Stockholm').waitFor();
      await row(page).getByText('4 of 4 points marked by the computer')
        .waitFor();
      await row(page).locator('.badge.late').getByText('Late').waitFor();
      await row(page).getByText('Not marked').waitFor();
      same(await at(page),
           `#/answers/${input.homework}/${input.exercises[0]}`);
      same(await focused(page), '1. Capital of Sweden?');
      same((await page.title()).includes('Sweden'), false);
    });
  await step('who has handed in nothing is there, too, behind', page,
    async () => {
      same(await page.locator('tbody th').first().textContent(),
           await row(page).getByRole('rowheader').textContent());
      same(await page.getByText('Nothing handed in').count() > 5, true);
      same((await row(page, 'Nothing handed in').first().textContent())
        .includes('Not marked'), true);
    });
  await step('a number, with its unit', page, async () => {
    await page.getByRole('link', { name: 'Next: question 2' }).click();
    await row(page).getByText('12.25 cm').waitFor();
    await row(page).getByText('0 of 2.5 points marked by the computer')
      .waitFor();
    same(await focused(page), '2. How long is it?');
  });
  await step('a text as it was written, in its own direction', page,
    async () => {
      await page.getByRole('link', { name: 'Next: question 3' }).click();
      const text = row(page).locator('.text');

      same(await text.textContent(),
           `${SECRET} <b>one</b>\nالسطر الثاني`);
      same(await text.getAttribute('dir'), 'auto');
      same(await page.locator('h2 [dir=auto]').evaluate((one) =>
        getComputedStyle(one).direction), 'rtl');
      await page.getByText('Write some lines.').waitFor();
    });
  await step('Back goes back, question by question', page, async () => {
    await page.goBack();
    await row(page).getByText('12.25 cm').waitFor();
    await page.goBack();
    await row(page).getByText('Stockholm').waitFor();
    await page.goBack();
    await heading(page, TITLE).waitFor();
    await page.goForward();
    await row(page).getByText('Stockholm').waitFor();
  });
  await apart(page, 'a question');
  await everywhere(page, 'question');
  await step('on a phone it is a table to who listens', page, async () => {
    const wide = await told(context, page);

    await page.setViewportSize({ width: 320, height: 640 });

    const { row: rows, rowheader, cell, table } = await told(context, page);
    const pupils = await page.locator('tbody tr').count();

    await page.setViewportSize({ width: 1280, height: 850 });
    /* whatever a browser makes of how it is drawn */
    same(await page.locator('#view').locator('table, thead, tbody, tr, th, td')
      .and(page.locator(':not([role])')).count(), 0);
    same([table, rows, rowheader, cell], [1, pupils, pupils, 3 * pupils]);
    same([wide.row, wide.columnheader], [pupils + 1, 4]);
  });
  await step('nobody has handed in: that is said', page, async () => {
    await page.goto(`${input.url}/#/homework/${input.empty}`);
    await heading(page, 'Of nobody').waitFor();
    await page.getByRole('link', { name: 'By question' }).click();
    await page.getByText('Nobody has handed this in yet.').waitFor();
  });
  await readable(page, 'answers of nobody');
}


/* A class of several requests, of which the second does not come. */
async function halves(page) {
  const first = row(page);

  await page.route('**/answers?exercise=*', async (route) => {
    if (route.request().url().includes('cursor=')) {
      await new Promise((resolve) => { setTimeout(resolve, 300); });
    }
    await route.continue();
  });
  await step('what is awaited is said meanwhile', page, async () => {
    await page.goto(`${input.url}/#/answers/${input.homework}/${
      input.exercises[3]}`);
    await page.getByText('Loading more …').waitFor();
    await first.waitFor();
    same(await page.getByText('Loading more …').count(), 0);
    same(await focused(page), '4. A page?');
  });
  await page.unroute('**/answers?exercise=*');
  await step('a link leads away, and says nothing of whence', page,
    async () => {
      const link = first.getByRole('link', { name: 'https://skola' });

      same([await link.getAttribute('href'), await link.getAttribute('rel')],
           ['https://skola/one?of=1', 'noopener noreferrer']);
    });
}


async function byPupil(page) {
  await step('by pupil: all that she has handed in', page, async () => {
    await row(page).getByRole('link', { name }).click();
    await page.getByRole('heading', { name, level: 2 }).waitFor();
    same(await at(page), pupilAt(input.pupil.id));
    same((await page.title()).includes(name), false);
    await page.getByText('Stockholm').waitFor();
    await page.getByText('12.25 cm').waitFor();
    await page.getByText('4 of 4 points marked by the computer').waitFor();
    same(await page.locator('section.exercise').count(), 4);
    same(await page.locator('section.exercise').nth(2).locator('.text')
      .last().getAttribute('dir'), 'auto');
    await says(page, 'Not marked yet.');
  });
  await apart(page, 'a pupil');
  await step('from pupil to pupil, and Back', page, async () => {
    const next = page.getByRole('link', { name: 'Next:' });
    const other = (await next.textContent()).replace('Next: ', '');
    const asked = [];

    page.on('request', (request) => request.url().includes('/progress')
      && asked.push(request.url()));
    await next.click();
    await page.getByRole('heading', { name: other, level: 2 }).waitFor();
    same(await focused(page), other);
    same(await page.getByText('Nothing handed in').count(), 4);
    await page.goBack();
    await page.getByRole('heading', { name, level: 2 }).waitFor();
    same(asked, []);                /* the list of all is not read again */
  });
  await step('a page loaded again is the same', page, async () => {
    await page.reload();
    await page.getByRole('heading', { name, level: 2 }).waitFor();
    await page.getByRole('link', { name: 'Next:' }).waitFor();
  });
  await everywhere(page, 'mark');
  expect(/404/);
  await step('who is not in the class is not there', page, async () => {
    await page.goto(`${input.url}/${pupilAt(crypto.randomUUID())}`);
    await heading(page, 'This is not there').waitFor();
  });
  expect();
  await page.goto(`${input.url}/${pupilAt(input.pupil.id)}`);
  await page.getByRole('heading', { name, level: 2 }).waitFor();
}


/* ---- mark ---- */

/* What is wrong is said at its field, which has the focus. */
async function wrong(page) {
  const at = (text) => page.locator('.field').filter({ hasText: text })
    .locator('[aria-invalid]:focus').waitFor();

  await step('nothing is no mark', page, async () => {
    await save(page).click();
    await at('Give points, or write something.');
  });
  for (const [text, said] of [['many', 'Write a number in digits'],
    ['14.5', 'There are no more than 14.'], ['-1', 'This is too little.'],
    ['1.1234567', 'Write a number in digits']])
  {
    await step(`points that are ${text}`, page, async () => {
      await points(page).fill(text);
      await page.keyboard.press('Enter');
      await at(said);
      same(await points(page).inputValue(), text);
    });
  }
  await points(page).fill('');
  await step('a comment that is too long says by how much', page, async () => {
    await comment(page).fill('å'.repeat(4001));
    await page.keyboard.press('Control+Enter');
    await at('This is too long, by one character.');
    same((await comment(page).inputValue()).length, 4001);
  });
  expect(/422/);
  await step('what the gateway refuses is said there, too', page, async () => {
    await comment(page).fill(`${SECRET}\u0007`);
    await page.keyboard.press('Control+Enter');
    await at('a character that cannot be seen');
    same(await comment(page).inputValue(), `${SECRET}\u0007`);
    await says(page, 'Not saved yet.');
  });
  expect();
  await readable(page, 'what is wrong with a mark');
  await comment(page).fill('');
}


async function draft(context, page) {
  await step('what a machine gave is taken over by a teacher alone', page,
    async () => {
      same(await points(page).inputValue(), '');
      await page.locator('.found')
        .getByText('So far there are 4 points partly marked by the computer')
        .or(page.locator('.found')
          .getByText('So far there are 4 points marked by the computer'))
        .waitFor();
      await page.getByRole('button', { name: 'Write 4 points' }).click();
      same(await points(page).inputValue(), '4');
      same(await page.evaluate('document.activeElement.name'), 'points');
      await says(page, 'Not saved yet.');
    });
  await step('by the keyboard it is marked, and saved once', page, async () => {
    let count = 0, go;
    const held = new Promise((resolve) => { go = resolve; });

    await instead(page, async (route) => {
      count += 1;
      await held;
      await route.continue();
    });
    await points(page).focus();
    await page.keyboard.press('Control+A');
    await page.keyboard.type('7,5');
    while (await page.evaluate('document.activeElement.name') !== 'comment') {
      await page.keyboard.press('Tab');
    }
    await page.keyboard.insertText(WORDS);
    await page.keyboard.press('Control+Enter');
    await page.keyboard.press('Control+Enter');
    go();
    await says(page, 'Saved. The pupil does not see it yet.');
    same(await page.evaluate('document.activeElement.name'), 'comment');
    same(count, 1);
    same(await comment(page).getAttribute('dir'), 'auto');
    same(await state(page).getAttribute('role'), 'status');
    await page.unroute(PUT);

    const { points: given, comment: said, returned_at: when }
      = await stored(context);

    same([given, said, when], [7.5, WORDS, null]);
  });
  await step('a page loaded again has it', page, async () => {
    await page.reload();
    await says(page, 'Saved. The pupil does not see it yet.');
    same([await points(page).inputValue(), await comment(page).inputValue()],
         ['7.5', WORDS]);
  });
  await step('what is as it was saved is not unsaved', page, async () => {
    await points(page).fill('8');
    await says(page, 'Not saved yet.');
    await points(page).fill('7.5');
    await says(page, 'Saved. The pupil does not see it yet.');
  });
}


/* Before it is returned a pupil sees nothing of it. */
async function nothing(page) {
  await page.goto(`${input.url}/`);
  await logIn(page, input.pupil);
  await page.getByRole('link', { name: 'Done' }).click();
  await page.getByRole('link', { name: TITLE }).click();
  await heading(page, TITLE).waitFor();
  await step('a pupil sees no draft', page, async () => {
    same(await heading(page, 'From your teacher').count(), 0);
    same((await page.content()).includes('well done'), false);
  });
}


/* ---- nothing typed is lost ---- */

async function whole(page, [given, said]) {
  await says(page, 'Not saved yet.');
  same([await points(page).inputValue(), await comment(page).inputValue()],
       [given, said]);
}


async function kept(context, page) {
  const text = `${SECRET} half`;

  await points(page).fill('9');
  await comment(page).fill(text);
  await step('another language takes nothing away', page, async () => {
    await page.getByRole('button', { name: 'Svenska' }).click();
    await page.getByLabel('Kommentar').waitFor();
    same(await page.getByLabel('Kommentar').inputValue(), text);
    await page.getByRole('button', { name: 'English' }).click();
    await comment(page).waitFor();
    await whole(page, ['9', text]);
  });
  await step('nor another page, which says that it is not saved', page,
    async () => {
      await page.getByRole('link', { name: 'By question' }).click();
      await row(page).getByText('Not saved').waitFor();
      await row(page).getByRole('link', { name }).click();
      await whole(page, ['9', text]);
    });
  expect(/401/);
  await step('nor a session that ends', page, async () => {
    await endSession(context);
    await save(page).click();
    await page.getByText('nothing that you wrote is lost').waitFor();
    same((await page.content()).includes(SECRET), false);
    await logIn(page, input.teacher);
    await comment(page).waitFor();
    await whole(page, ['9', text]);
  });
  expect(/ERR_|Failed to load/);
  await step('nor a connection that is gone', page, async () => {
    await context.setOffline(true);
    await save(page).click();
    await refused(page).getByText('No connection. Try again in a moment. What'
      + ' you wrote is still here, and not saved.').waitFor();
    await whole(page, ['9', text]);
    await context.setOffline(false);
  });
  await readable(page, 'a mark that is not saved');
  await step('an answer that is lost is no conflict', page, async () => {
    await instead(page, async (route) => {
      await route.fetch();
      await route.abort();
    });
    await save(page).click();
    await refused(page).getByText('No connection').waitFor();
    await page.unroute(PUT);
    same((await stored(context)).points, 9);
    await points(page).fill('9.5');
    await save(page).click();
    await says(page, 'Saved. The pupil does not see it yet.');
    same(await refused(page).isHidden(), true);
    same((await stored(context)).points, 9.5);
  });
  await step('what is saved takes nothing away that was typed since', page,
    async () => {
      let come;
      const wanted = new Promise((resolve) => { come = resolve; });

      await instead(page, async (route) => {
        await wanted;
        await route.continue();
      });
      await comment(page).fill(`${text} 1`);
      await save(page).click();
      await says(page, 'Saving …');
      await page.getByRole('link', { name: 'By question' }).click();
      await row(page).getByRole('link', { name }).click();
      await comment(page).fill(`${text} 2`);

      const answer = page.waitForResponse((one) =>
        one.request().method() === 'PUT');

      come();
      await (await answer).finished();
      await page.unroute(PUT);
      await page.getByRole('link', { name: 'By question' }).click();
      await row(page).getByText('Not saved').waitFor();
      await row(page).getByRole('link', { name }).click();
      await whole(page, ['9.5', `${text} 2`]);
      await comment(page).fill(text);
      await save(page).click();
      await says(page, 'Saved. The pupil does not see it yet.');
      same((await stored(context)).comment, text);
    });
  expect();
}


async function meanwhile(page) {
  await step('what is typed while it is saved stays', page, async () => {
    let go;
    const held = new Promise((resolve) => { go = resolve; });

    await instead(page, async (route) => {
      await held;
      await route.continue();
    });
    await points(page).fill('10');
    await save(page).click();
    await says(page, 'Saving …');
    await comment(page).fill(`${SECRET} and on`);
    go();
    await page.waitForResponse(PUT);
    await whole(page, ['10', `${SECRET} and on`]);
    await page.unroute(PUT);
    await save(page).click();
    await says(page, 'Saved. The pupil does not see it yet.');
  });
  for (const [status, slug, said] of [
    [403, 'not-granted', 'You may not do this.'],
    [403, 'restricted', 'This is locked. Ask your school.'],
    [404, 'not-found', 'This is not there, or not yours any more.'],
    [503, 'unavailable', 'The school is not there just now.'],
    [500, 'internal', 'That did not work.']])
  {
    expect(new RegExp(status));
    await step(`${status} ${slug} is said in words`, page, async () => {
      await instead(page, (route) => route.fulfill({ status,
        contentType: 'application/problem+json', body: JSON.stringify({
          type: `urn:pupil:problem:${slug}`, title: slug, status }) }));
      await comment(page).fill(`${SECRET} ${slug}`);
      await save(page).click();
      await refused(page).getByText(said).waitFor();
      await whole(page, ['10', `${SECRET} ${slug}`]);
      await page.unroute(PUT);
    });
    expect();
  }
  expect(/ERR_|Failed to load/);
  await step('what fails when one has gone on is said, and kept', page,
    async () => {
      let go;
      const held = new Promise((resolve) => { go = resolve; });

      await instead(page, async (route) => {
        await held;
        await route.abort();
      });
      await comment(page).fill(`${SECRET} gone on`);
      await save(page).click();
      await page.getByRole('link', { name: 'Next:' }).click();
      await says(page, 'Not marked yet.');
      go();
      await page.locator('#message').getByText('is not saved: No connection.')
        .waitFor();
      await page.unroute(PUT);
      await page.goBack();
      await page.getByRole('heading', { name, level: 2 }).waitFor();
      await whole(page, ['10', `${SECRET} gone on`]);
    });
  expect();
}


async function conflict(context, page) {
  const theirs = 'From somebody else';

  expect(/409/);
  await step('what somebody else has saved is shown, and nothing lost', page,
    async () => {
      await saves(context, { points: 3, comment: theirs });
      await points(page).fill('11');
      await save(page).click();
      await refused(page).getByText('Somebody else has marked this meanwhile.')
        .waitFor();
      await page.locator('.theirs').getByText('3 of 14 points').waitFor();
      await page.locator('.theirs').getByText(theirs).waitFor();
      await whole(page, ['11', `${SECRET} gone on`]);
      same((await stored(context)).comment, theirs);
    });
  expect();
  await readable(page, 'a conflict');
  await picture(page, 'conflict');
  await step('whoever has seen it may take its place', page, async () => {
    await save(page).click();
    await says(page, 'Saved. The pupil does not see it yet.');
    same(await page.locator('.theirs').count(), 0);
    same((await stored(context)).points, 11);
  });
  await step('or take theirs', page, async () => {
    await saves(context, { points: 2, comment: theirs });
    await points(page).fill('12');
    expect(/409/);
    await save(page).click();
    await page.getByRole('button', { name: 'Take theirs' }).click();
    expect();
    await says(page, 'Saved. The pupil does not see it yet.');
    same([await points(page).inputValue(), await comment(page).inputValue(),
          await page.evaluate('document.activeElement.name')],
         ['2', theirs, 'comment']);
  });
  await step('a form drawn anew tells of it at once', page, async () => {
    await comment(page).fill(`${SECRET} mine`);
    await saves(context, { points: 1, comment: theirs });
    await page.getByRole('link', { name: 'By question' }).click();
    await row(page).getByRole('link', { name }).click();
    await page.locator('.theirs').getByText('1 of 14 points').waitFor();
    await whole(page, ['2', `${SECRET} mine`]);
    await save(page).click();
    await says(page, 'Saved. The pupil does not see it yet.');
  });
}


/* Where nothing was saved when the form was shown. */
async function first(context, page) {
  const next = page.getByRole('link', { name: 'Next:' });

  await next.click();
  await says(page, 'Not marked yet.');
  const id = (await at(page)).split('/').pop();

  expect(/409/);
  await step('nor is a first mark of somebody else overwritten', page,
    async () => {
      await instead(page, async (route) => {
        await saves(context, { comment: 'The first' }, id);
        await route.continue();
      });
      await comment(page).fill(`${SECRET} second`);
      await save(page).click();
      await page.locator('.theirs').getByText('The first').waitFor();
      await page.unroute(PUT);
      await page.getByRole('button', { name: 'Take theirs' }).click();
      same((await stored(context, id)).comment, 'The first');
    });
  expect();
  await page.goBack();
  await page.getByRole('heading', { name, level: 2 }).waitFor();
}


/* ---- return ---- */

async function returns(context, page) {
  await step('it is returned by the keyboard, and saved before', page,
    async () => {
      await points(page).fill('12.5');
      await comment(page).fill(WORDS);
      await page.keyboard.press('Tab');
      await page.keyboard.press('Tab');
      same(await focused(page), 'Save and return');
      await page.keyboard.press('Enter');
      await says(page, /Returned today .*\. The pupil sees it\./);
      same((await focused(page)).startsWith('Go on to'), true);
      same(await back(page).isHidden(), true);

      const { points: given, returned_at: when } = await stored(context);

      same([given, typeof when], [12.5, 'string']);
    });
  await step('and is shown as returned, also in the list', page, async () => {
    await page.reload();
    await says(page, /Returned today/);
    await page.getByRole('link', { name: 'By question' }).click();
    await row(page).getByText('Returned').waitFor();
    await row(page).getByText('12.5 of 14 points').waitFor();
    await page.getByText('Saved, not returned').waitFor();
  });
  await picture(page, 'returned');
  await step('on paper there is what was handed in, and no button', page,
    async () => {
      await page.emulateMedia({ media: 'print' });
      await row(page).getByText('Stockholm').waitFor();
      for (const one of ['header', 'footer', '.steps', '.ways-of']) {
        same(await page.locator(one).isHidden(), true);
      }
      await page.screenshot({ path: `${folder}/paper-question.png`,
                              fullPage: true });
      await row(page).getByRole('link', { name })
        .evaluate((link) => link.click());
      await comment(page).waitFor();
      same(await save(page).isHidden(), true);
      await page.screenshot({ path: `${folder}/paper-pupil.png`,
                              fullPage: true });
      await page.emulateMedia({ media: null });
    });
}


async function feedback(page) {
  const said = page.getByRole('region', { name: 'From your teacher' });

  await step('the pupil sees points, words, and when', page, async () => {
    await page.reload();
    await said.getByText('12.5 of 14 points given by your teacher').waitFor();
    await said.getByText(/Returned today/).waitFor();
    same(await said.locator('.text').textContent(), WORDS);
    same(await said.locator('.text').getAttribute('dir'), 'auto');
  });
  await everywhere(page, 'feedback');
  await step('and that the category is theirs to see', page, async () => {
    await page.getByRole('link', { name: 'About me' }).click();
    await heading(page, 'marks and comments').waitFor();
    await page.getByText('Comment', { exact: true }).waitFor();
  });
}


async function afterwards(page, pupil) {
  await step('what is changed afterwards shows at once', page, async () => {
    await comment(page).fill('Changed my mind');
    await page.keyboard.press('Control+Enter');
    await says(page, /Returned today/);
    await pupil.goBack();
    await pupil.getByText('Changed my mind').waitFor();
  });
  expect(/403/);
  await step('a school without marks has homework all the same', pupil,
    async () => {
      await pupil.route(PUT, (route) => route.fulfill({ status: 403,
        contentType: 'application/problem+json', body: JSON.stringify({
          type: 'urn:pupil:problem:not-granted', title: 'x', status: 403 }) }));
      await pupil.reload();
      await heading(pupil, TITLE).waitFor();
      same(await heading(pupil, 'From your teacher').count(), 0);
      await pupil.unroute(PUT);
    });
  expect();
  await step('who logs out is asked, and then it is gone', page, async () => {
    await comment(page).fill(`${SECRET} last`);
    await says(page, 'Not saved yet.');
    await page.locator('#logout').click();
    await page.getByText('What you have written of one pupil is not saved')
      .waitFor();
    await page.getByRole('dialog').getByRole('button', { name: 'Log out' })
      .click();
    await heading(page, 'Log in').waitFor();
    same((await page.content()).includes(name), false);
    await logIn(page, input.teacher);
    await heading(page, 'Homework of my classes').waitFor();
    await page.goto(`${input.url}/${pupilAt(input.pupil.id)}`);
    await says(page, /Returned today/);
    same(await comment(page).inputValue(), 'Changed my mind');
  });
}


const teacher = await browser('teacher');
const pupil = await browser('pupil');

await day(teacher, pupil, async () => {
  await byQuestion(teacher.context, teacher.page);
  await halves(teacher.page);
  await byPupil(teacher.page);
  await wrong(teacher.page);
  await draft(teacher.context, teacher.page);
  await nothing(pupil.page);
  await kept(teacher.context, teacher.page);
  await meanwhile(teacher.page);
  await conflict(teacher.context, teacher.page);
  await first(teacher.context, teacher.page);
  await returns(teacher.context, teacher.page);
  await feedback(pupil.page);
  await afterwards(teacher.page, pupil.page);
  await ofToday(teacher.page);
  await logOut(teacher.page);
});
