/*
 * Copyright (C) the Pupil authors
 *
 * A worker's cache of enrolments whose MACs were checked (invariant I18), so
 * that a submission needs no exchange to read them first.  It is a guess, not
 * a proof: the statement that relies on it compares every column with what is
 * stored, and the state and version of the owner too, and writes nothing when
 * anything differs.  So nothing here grows stale, and nobody has to be told
 * of a change.
 *
 * A fixed number of entries; the one that was used longest ago goes first.
 */

#ifndef PUPIL_EVIDENCE_H
#define PUPIL_EVIDENCE_H

#include "core/vault/authentic.h"


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


typedef struct pupil_evidence_cache_s  pupil_evidence_cache_t;


/* Bytes that a cache of so many entries takes. */
size_t pupil_evidence_cache_size(uint32_t entries);

/*
 * Makes a cache in memory of that size, aligned for any type, which needs not
 * be cleared and is touched as it fills.  Ownership: the caller's, who calls
 * pupil_evidence_cache_wipe() before it frees it.  entries: not 0.
 */
pupil_evidence_cache_t *pupil_evidence_cache_init(void *memory,
    uint32_t entries);
void pupil_evidence_cache_wipe(pupil_evidence_cache_t *cache);

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

/*
 * NULL: none.  Valid until the next call with this cache: copy what has to
 * last.  Context: request.
 */
const pupil_evidence_t *pupil_evidence_find(pupil_evidence_cache_t *cache,
    const pupil_uuid_t *tenant, const pupil_uuid_t *subject,
    const pupil_uuid_t *institution);

/* Keeps a copy, in place of what was there. */
void pupil_evidence_put(pupil_evidence_cache_t *cache,
    const pupil_evidence_t *evidence);

/* Forgets; nothing happens when it is not there. */
void pupil_evidence_drop(pupil_evidence_cache_t *cache,
    const pupil_uuid_t *tenant, const pupil_uuid_t *subject,
    const pupil_uuid_t *institution);

#endif /* PUPIL_EVIDENCE_H */
