/*
 * Copyright (C) the Pupil authors
 *
 * C2SP's signed notes: a text, a blank line, and a line for each signature,
 * with Ed25519.  A key is known by its name and the four bytes of its id; who
 * checks a note has the keys that it trusts, and passes over signatures of
 * others.
 */

#ifndef PUPIL_NOTE_H
#define PUPIL_NOTE_H

#include "core/vault/vault.h"


#define PUPIL_NOTE_NAME_MAX   128       /* bytes of a key's name */
#define PUPIL_NOTE_ID_LEN     4
#define PUPIL_NOTE_KEY_LEN    32        /* a public key */
#define PUPIL_NOTE_TEXT_MAX   8192      /* bytes */

/* Of a verification key as text, and of a signature's line; with NUL. */
#define PUPIL_NOTE_KEY_SIZE   (PUPIL_NOTE_NAME_MAX + 64)
#define PUPIL_NOTE_LINE_SIZE  (PUPIL_NOTE_NAME_MAX + 128)


typedef enum {
    PUPIL_NOTE_ED25519 = 1,     /* of the text */
    PUPIL_NOTE_COSIGNED = 4     /* of the text and a time: tlog-cosignature */
} pupil_note_algorithm_t;

/* Whose signature counts. */
typedef struct {
    char                    name[PUPIL_NOTE_NAME_MAX + 1];
    uint8_t                 id[PUPIL_NOTE_ID_LEN];
    pupil_note_algorithm_t  algorithm;
    uint8_t                 public[PUPIL_NOTE_KEY_LEN];
} pupil_note_key_t;

/* Of what was parsed, where it stays. */
typedef struct {
    pupil_str_t  text;          /* with the newline at its end */
    pupil_str_t  signatures;    /* lines */
} pupil_note_t;


/*
 * The key that a seed makes.  PUPIL_INVALID: the name has a blank, a plus or
 * what is not ASCII, is empty or too long.
 */
pupil_rc_t pupil_note_key(const char *name, pupil_note_algorithm_t algorithm,
    const pupil_key_t *seed, pupil_note_key_t *key);

/* name+id+key, as verification keys are handed out. */
void pupil_note_key_format(const pupil_note_key_t *key,
    char out[PUPIL_NOTE_KEY_SIZE]);
pupil_rc_t pupil_note_key_parse(pupil_str_t text, pupil_note_key_t *key);


/*
 * The line of a signature of a text of at most PUPIL_NOTE_TEXT_MAX bytes.
 * seconds: since 1970, said and signed by a cosignature alone.
 */
void pupil_note_sign(const pupil_note_key_t *key, const pupil_key_t *seed,
    pupil_str_t text, uint64_t seconds, char out[PUPIL_NOTE_LINE_SIZE]);

/* A whole note.  PUPIL_INVALID: it is none. */
pupil_rc_t pupil_note_parse(pupil_str_t whole, pupil_note_t *note);

/*
 * Takes the next off a file of notes, each followed by an empty line; their
 * texts have none.  PUPIL_NOT_FOUND: there is no more; PUPIL_INVALID: what
 * comes is no note, or was cut off.
 */
pupil_rc_t pupil_note_next(pupil_str_t *file, pupil_note_t *note);

/*
 * Has this key signed it?  *seconds: when, by a cosignature.  PUPIL_NOT_FOUND:
 * no signature is of that name and id; PUPIL_TAMPERED: one is, and is not
 * valid.
 */
pupil_rc_t pupil_note_verify(const pupil_note_t *note,
    const pupil_note_key_t *key, uint64_t *seconds);

#endif /* PUPIL_NOTE_H */
