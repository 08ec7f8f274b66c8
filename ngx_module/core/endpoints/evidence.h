/*
 * Copyright (C) the Pupil authors
 *
 * What a submission relies on, as a worker keeps it once it was checked
 * (invariant I18; core/endpoints/kept.h): the enrolments of a pupil, whose
 * MACs were, and which class was given an exercise, by a homework whose facts
 * were.  The statement that relies on them compares every column of the
 * enrolments with what is stored, the homework's facts, and the state and
 * version of the owner, and writes nothing when anything differs.
 */

#ifndef PUPIL_EVIDENCE_H
#define PUPIL_EVIDENCE_H

#include "core/endpoints/exercise.h"
#include "core/endpoints/kept.h"
#include "core/vault/authentic.h"
#include "core/vault/facts.h"


#define PUPIL_EVIDENCE_PROOFS  12     /* enrolments; who has more is not kept */
#define PUPIL_EVIDENCE_SOURCE  31     /* bytes of a source's name, at most */


/* One enrolment: what is not the same for all of an entry. */
typedef struct {
    pupil_uuid_t  enrolment, class_id;
    int32_t       valid_from, valid_to;     /* days since 1970-01-01 */
    uint8_t       mac[PUPIL_MAC_LEN];
} pupil_proof_t;


/* A pupil at an institution, whose owner row was active. */
typedef struct {
    pupil_uuid_t   tenant, subject, institution;
    uint32_t       key_version;             /* of the subject's owner row */
    uint32_t       count;
    uint8_t        source_len;              /* of the source of all rows */
    uint8_t        source[PUPIL_EVIDENCE_SOURCE];
    pupil_proof_t  proofs[PUPIL_EVIDENCE_PROOFS];
} pupil_evidence_t;


/* An exercise that was assigned, and not taken back. */
typedef struct {
    pupil_uuid_t  tenant, homework, exercise;
    pupil_uuid_t  class_id;
    pupil_time_t      assigned_at;
    pupil_decimal_t   max_score;                /* zero: it has none */
    pupil_question_t  question;                 /* with its key */
    uint8_t           hash[PUPIL_FACTS_HASH_LEN];  /* of the homework's facts */
} pupil_assigned_t;


/*
 * Adds an enrolment; PUPIL_NO_MEMORY: it does not fit, as it is one too many
 * or of another source than the others: the entry is not to be kept.  mac: as
 * it is stored.
 */
pupil_rc_t pupil_evidence_add(pupil_evidence_t *evidence,
    const pupil_enrolment_row_t *row, pupil_str_t mac);

/* The row of a proof, of a pupil; its source points into evidence. */
void pupil_evidence_row(const pupil_evidence_t *evidence, uint32_t i,
    pupil_enrolment_row_t *row);

#endif /* PUPIL_EVIDENCE_H */
