/*
 * Copyright (C) the Pupil authors
 *
 * What failed, in words for people: by what kind of problem it is, and at the
 * field that it is of.  The gateway says field and rule, and never a value.
 */

import { lasting, say, wrong } from './dom.js';
import { t } from './words.js';


const has = (key) => t(key) !== key;

/* fault: a Failure, or a result of a submission with its problem. */
export function words(fault) {
  const slug = fault.slug
    ?? (fault.problem?.type ?? fault.status ?? '').split(':').pop();
  const rule = fault.rule ?? fault.problem?.errors?.[0]?.rule;

  if (fault.kind === 'away') {
    return t('away');
  }
  if (rule && has(`rule.${rule}`)) {
    return t(`rule.${rule}`);
  }

  return has(`problem.${slug}`) ? t(`problem.${slug}`) : t('problem.other');
}


/*
 * Says it at the control of that name, if there is one, else above the page.
 * names: the control's name by the field's, where they differ.
 */
export function tell(fault, form = null, names = {}) {
  if (fault.kind === 'ended' || fault.kind === 'changed') {
    return;                         /* that is said by whoever hears of it */
  }
  if (fault.kind === undefined) {
    throw fault;                    /* of ours */
  }

  const [, name] = fault.field?.split('/') ?? [];
  const control = form?.elements[names[name] ?? name];

  if (control) {
    wrong(control, words(fault));
    control.focus();
    return;
  }
  say(words(fault));
}


/*
 * Runs what shows a view until there is a connection.  current() says whether
 * it is still wanted.
 */
export async function patiently(run, current) {
  for (let wait = 2000; ; wait = Math.min(wait * 2, 30000)) {
    try {
      await run();
      if (wait > 2000) {
        lasting('');
      }
      return;
    } catch (error) {
      if (!error.passing || !current()) {
        throw error;
      }
    }
    lasting(t('again'));
    await new Promise((resolve) => {
      const timer = setTimeout(done, wait);

      addEventListener('online', done);
      function done() {
        clearTimeout(timer);
        removeEventListener('online', done);
        resolve();
      }
    });
    if (!current()) {
      return;
    }
  }
}
