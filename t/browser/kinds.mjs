/*
 * Copyright (C) the Pupil authors
 *
 * Exercises of each kind and a year's homework, in a real browser.  Called by
 * t/browser-kinds.t:
 *
 *     node kinds.mjs FOLDER <JSON
 *
 * with { url, class_id, old, due, teacher, pupil: { login, password, id } };
 * due: when 2031-06-01T23:59 is at the school.
 */

import { browser, check, dark, day, endSession, everywhere, expect, heading,
         input, LANGUAGES, logIn, logOut, picture, readable, same, spoken,
         step } from './page.mjs';

const TITLE = 'Of each kind';
const SECRET = 'zebrafinch';
const MOST = 256 * 1024;            /* bytes of a request */

/* At the school it is noon; on the pupil's device it is evening, and what is due
   in six hours is due on another day. */
const behind = (new Date().getUTCHours() - 20 + 36) % 24 - 12;
const timezoneId = `Etc/GMT${behind < 0 ? '' : '+'}${behind}`;

const card = (page, n) => page.getByRole('group', { name: `Exercise ${n}` });
const kind = (page, n, name) =>
  card(page, n).getByLabel('Answer', { exact: true }).selectOption(name);
const form = (page, name) => page.locator('form.exercise')
  .filter({ hasText: name });
const state = (page, name) => form(page, name).locator('.state');
const handIn = (page, name) => form(page, name).getByRole('button').click();
const stored = (page, name) =>
  state(page, name).getByText('Handed in', { exact: true }).waitFor();


/* ---- a year ---- */

async function year(page) {
  await page.goto(`${input.url}/`);
  await logIn(page, input.pupil);
  await step('what is due today is first, however much was before', page,
    async () => {
      await heading(page, 'Late').waitFor();
      same(await page.locator('#view h3').evaluateAll((all) => all
        .map((one) => one.textContent).filter((one) => one !== 'This week')),
           ['Today', 'Late', 'Later']);
      same(await page.locator('section').first().locator('h4')
        .allTextContents(), ['Of today']);
    });
  await step('of what is late the newest, and the rest when asked for', page,
    async () => {
      const late = page.locator('section')
        .filter({ has: heading(page, 'Late') });

      same(await late.locator('h4').allTextContents(),
           [...Array(10).keys()].map((n) => `Old ${n + 1}`));
      await late.getByRole('button', { name: `Show ${input.old - 10} more` })
        .click();
      same(await late.locator('h4').count(), input.old);
      same(await page.evaluate('document.activeElement.textContent'), 'Old 11');
    });
  await page.reload();
  await heading(page, 'Late').waitFor();
  await everywhere(page, 'year');
}


/* ---- the editor ---- */

/* A year that has five digits is said where it is, whatever browser lets it be
   written. */
async function years(page, name) {
  const due = page.getByLabel('Due on');
  const says = (text) => page.locator('.field').filter({ has: due })
    .locator('.wrong').getByText(text).waitFor();

  await step(`a year of five digits is said: ${name}`, page, async () => {
    await due.fill('12026-05-01');
    await page.getByRole('button', { name }).click();
    await says('Write the year in four digits.');
    await due.evaluate((control) => control.removeAttribute('max'));
    await page.getByRole('button', { name }).click();
    await says('This does not look right.');
    await due.fill('2031-06-01');
  });
}


async function write(page) {
  await page.goto(`${input.url}/`);
  await logIn(page, input.teacher);
  await page.getByRole('link', { name: 'Give homework' }).click();
  await page.getByLabel('Class').selectOption(input.class_id);
  await step('what was missing is not, once it is written', page, async () => {
    const missing = page.getByText('This is missing.');

    await page.getByRole('button', { name: 'Give homework' }).click();
    await missing.waitFor();
    await page.getByLabel('Title').fill(TITLE);
    await missing.waitFor({ state: 'hidden' });
  });
  await card(page, 1).getByLabel('Question').fill('Capital of Sweden?');
  await years(page, 'Give homework');
  await step('Enter gives nothing to a class', page, async () => {
    await card(page, 1).getByLabel('Question').fill('Capital of Sweden?');
    await kind(page, 1, 'choice');
    await card(page, 1).getByLabel('Option 1', { exact: true }).fill('Oslo');
    await card(page, 1).getByLabel('Option 2', { exact: true }).fill('Åbo');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Enter');
    await page.keyboard.type('Stockholm');
    await page.keyboard.press('Enter');
    await heading(page, 'Give homework').waitFor();
    same(await card(page, 1).getByLabel('Option 3', { exact: true })
      .inputValue(), 'Stockholm');
  });
  await step('a kind that is looked at takes nothing away', page, async () => {
    await kind(page, 1, 'number');
    await card(page, 1).getByLabel('Right answer').waitFor();
    await kind(page, 1, 'choice');
    same(await card(page, 1).getByLabel('Option 2', { exact: true })
      .inputValue(), 'Åbo');
    await card(page, 1).getByLabel('Points').fill('2');
    await card(page, 1).getByLabel('Right: option 3').check();
  });
  for (const [n, name, question, points] of [
    [2, 'choice', 'Which are primes?', '2.5'],
    [3, 'number', 'How long is it?', '4'], [4, 'text', 'A word?', '1'],
    [5, 'essay', 'Your day?', '10'], [6, 'link', 'A page?', '1'],
    [7, 'text', 'Too many', '1']])
  {
    await page.getByRole('button', { name: 'Add an exercise' }).click();
    await page.keyboard.type(question);
    await kind(page, n, name);
    await card(page, n).getByLabel('Points').fill(points);
  }
  await step('one that is removed is gone, if that is meant', page,
    async () => {
      const box = page.getByRole('dialog');

      await card(page, 7).getByRole('button').click();
      await box.getByText('What you have written there will be lost.')
        .waitFor();
      await box.getByRole('button', { name: 'Cancel' }).click();
      same(await card(page, 7).getByLabel('Question').inputValue(), 'Too many');
      await card(page, 7).getByRole('button').click();
      await box.getByRole('button', { name: 'Remove' }).click();
      await card(page, 7).waitFor({ state: 'detached' });
      await page.getByRole('button', { name: 'Add an exercise' }).click();
      await card(page, 7).getByRole('button').click();
      await card(page, 7).waitFor({ state: 'detached' });
    });
  await card(page, 2).getByRole('button', { name: 'Add an option' }).click();
  for (const [n, option] of ['2', '4', '5'].entries()) {
    await card(page, 2).getByLabel(`Option ${n + 1}`, { exact: true })
      .fill(option);
  }
  await card(page, 2).getByLabel('Right: option 1').check();
  await card(page, 2).getByLabel('Right: option 3').check();
  await card(page, 5).getByLabel('More about it').fill('In\nfour lines.');
}


/* Each said at its field, which has the focus. */
async function refused(page) {
  const given = page.getByRole('button', { name: 'Give homework' });
  const says = async (text) => {
    await given.click();
    await page.locator('.field').filter({ hasText: text })
      .locator('[aria-invalid], input[type=checkbox]').first().waitFor();
    same(await page.evaluate(`document.activeElement.closest('.field')
      .querySelector('.wrong').textContent`), text);
  };

  await step('two right ones want that several may be chosen', page,
    async () => {
      await says('Only one is right, unless several may be chosen.');
      await card(page, 2).getByLabel('Several may be chosen').check();
    });
  await step('a number that is none is said before it is sent', page,
    async () => {
      await card(page, 3).getByLabel('Right answer').fill('1,234');
      await says('Write a number in digits alone, such as 12.5.');
      await card(page, 3).getByLabel('Right answer').fill('12.5');
      await card(page, 3).getByLabel('May be off by').fill('0,25');
      await card(page, 3).getByLabel('Unit').fill('cm');
    });
  expect(/422/);
  for (const [n, label, bad, good, text] of [
    [1, 'Option 2', 'Oslo', 'Åbo', 'This is there twice.'],
    [1, 'Points', '0', '2', 'This has to be more than nothing.'],
    [3, 'May be off by', '-1', '0.25', 'This is too little.'],
    [3, 'Unit', 'x'.repeat(21), 'cm', 'This is too long.'],
    [4, 'Question', 'x'.repeat(201), 'A word?', 'This is too long.']])
  {
    await step(`refused: ${label}, ${text}`, page, async () => {
      const control = card(page, n).getByLabel(label, { exact: true });

      await control.fill(bad);
      await says(text);
      await control.fill(good);
      await page.getByText(text).waitFor({ state: 'hidden' });
    });
  }
  expect();
}


/* Left by Back, and by Cancel. */
async function left(page) {
  const title = page.getByLabel('Title');
  const box = page.getByRole('dialog');
  const link = page.getByRole('link', { name: 'Give homework' });

  await step('Back leaves no preview over another page', page, async () => {
    await link.click();
    await title.fill(`${SECRET} left`);
    await page.getByRole('button', { name: 'Preview' }).click();
    await heading(page, 'Preview').waitFor();
    await page.goBack();
    await heading(page, 'Homework of my classes').waitFor();
    await box.waitFor({ state: 'detached' });
  });
  await step('who cancels is asked, and then it is gone', page, async () => {
    await link.click();
    same(await title.inputValue(), `${SECRET} left`);
    await page.getByRole('button', { name: 'Cancel' }).click();
    await box.getByText('is not given yet').waitFor();
    await box.getByRole('button', { name: 'Cancel' }).click();
    same(await title.inputValue(), `${SECRET} left`);
    await page.getByRole('button', { name: 'Cancel' }).click();
    await box.getByRole('button', { name: 'Throw away' }).click();
    await link.click();
    same(await title.inputValue(), '');
    await page.getByRole('button', { name: 'Cancel' }).click();
    await heading(page, 'Homework of my classes').waitFor();
  });
  await page.getByRole('link', { name: TITLE }).click();
  await page.getByRole('link', { name: 'Change' }).click();
  await years(page, 'Save');
  await page.getByRole('button', { name: 'Cancel' }).click();
  await box.getByRole('button', { name: 'Throw away' }).click();
  await page.getByRole('link', { name: 'Back to the list' }).click();
}


async function give(page) {
  await step('the preview is what pupils will see', page, async () => {
    await page.getByRole('button', { name: 'Preview' }).click();
    const box = page.getByRole('dialog');
    await box.getByRole('radio', { name: 'Stockholm' }).check();
    await box.getByRole('checkbox', { name: '5' }).check();
    await box.getByText('cm', { exact: true }).waitFor();
  });
  await readable(page, 'the preview');
  await picture(page, 'preview');
  await dark(page, 'preview');
  await page.getByRole('dialog').getByRole('button', { name: 'Close' }).click();
  await picture(page, 'editor');
  await dark(page, 'editor');
  await readable(page, 'the editor');
  await step('a double click gives it once', page, async () => {
    const bodies = [];

    page.on('request', (request) => request.method() === 'POST'
      && bodies.push(request.postDataJSON()));
    await page.getByRole('button', { name: 'Give homework' }).dblclick();
    await page.getByText(`“${TITLE}” is given.`).waitFor();
    same(await page.getByRole('row', { name: TITLE }).count(), 1);
    same([...new Set(bodies.map(({ id }) => id))].length, 1);
    same(bodies[0].exercises[2].key, { value: 12.5, tolerance: 0.25 });
    same(bodies[0].exercises[1].key, [0, 2]);
    same(bodies[0].due_at, input.due);
  });
  await left(page);
  await page.getByRole('link', { name: 'Give homework' }).click();
  await heading(page, 'Give homework').waitFor();
  for (const [code, language] of LANGUAGES) {
    await page.getByRole('button', { name: language }).click();
    await page.locator(`html[lang=${code}] .part`).waitFor();
    for (const name of ['essay', 'link', 'choice', 'number']) {
      await page.locator('.part select').selectOption(name);
      await spoken(page, `the editor of ${name}`, code);
    }
    await page.locator('.part select').selectOption('choice');
    await readable(page, `the editor in ${code}`, ['light']);
  }
}


/* What a teacher writes is not lost, nor left for anybody. */
async function unfinished(context, page) {
  const title = page.getByLabel('Title');
  const option = page.getByRole('group', { name: '2' }).locator('.row').nth(2);
  const whole = async () => same([await title.inputValue(),
    await option.getByRole('textbox').inputValue(),
    await option.getByRole('checkbox').isChecked()],
  [`${SECRET} half`, 'Three', true]);

  await page.reload();
  await title.fill(`${SECRET} half`);
  await page.getByRole('button', { name: 'Add an exercise' }).click();
  await kind(page, 2, 'choice');
  await page.getByRole('button', { name: 'Add an option' }).click();
  await option.getByRole('textbox').fill('Three');
  await option.getByRole('checkbox').check();
  await step('another language takes nothing away', page, async () => {
    await page.getByRole('button', { name: 'Svenska' }).click();
    await page.getByLabel('Rubrik').waitFor();
    await page.getByRole('button', { name: 'English' }).click();
    await title.waitFor();
    await whole();
  });
  await step('nor does a session that ends', page, async () => {
    expect(/401/);
    await endSession(context);
    await page.getByLabel('Due on').fill('2031-06-01');
    for (const [n, box] of (await page.locator('.part input').all()).entries())
    {
      if (await box.inputValue() === '') {
        await box.fill(`x ${n}`);
      }
    }
    await page.getByRole('button', { name: 'Give homework' }).click();
    await page.getByText('nothing that you wrote is lost').waitFor();
    same((await page.content()).includes(SECRET), false);
    await logIn(page, input.teacher);
    await heading(page, 'Give homework').waitFor();
    await whole();
    expect();
  });
  await step('who logs out is asked, and then it is gone', page, async () => {
    await page.locator('#logout').click();
    await page.getByText('is not given yet').waitFor();
    await page.getByRole('dialog').getByRole('button', { name: 'Log out' })
      .click();
    await logIn(page, input.teacher);
    await page.getByRole('link', { name: 'Give homework' }).click();
    same(await title.inputValue(), '');
    same(await page.locator('.part').count(), 1);
  });
}


/* ---- answers ---- */

async function answers(page) {
  await page.goto(`${input.url}/`);
  await logIn(page, input.pupil);
  await page.getByRole('link', { name: TITLE }).click();
  await heading(page, TITLE).waitFor();

  await step('nothing chosen is said where to choose', page, async () => {
    await handIn(page, 'Capital');
    await form(page, 'Capital').getByText('Choose something.').waitFor();
    same(await page.evaluate('document.activeElement.type'), 'radio');
  });
  await step('by the keyboard one is chosen, and scored', page, async () => {
    await page.keyboard.press('Space');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await stored(page, 'Capital');
    await form(page, 'Capital')
      .getByText('2 of 2 points marked by the computer').waitFor();
  });
  await step('several', page, async () => {
    await form(page, 'primes').getByRole('checkbox', { name: '2' }).check();
    await form(page, 'primes').getByRole('checkbox', { name: '4' }).check();
    await handIn(page, 'primes');
    await form(page, 'primes').getByText('0 of 2.5 points').waitFor();
    await form(page, 'primes').getByRole('checkbox', { name: '4' }).uncheck();
    await form(page, 'primes').getByRole('checkbox', { name: '5' }).check();
    await handIn(page, 'primes');
    await form(page, 'primes').getByText('2.5 of 2.5 points').waitFor();
  });
  await step('a number is written with a comma or a point', page, async () => {
    const number = form(page, 'How long').getByRole('textbox');

    same(await number.getAttribute('inputmode'), 'decimal');
    for (const bad of ['long', '1e3', '1,234']) {
      await number.fill(bad);
      await handIn(page, 'How long');
      await form(page, 'How long').getByText('Write a number in digits')
        .waitFor();
      same(await number.inputValue(), bad);
    }
    await number.fill('12,75');
    await handIn(page, 'How long');
    await form(page, 'How long').getByText('4 of 4 points').waitFor();
    await number.fill(',5');
    await form(page, 'How long').getByText('4 of 4 points')
      .waitFor({ state: 'hidden' });
    await handIn(page, 'How long');
    await form(page, 'How long').getByText('0 of 4 points').waitFor();
    await number.fill('12,75');
    await handIn(page, 'How long');
    await form(page, 'How long').getByText('4 of 4 points').waitFor();
  });
  await step('what is as it was handed in is no draft', page, async () => {
    const number = form(page, 'How long').getByRole('textbox');
    const word = form(page, 'A word').getByRole('textbox');

    await number.fill('12,7');
    await state(page, 'How long').getByText('Not handed in yet').waitFor();
    await number.fill('12,75');
    await stored(page, 'How long');
    await form(page, 'How long').getByText('4 of 4 points').waitFor();
    await word.fill(SECRET);
    await state(page, 'A word').getByText('Not handed in yet').waitFor();
    await word.fill('');
    same(await state(page, 'A word').textContent(), '');
  });
  await step('a line', page, async () => {
    await form(page, 'A word').getByRole('textbox').fill(`${SECRET} word`);
    await handIn(page, 'A word');
    await stored(page, 'A word');
    same(await form(page, 'A word').locator('.score').isHidden(), true);
  });
  await step('a link has https, and is whole', page, async () => {
    const link = form(page, 'A page').getByRole('textbox');

    for (const bad of ['http://a.example/', 'a.example',
      'https://me:pass@a.example/'])
    {
      await link.fill(bad);
      await handIn(page, 'A page');
      await form(page, 'A page').getByText('This has to be a whole address')
        .waitFor();
    }
    await link.fill('https://a.example/räka?of=1#two');
    await handIn(page, 'A page');
    await stored(page, 'A page');
  });
  await step('a text grows, and is never cut', page, async () => {
    const essay = form(page, 'Your day').getByRole('textbox');
    const low = (await essay.boundingBox()).height;

    await essay.fill(`${SECRET}\n`.repeat(12));
    if ((await essay.boundingBox()).height <= low) {
      throw new Error('it has not grown');
    }
    same(await form(page, 'Your day').locator('.count').isHidden(), true);
    await essay.fill('å'.repeat(25000));
    await form(page, 'Your day')
      .getByText('Room for about 4,999 more characters.').waitFor();
    await essay.fill('å'.repeat(30000));
    await form(page, 'Your day')
      .getByText('This is too long, by one character.').waitFor();
    await handIn(page, 'Your day');
    same((await essay.inputValue()).length, 30000);
    await essay.fill(`${SECRET}\n`.repeat(12));
    await handIn(page, 'Your day');
    await stored(page, 'Your day');
  });
  await step('where text is free a pupil reads what not to write', page,
    async () => {
      for (const [name, times] of [['A word', 1], ['Your day', 1],
        ['Capital', 0], ['How long', 0], ['A page', 0]])
      {
        same(await form(page, name).getByText('about health or family').count(),
             times);
      }
    });
  await everywhere(page, 'kinds');
  await page.reload();
  await step('a page loaded again has all of it', page, async () => {
    await page.getByText('6 of 6 done').waitFor();
    same([await form(page, 'Capital').getByLabel('Stockholm').isChecked(),
          await form(page, 'How long').getByRole('textbox').inputValue(),
          await form(page, 'A page').getByRole('textbox').inputValue(),
          (await form(page, 'Your day').getByRole('textbox').inputValue())
            .length],
         [true, '12.75', 'https://a.example/r%C3%A4ka?of=1#two', 12 * 11]);
    await form(page, 'How long').getByText('4 of 4 points').waitFor();
  });
  await step('what the gateway refuses is said at the field', page,
    async () => {
      const word = form(page, 'A word').getByRole('textbox');

      await word.fill(`${SECRET}\u0007`);
      await handIn(page, 'A word');
      await form(page, 'A word').getByText('a character that cannot be seen')
        .waitFor();
      same(await state(page, 'A word').textContent(),
           'Not handed in. Your text is still here.');
      await word.fill(`${SECRET} word`);
      await handIn(page, 'A word');
      await stored(page, 'A word');
    });
}


/* ---- a request is bounded ---- */

async function large(context, page) {
  const sizes = [];
  const text = `${SECRET} `.repeat(5200);       /* 57,200 bytes */

  page.on('request', (request) => request.method() === 'POST'
    && sizes.push(request.postDataBuffer().length));
  await page.getByRole('link', { name: 'Back to the list' }).click();
  await page.getByRole('link', { name: 'Essays' }).click();
  expect(/ERR_|Failed to load/);
  await step('six essays wait for a connection', page, async () => {
    await form(page, 'Essay 6').getByRole('textbox').waitFor();
    await context.setOffline(true);
    for (let n = 1; n <= 6; n++) {
      await form(page, `Essay ${n}`).getByRole('textbox').fill(text);
      await handIn(page, `Essay ${n}`);
    }
    await page.getByText('6 answers are on their way.').waitFor();
  });
  await step('and are stored by requests of 256 KiB at most', page,
    async () => {
      sizes.splice(0);
      await context.setOffline(false);
      for (let n = 1; n <= 6; n++) {
        await stored(page, `Essay ${n}`);
      }
      if (sizes.some((size) => size > MOST) || Math.max(...sizes) < MOST / 2) {
        throw new Error(String(sizes));
      }
    });
  expect();
}


/* ---- the teacher sees; the pupil leaves ---- */

async function seen(page) {
  await page.getByRole('button', { name: 'English' }).click();
  await page.getByRole('link', { name: 'Back to the list' }).click();
  await page.getByRole('link', { name: TITLE }).click();
  await step('the teacher sees whose points are a machine\'s', page, () =>
    page.getByRole('row').filter({ hasText: '6 of 6 done' })
      .getByText('8.5 points marked by the computer').waitFor());
  await page.locator('summary').click();
  await everywhere(page, 'class');
}


async function leaves(context, page) {
  await page.getByRole('link', { name: 'My results' }).click();
  await heading(page, 'My results').waitFor();
  await everywhere(page, 'points');
  await step('Back after a log-out elsewhere shows nothing', page, async () => {
    await page.getByRole('link', { name: 'Done' }).click();
    await page.getByRole('link', { name: TITLE }).click();
    await form(page, 'Your day').waitFor();
    await page.goto('about:blank');
    await endSession(context);
    expect(/401/);
    await page.goBack();
    await heading(page, 'Log in').waitFor();
    same((await page.content()).includes(SECRET), false);
    expect();
  });
  await step('nothing is left in storage', page, async () => {
    same(await page.evaluate(async () => ({
      local: Object.keys(localStorage), session: { ...sessionStorage },
      databases: await indexedDB.databases(), caches: await caches.keys(),
      cookies: document.cookie })),
         { local: ['language'], session: {}, databases: [], caches: [],
           cookies: '' });
  });
}


const teacher = await browser('teacher');
const pupil = await browser('pupil', 'en-GB', { timezoneId });

await day(teacher, pupil, async () => {
  await year(pupil.page);
  await logOut(pupil.page);
  await write(teacher.page);
  await refused(teacher.page);
  await give(teacher.page);
  await unfinished(teacher.context, teacher.page);
  await answers(pupil.page);
  await large(pupil.context, pupil.page);
  await seen(teacher.page);
  await leaves(pupil.context, pupil.page);
});
