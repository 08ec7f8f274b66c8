/*
 * Copyright (C) the Pupil authors
 *
 * A school day in a real browser.  Called by t/browser.t:
 *
 *     node school.mjs FOLDER <JSON
 *
 * with { url, class_id, teacher, pupil, other, admin, support, newcomer: {
 * login, password, id } } on standard input.  Screenshots go to FOLDER.
 */

import { writeFileSync } from 'node:fs';
import { ask, browser, check, day, endSession, everywhere, expect, folder,
         heading, input, logIn, logOut, picture, readable, spoken, step, totp }
  from './page.mjs';

const ANSWER = 'Bees tell each other the way by dancing.';
const LATE = 'Written while the session ended.';
const DRAFT = 'Not handed in yet.';
const TITLE = 'How bees talk';
const OWN = 'bees dance in the dark';
const OTHER = 'wasps do no such thing';

const item = (page, title = TITLE) =>
  page.getByRole('listitem').filter({ hasText: title });
const answer = (page, name) => page.getByRole('textbox', { name });
const state = (page, name) =>
  page.locator('form.exercise').filter({ hasText: name }).locator('.state');
const handIn = (page, name) => page.locator('form.exercise')
  .filter({ hasText: name }).getByRole('button').click();


async function teacherGives(page) {
  await page.goto(`${input.url}/`);
  await step('the log-in form', page, async () => {
    await heading(page, 'Log in').waitFor();
    if (await page.locator('#who, #menu').getByRole('link').count() > 0) {
      throw new Error('a menu before log-in');
    }
  });
  await readable(page, 'log-in');
  await picture(page, 'login');

  expect(/401/);
  await step('a wrong password is refused', page, async () => {
    await logIn(page, { ...input.teacher, password: 'wrong' });
    await page.getByText('do not open an account').waitFor();
  });
  expect();

  await step('the teacher logs in', page, async () => {
    await logIn(page, input.teacher);
    await heading(page, 'Homework of my classes').waitFor();
  });
  await step('sees at the field what is missing', page, async () => {
    await page.getByRole('link', { name: 'Give homework' }).click();
    await heading(page, 'Give homework').waitFor();
    await page.getByRole('button', { name: 'Give homework' }).click();
    await page.getByText('This is missing.').waitFor();
    if (await page.evaluate('document.activeElement.name') !== 'title') {
      throw new Error('the focus is elsewhere');
    }
  });
  await readable(page, 'the form of homework');
  await picture(page, 'give');
  await step('and gives homework, once', page, async () => {
    await page.getByLabel('Class').selectOption(input.class_id);
    await page.getByLabel('Title').fill(TITLE);
    await page.getByLabel('Text').fill('Watch the film, then answer.');
    await page.getByLabel('Due on').fill('2030-05-20');
    await ask(page, ['What do they dance?', 'Why?']);
    await page.getByRole('button', { name: 'Give homework' }).dblclick();
    await page.getByText(`“${TITLE}” is given.`).waitFor();
    await page.getByRole('row', { name: TITLE }).waitFor();
    if (await page.getByRole('row', { name: TITLE }).count() !== 1) {
      throw new Error('there it is twice');
    }
  });
  await readable(page, 'the teacher\'s page');
  await picture(page, 'teacher');
  await step('what is due today is given today', page, async () => {
    await page.getByRole('link', { name: 'Give homework' }).click();
    await page.getByLabel('Class').selectOption(input.class_id);
    await page.getByLabel('Title').fill('For today');
    await page.getByLabel('Due on').fill(
      await page.evaluate('new Date().toISOString().slice(0, 10)'));
    await ask(page, ['One']);
    await page.getByRole('button', { name: 'Give homework' }).click();
    await page.getByText('“For today” is given.').waitFor();
  });
  await step('it is changed', page, async () => {
    await page.getByRole('link', { name: 'For today' }).click();
    await page.getByRole('link', { name: 'Change' }).click();
    await page.getByLabel('Title').fill('For today, still');
    await page.getByRole('button', { name: 'Save' }).click();
    await heading(page, 'For today, still').waitFor();
    await page.getByText('Changed.').waitFor();
  });
  await step('Back goes back', page, async () => {
    await page.getByRole('link', { name: 'Back to the list' }).click();
    await heading(page, 'Homework of my classes').waitFor();
    await page.goBack();
    await heading(page, 'For today, still').waitFor();
    await page.goBack();
    await heading(page, 'Change “For today, still”').waitFor();
  });
}


async function pupilHandsIn(context, page) {
  await page.goto(`${input.url}/`);
  await step('the pupil logs in and sees it', page, async () => {
    await logIn(page, input.pupil);
    await heading(page, 'To do').waitFor();
    await item(page).getByText('0 of 2 done').waitFor();
    await page.getByRole('region').or(page.locator('section'))
      .filter({ has: heading(page, 'Today') })
      .getByText('For today, still').waitFor();
  });
  await readable(page, 'the pupil\'s page');
  await picture(page, 'pupil');
  await step('hands an answer in, and sees progress', page, async () => {
    await page.getByRole('link', { name: TITLE }).click();
    await heading(page, TITLE).waitFor();
    await answer(page, 'What do they dance?').fill(ANSWER);
    await handIn(page, 'What do they dance?');
    await state(page, 'What do they dance?').getByText('Handed in').waitFor();
    await page.getByText('1 of 2 done').waitFor();
  });
  await readable(page, 'a homework');
  await picture(page, 'homework');

  expect(/401/);
  await step('the session ends while the pupil writes', page, async () => {
    await answer(page, 'What do they dance?').fill(DRAFT);
    await answer(page, 'Why?').fill(LATE);
    await endSession(context);
    await handIn(page, 'Why?');
    await page.getByText('nothing that you wrote is lost').waitFor();
  });
  expect();
  check('and nothing of it is on the page',
        !(await page.content()).includes(ANSWER)
        && !(await page.content()).includes(TITLE));
  await picture(page, 'ended');
  await step('after log-in the answer is handed in', page, async () => {
    await logIn(page, input.pupil);
    await heading(page, TITLE).waitFor();
    await page.getByText('2 of 2 done').waitFor();

    const kept = await answer(page, 'Why?').inputValue();
    if (kept !== LATE) {
      throw new Error(`the field holds "${kept}"`);
    }
    if (await answer(page, 'What do they dance?').inputValue() !== DRAFT) {
      throw new Error('what was not handed in is not there');
    }
  });
  await step('a page loaded again shows what was stored', page, async () => {
    await page.reload();
    await page.getByText('2 of 2 done').waitFor();
    if (await answer(page, 'What do they dance?').inputValue() !== ANSWER) {
      throw new Error('the first answer is not there');
    }
  });
  await step('what is done is with what is done', page, async () => {
    await page.getByRole('link', { name: 'Done' }).click();
    await heading(page, 'Done').waitFor();
    await item(page).waitFor();
  });
  await step('the pupil logs out', page, () => logOut(page));
  check('and nothing is left in the page',
        !(await page.content()).includes(ANSWER));
}


async function overview(page) {
  await step('the teacher sees who is done', page, async () => {
    await page.goto(`${input.url}/`);
    await page.getByRole('link', { name: TITLE }).click();
    await page.getByRole('row').filter({ hasText: '2 of 2 done' }).waitFor();
  });
  check('with the name of the pupil', (await page.getByRole('row')
    .filter({ hasText: '2 of 2 done' }).textContent())
    .includes(input.pupil.family_name));
  await readable(page, 'the overview');
  await picture(page, 'overview');
  await step('and takes it back, knowing how many answered', page, async () => {
    await page.getByRole('button', { name: 'Take back' }).click();
    await page.getByText('One pupil has answered.').waitFor();
    await readable(page, 'the question');
    await page.getByRole('dialog').getByRole('button', { name: 'Cancel' })
      .click();
    await page.getByRole('button', { name: 'Take back' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Take back' })
      .click();
    await page.getByText('Taken back.').waitFor();
    await page.getByRole('row', { name: TITLE })
      .waitFor({ state: 'detached' });
  });
  await step('finds it among what was taken back', page, async () => {
    await page.getByRole('link', { name: 'Homework taken back' }).click();
    await heading(page, 'Homework taken back').waitFor();
    await page.getByRole('rowheader', { name: TITLE }).waitFor();
  });
  await everywhere(page, 'withdrawn');
  await step('and gives it again, with what was done', page, async () => {
    await page.getByRole('button', { name: `Give again: ${TITLE}` }).click();
    await page.getByText('Given again.').waitFor();
    await page.getByRole('row').filter({ hasText: '2 of 2 done' }).waitFor();
    await page.goto(`${input.url}/#/withdrawn`);
    await page.getByText('No homework was taken back').waitFor();
  });
}


/* What everybody may ask about themselves. */
async function own(page) {
  await step('a pupil sees what is stored', page, async () => {
    await logIn(page, input.pupil);
    await page.getByRole('link', { name: 'About me' }).click();
    await heading(page, 'About me').waitFor();
    await page.getByText(input.pupil.family_name, { exact: true }).waitFor();
  });
  await step('who brought it, and for how long it is kept', page, async () => {
    const names = page.getByRole('article').filter({ has:
      page.getByRole('heading', { name: 'name', exact: true }) });

    await names.getByText('the school’s system (sds)').waitFor();
    await names.getByText('Kept until 30 days at most after your account is gone'
      + ' for good. Then it is deleted.').waitFor();
  });
  await readable(page, 'about me');
  await picture(page, 'me');
  await step('and who looked', page, async () => {
    await page.getByRole('link', { name: 'Who looked' }).click();
    await heading(page, 'Who looked').waitFor();
    await page.getByText('Somebody else: teacher').first().waitFor();
  });
  await readable(page, 'who looked');
  await picture(page, 'looked');
  await step('and where they are logged in', page, async () => {
    await page.getByRole('link', { name: 'Where I am logged in' }).click();
    await heading(page, 'Here').waitFor();
  });
  await readable(page, 'sessions');
  for (const [code, name, todo] of [['sv', 'Svenska', 'Att göra'],
    ['da', 'Dansk', 'At lave'], ['en', 'English', 'To do']])
  {
    await step(`${name} is chosen`, page, async () => {
      await page.getByRole('button', { name }).click();
      await page.locator('#menu a').first().click();
      await heading(page, todo).waitFor();
    });
    for (const at of ['', 'done', 'results', 'me', 'notices', 'looked',
                      'sessions', 'password', 'codes', 'support'])
    {
      await page.goto(`${input.url}/#/${at}`);
      await page.locator('#view h2').waitFor();
      await spoken(page, `#/${at}`, code);
    }
  }
  await readable(page, 'the form of passwords');
  await logOut(page);
}


async function strangers(page) {
  await page.goto(`${input.url}/`);
  await step('another pupil sees none of it', page, async () => {
    await logIn(page, input.other);
    await heading(page, 'To do').waitFor();
    if (await page.getByText(TITLE).count() !== 0) {
      throw new Error('there it is');
    }
    await logOut(page);
  });
  await step('the administrator enrols a second factor', page, async () => {
    await logIn(page, input.admin);
    await heading(page, 'One more step').waitFor();
    await page.getByLabel('How').selectOption('token').catch(() => {});
    await page.getByLabel('Code', { exact: true }).fill(input.admin.token);
    await page.getByRole('button', { name: 'Next' }).click();
    await heading(page, 'Add your authenticator').waitFor();
  });
  await readable(page, 'the enrolment');
  await picture(page, 'enrol');
  await page.getByRole('img', { name: 'The key as a QR code' })
    .screenshot({ path: `${folder}/qr.png` });
  writeFileSync(`${folder}/qr.txt`, (await page.locator('.secret')
    .textContent()).replaceAll(' ', ''));
  expect(/401/);
  await step('a code that is wrong is said', page, async () => {
    await page.getByLabel('Code', { exact: true }).fill('000000');
    await page.getByRole('button', { name: 'Next' }).click();
    await page.getByText('This code is not the right one.').waitFor();
  });
  expect();
  const secret = await page.locator('.secret').textContent();

  await step('the right one shows codes of recovery, once', page, async () => {
    await page.getByLabel('Code', { exact: true }).fill(totp(secret));
    await page.getByRole('button', { name: 'Next' }).click();
    await heading(page, 'Your codes of recovery').waitFor();
    if (await page.locator('.secret li').count() !== 10) {
      throw new Error('there are not ten');
    }
    await page.getByRole('button', { name: 'I have kept them' }).click();
  });
  await step('the administrator looks a pupil up', page, async () => {
    await heading(page, 'Look something up').waitFor();
    await page.getByRole('combobox', { name: 'What' })
      .selectOption('identity');
    await page.getByLabel('Pseudonym of the person').fill(input.pupil.id);
    await page.getByRole('button', { name: 'Look something up' }).click();
    await page.getByText(input.pupil.family_name, { exact: true }).waitFor();
  });
  await readable(page, 'the administrator\'s page');
  await picture(page, 'admin');
  await step('new codes of recovery take the place of all', page, async () => {
    await page.getByRole('link', { name: 'About me' }).click();
    await page.getByRole('link', { name: 'Codes of recovery' }).click();
    await page.getByLabel('Present password').fill(input.admin.password);
    await page.getByLabel('Code of an authenticator')
      .fill(totp(secret, 1));
    await page.getByRole('button', { name: 'Make new ones' }).click();
    await page.getByText('The old ones are none any more.').waitFor();
    if (await page.locator('.secret li').count() !== 10) {
      throw new Error('there are not ten');
    }
  });
  await readable(page, 'new codes');
  await picture(page, 'codes');
  await logOut(page);
}


/* Somebody is let in by a code that is read out, and let out again. */
async function support(user, helper) {
  let code;

  await step('a pupil lets support in', user, async () => {
    await logIn(user, input.pupil);
    await user.getByRole('link', { name: 'About me' }).click();
    await user.getByRole('link', { name: 'Let support in' }).click();
    await user.getByRole('button', { name: 'Make a code' }).click();
    await user.getByText('Read this code out.').waitFor();
    code = await user.locator('.secret').textContent();
  });
  await readable(user, 'whom one lets in');
  await picture(user, 'support');
  await step('support sees what it is let see', helper, async () => {
    await helper.goto(`${input.url}/`);
    await logIn(helper, input.support);
    await helper.getByLabel('Code that was read out').fill(code);
    await helper.getByRole('button', { name: 'See their pages' }).click();
    await helper.getByText(input.pupil.family_name, { exact: true }).waitFor();
    await helper.getByText('You see this person’s pages until').waitFor();
  });
  await readable(helper, 'what support sees');
  await picture(helper, 'helper');
  await step('the pupil ends it', user, async () => {
    await user.reload();
    await heading(user, 'Support is let in').waitFor();
    await user.getByRole('button', { name: 'End it' }).click();
    await user.getByText('Support is let in no more.').waitFor();
  });
  expect(/404/);
  await step('and the code opens nothing more', helper, async () => {
    await helper.getByLabel('Code that was read out').fill(code);
    await helper.getByRole('button', { name: 'See their pages' }).click();
    await helper.getByText('not yours any more').waitFor();
    if (await helper.getByText(input.pupil.family_name).count() > 0) {
      throw new Error('there is the pupil');
    }
  });
  expect();
  await logOut(user);
  await logOut(helper);
}


/* Somebody with a first password, and a second thought. */
async function newcomer(page) {
  const { login, password } = input.newcomer;

  await step('a first password is to be changed', page, async () => {
    await logIn(page, input.newcomer);
    await heading(page, 'Choose a password').waitFor();
  });
  await readable(page, 'the page of passwords');
  await picture(page, 'password');

  expect(/422/);
  await step('a common one is refused, in words', page, async () => {
    await page.getByLabel('New password').fill('1q2w3e4r5t6y7u8i');
    await page.getByRole('button', { name: 'Set password' }).click();
    await page.getByText('Many people have this password.').waitFor();
  });
  expect();
  await step('one of their own opens the rest', page, async () => {
    await page.getByLabel('New password').fill(OWN);
    await page.getByRole('button', { name: 'Set password' }).click();
    await heading(page, 'To do').waitFor();
    await page.getByText('Your password is changed.').waitFor();
  });

  await step('and can be changed again', page, async () => {
    await page.getByRole('link', { name: 'About me' }).click();
    await page.getByRole('link', { name: 'Password' }).click();
    await heading(page, 'Choose a password').waitFor();
  });
  expect(/403/);
  await step('by whoever knows the present one', page, async () => {
    await page.getByLabel('Present password').fill(password);
    await page.getByLabel('New password').fill(OTHER);
    await page.getByRole('button', { name: 'Set password' }).click();
    await page.getByText('The present password is another one.').waitFor();
  });
  expect();
  await step('their own logs in', page, async () => {
    await logOut(page);
    await logIn(page, { login, password: OWN });
    await page.locator('#menu').waitFor();
    await logOut(page);
  });
}


const teacher = await browser('teacher');
const pupil = await browser('pupil');

await day(teacher, pupil, async () => {
  await teacherGives(teacher.page);
  await pupilHandsIn(pupil.context, pupil.page);
  await overview(teacher.page);
  await own(pupil.page);
  await strangers(pupil.page);
  await logOut(teacher.page);
  await support(pupil.page, teacher.page);
  await newcomer(pupil.page);
});
