/*
 * Copyright (C) the Pupil authors
 *
 * A teacher changes what is given and gives it to other classes, in a real
 * browser.  Called by t/browser-edit.t:
 *
 *     node edit.mjs FOLDER <JSON
 *
 * with { url, teacher, pupil: { login, password, id }, answer }; answer: what
 * the pupil hands in while the teacher is at it.
 */

import { browser, day, everywhere, expect, heading, input, logIn, readable,
  same, step } from './page.mjs';

const TITLE = 'To be changed';

const card = (page, n) => page.getByRole('group', { name: `Exercise ${n}` });
const focused = (page) => page.evaluate('document.activeElement.textContent');
const message = (page, text) => page.locator('#message').getByText(text)
  .waitFor();


/* By the pupil, whatever the page shows. */
const submit = (page, body) => page.evaluate(async (answer) => {
  const { session } = await (await fetch('/v1/session')).json();

  return (await fetch('/v1/progress', { method: 'POST',
    headers: { 'Content-Type': 'application/json',
               'X-Pupil-CSRF': session.csrf_token },
    body: JSON.stringify(answer) })).status;
}, body);


async function change(page) {
  await page.goto(`${input.url}/`);
  await logIn(page, input.teacher);
  await page.getByRole('link', { name: TITLE }).click();
  await page.getByRole('link', { name: 'Change', exact: true }).click();
  await heading(page, `Change “${TITLE}”`).waitFor();
  await everywhere(page, 'change');
  await step('what is given is there to be changed', page, async () => {
    same(await page.getByLabel('Question').evaluateAll((all) => all
      .map((one) => one.value)), ['Capital?', 'How heavy?', 'One too many',
                                  'From elsewhere']);
    same(await card(page, 1).getByLabel('Points').inputValue(), '2.5');
  });
  await step('what an answer to it is cannot be changed', page, async () => {
    same(await card(page, 1).getByLabel('Answer', { exact: true })
      .isDisabled(), true);
    same(await card(page, 1).getByLabel('Option 2', { exact: true })
      .isEditable(), false);
    same(await card(page, 1).getByLabel('Several may be chosen').isDisabled(),
         true);
    same(await card(page, 2).getByLabel('Unit').isEditable(), false);
    await card(page, 2).getByText('What is right stays as it was').waitFor();
  });
  await step('one is changed, one goes, one comes, by keyboard', page,
    async () => {
      await page.getByLabel('Title').fill('Changed');
      await card(page, 1).getByLabel('Question').focus();
      await page.keyboard.press('End');
      await page.keyboard.press('Backspace');
      await page.keyboard.type(' of Sweden?');
      await card(page, 3).getByRole('button', { name: 'Remove' }).focus();
      await page.keyboard.press('Enter');
      await page.getByRole('dialog').getByRole('button', { name: 'Remove' })
        .press('Enter');
      await card(page, 4).waitFor({ state: 'detached' });
      same(await page.evaluate('document.activeElement.value'),
           'From elsewhere');
      await page.getByRole('button', { name: 'Add an exercise' }).focus();
      await page.keyboard.press('Enter');
      await page.keyboard.type('Why?');
      await page.getByRole('button', { name: 'Save' }).press('Enter');
      await message(page, 'Changed.');
      same(await focused(page), 'Changed');
    });
}


/* Of another teacher of the class, whatever the page shows. */
const patch = (page, id, body) => page.evaluate(async ([path, sent]) => {
  const { session } = await (await fetch('/v1/session')).json();

  return (await fetch(path, { method: 'PATCH',
    headers: { 'Content-Type': 'application/json',
               'X-Pupil-CSRF': session.csrf_token },
    body: JSON.stringify(sent) })).status;
}, [`/v1/homework/${id}`, body]);


/* What is written and not saved yet. */
async function unsaved(page) {
  const title = page.getByLabel('Title');
  const dialog = page.getByRole('dialog');

  await page.getByRole('link', { name: 'Change', exact: true }).click();
  await title.fill('Half a ti');
  await card(page, 4).getByLabel('Question').fill('Why not?');
  await page.getByRole('button', { name: 'Add an exercise' }).click();
  await card(page, 5).getByLabel('Question').fill('One more');
  await step('it is there in another language', page, async () => {
    await page.getByRole('button', { name: 'Svenska' }).click();
    await heading(page, 'Ändra ”Changed”').waitFor();
    same(await page.getByLabel('Fråga').evaluateAll((all) => all
      .map((one) => one.value)), ['Capital of Sweden?', 'How heavy?',
                                  'From elsewhere', 'Why not?', 'One more']);
    await page.getByRole('button', { name: 'English' }).click();
    same(await title.inputValue(), 'Half a ti');
  });
  await step('and after the session has ended', page, async () => {
    expect(/401/);
    await page.context().clearCookies();
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByLabel('Password').waitFor();
    expect();
    await logIn(page, input.teacher);
    await title.waitFor();
    same([await title.inputValue(),
          await card(page, 5).getByLabel('Question').inputValue()],
         ['Half a ti', 'One more']);
  });
  await step('nobody leaves it by accident', page, async () => {
    await page.getByRole('button', { name: 'Cancel' }).click();
    await dialog.getByText('is not given yet or not saved').waitFor();
    await dialog.getByRole('button', { name: 'Cancel' }).click();
    same(await title.inputValue(), 'Half a ti');
  });
  await step("a colleague's change is said, and not put back", page,
    async () => {
      same(await patch(page, input.id, { title: 'By a colleague' }), 200);
      expect(/409/);
      await page.getByRole('button', { name: 'Save' }).click();
      await dialog.getByText('A colleague has changed this homework')
        .waitFor();
      await readable(page, 'theirs');
      await dialog.getByRole('button', { name: 'Cancel' }).click();
      same(await title.inputValue(), 'Half a ti');
      await page.getByRole('button', { name: 'Cancel' }).click();
      await dialog.getByRole('button', { name: 'Throw away' }).click();
      await heading(page, 'By a colleague').waitFor();
      expect();
    });
  await step('whoever wants it replaces it', page, async () => {
    await page.getByRole('link', { name: 'Change', exact: true }).click();
    await title.waitFor();
    same(await patch(page, input.id, { description: 'Theirs' }), 200);
    await title.fill('Changed');
    expect(/409/);
    await page.getByRole('button', { name: 'Save' }).click();
    await dialog.getByRole('button', { name: 'Save' }).click();
    await message(page, 'Changed.');
    expect();
    same(await page.getByText('Theirs').count(), 0);
  });
  await step('what was saved and not answered is no change of theirs', page,
    async () => {
      await page.getByRole('link', { name: 'Change', exact: true }).click();
      await card(page, 4).getByLabel('Question').fill('Why?!');
      await page.getByRole('button', { name: 'Add an exercise' }).click();
      await card(page, 5).getByLabel('Question').fill('More');
      expect(/ERR_FAILED|409/);
      await page.route('**/v1/homework/*', async (route) => {
        if (route.request().method() === 'PATCH') {
          await route.fetch();
          await route.abort();
        } else {
          await route.fallback();
        }
      });
      await page.getByRole('button', { name: 'Save' }).click();
      await message(page, 'No connection');
      await page.unroute('**/v1/homework/*');
      await page.getByRole('button', { name: 'Save' }).click();
      await message(page, 'Changed.');
      expect();
      await page.getByRole('link', { name: 'Change', exact: true }).click();
      await card(page, 5).getByRole('button', { name: 'Remove' }).click();
      await dialog.getByRole('button', { name: 'Remove' }).click();
      await card(page, 4).getByLabel('Question').fill('Why?');
      await page.getByRole('button', { name: 'Save' }).click();
      await message(page, 'Changed.');
    });
}


/* The page stands open meanwhile. */
async function late(page, pupil) {
  await page.getByRole('link', { name: 'Change', exact: true }).click();
  await heading(page, 'Change “Changed”').waitFor();
  await pupil.goto(`${input.url}/`);
  await logIn(pupil, input.pupil);
  await pupil.getByRole('button', { name: 'Log out', exact: true }).waitFor();
  await step('somebody answers meanwhile: that is said', page, async () => {
    same(await submit(pupil, input.answer), 201);
    expect(/409/);
    await card(page, 1).getByLabel('Question').fill('Too late');
    await page.getByRole('button', { name: 'Save' }).click();
    await message(page, 'Somebody has answered');
    expect();
  });
  await step('and what else is on the page can be saved', page, async () => {
    same(await page.getByLabel('Question').count(), 0);
    await page.getByLabel('Text').fill('Read this.');
    await page.getByRole('button', { name: 'Save' }).click();
    await message(page, 'Changed.');
  });
  await page.getByRole('link', { name: 'Change', exact: true }).click();
  await step('then all else can be changed', page, async () => {
    await page.getByText('the exercises stay as they are').waitFor();
    same(await page.getByLabel('Question').count(), 0);
    await page.getByLabel('Text').fill('Read it.');
    await page.getByRole('button', { name: 'Save' }).click();
    await message(page, 'Changed.');
  });
}


async function copy(page) {
  const give = page.getByRole('button', { name: 'Give homework' });
  const classes = page.getByRole('group', { name: 'My classes' })
    .getByRole('checkbox');

  await page.getByRole('link', { name: 'Give to other classes' }).click();
  await heading(page, 'Give “Changed” to other classes').waitFor();
  await everywhere(page, 'copy');
  await step('without a class nothing is given', page, async () => {
    await give.click();
    await page.getByText('Choose something.').waitFor();
    same(await classes.first().evaluate((one) =>
      one === document.activeElement), true);
  });
  await step('to two classes at once, by keyboard, each once', page,
    async () => {
      await page.keyboard.press('Space');
      await page.keyboard.press('Tab');
      await page.keyboard.press('Space');
      same([await classes.nth(0).isChecked(), await classes.nth(1).isChecked()],
           [true, true]);
      await give.dblclick();
      await message(page, 'Given to 2 classes.');
      same(await focused(page), 'Changed');
    });
}


const teacher = await browser('teacher');
const pupil = await browser('pupil');

await day(teacher, pupil, async () => {
  await change(teacher.page);
  await unsaved(teacher.page);
  await late(teacher.page, pupil.page);
  await copy(teacher.page);
});
