/*
 * Copyright (C) the Pupil authors
 *
 * What a teacher has written of a pupil's homework and not saved: it is there
 * again when the form is, for the same person, whatever took the form away.
 */

let kept = new Map();

/* Which one it is. */
export const key = (homework, pupil) => `${homework}/${pupil}`;

/* { points, comment, version, sent }: as typed; the version it is made from, or
   null; and the content that was sent last, which may be stored. */
export const find = (which) => kept.get(which);
export const unsent = () => kept.size;

export function keep(which, what) {
  kept.set(which, what);
}

export function drop(which) {
  kept.delete(which);
}

export function forget() {
  kept = new Map();
}


addEventListener('beforeunload', (event) => unsent() > 0
  && event.preventDefault());
