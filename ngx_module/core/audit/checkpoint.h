/*
 * Copyright (C) the Pupil authors
 *
 * What stands in the signed notes of a log: C2SP's tlog-checkpoint, the size
 * and root of a tree by the log's name; and tlog-proof, by which somebody who
 * has neither the log nor a network sees that an entry is in it.
 */

#ifndef PUPIL_CHECKPOINT_H
#define PUPIL_CHECKPOINT_H

#include "core/audit/merkle.h"
#include "core/audit/note.h"


/* Bytes of the text of a checkpoint as this writes it, with NUL. */
#define PUPIL_CHECKPOINT_SIZE  (PUPIL_NOTE_NAME_MAX + 80)

/* Bytes of hashes as lines of text, with NUL. */
#define PUPIL_HASH_LINE_LEN    45
#define PUPIL_HASHES_SIZE      (PUPIL_MERKLE_PROOF * PUPIL_HASH_LINE_LEN + 1)


typedef struct {
    pupil_str_t   origin;       /* in the text that was parsed */
    uint64_t      size;         /* leaves */
    pupil_node_t  root;
} pupil_checkpoint_t;

/* A tlog-proof: what is in the text stays there. */
typedef struct {
    pupil_str_t    extra;       /* base64: what the leaf's hash is of; or "" */
    uint64_t       index;
    pupil_proof_t  proof;
    pupil_str_t    checkpoint;  /* a note, not parsed */
} pupil_proof_text_t;


/* The text, NUL-terminated. */
void pupil_checkpoint_format(const char *origin, uint64_t size,
    const pupil_node_t *root, char out[PUPIL_CHECKPOINT_SIZE]);

/* Lines behind the root are passed over.  PUPIL_INVALID: it is none. */
pupil_rc_t pupil_checkpoint_parse(pupil_str_t text,
    pupil_checkpoint_t *checkpoint);


/* A line each, in base64. */
void pupil_hashes_format(const pupil_proof_t *proof,
    char out[PUPIL_HASHES_SIZE]);

/* Takes lines of hashes off up to the empty line, and that. */
pupil_rc_t pupil_hashes_take(pupil_str_t *text, pupil_proof_t *proof);

/* Takes "word number" and the newline off. */
pupil_rc_t pupil_number_take(pupil_str_t *text, const char *word,
    uint64_t *number);


/* PUPIL_INVALID: it is no tlog-proof. */
pupil_rc_t pupil_proof_parse(pupil_str_t text, pupil_proof_text_t *proof);

#define PUPIL_PROOF_MAGIC  "c2sp.org/tlog-proof@v1\n"

/*
 * The text of one: of what the leaf's hash is of, to the checkpoint, a note.
 * PUPIL_OK, PUPIL_NO_MEMORY.
 */
pupil_rc_t pupil_proof_format(const pupil_alloc_t *alloc, pupil_str_t leaf,
    uint64_t index, const pupil_proof_t *proof, pupil_str_t checkpoint,
    pupil_str_t *out);

#endif /* PUPIL_CHECKPOINT_H */
