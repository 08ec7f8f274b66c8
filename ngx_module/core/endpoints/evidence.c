/*
 * Copyright (C) the Pupil authors
 */

#include <string.h>

#include "core/endpoints/evidence.h"


pupil_rc_t
pupil_evidence_add(pupil_evidence_t *evidence,
    const pupil_enrolment_row_t *row, pupil_str_t mac)
{
    pupil_proof_t  *proof;

    if (evidence->count == PUPIL_EVIDENCE_PROOFS
        || row->source.len > PUPIL_EVIDENCE_SOURCE || mac.len > PUPIL_MAC_LEN)
    {
        return PUPIL_NO_MEMORY;
    }

    if (evidence->count == 0) {
        evidence->source_len = (uint8_t) row->source.len;

        if (row->source.len != 0) {
            memcpy(evidence->source, row->source.data, row->source.len);
        }

    } else if (evidence->source_len != row->source.len
               || (row->source.len != 0
                   && memcmp(evidence->source, row->source.data,
                             row->source.len)
                      != 0))
    {
        return PUPIL_NO_MEMORY;
    }

    proof = &evidence->proofs[evidence->count++];

    proof->enrolment = row->enrolment;
    proof->class_id = row->class_id;
    proof->valid_from = row->valid_from;
    proof->valid_to = row->valid_to;
    memset(proof->mac, 0, PUPIL_MAC_LEN);
    memcpy(proof->mac, mac.data, mac.len);

    return PUPIL_OK;
}


void
pupil_evidence_row(const pupil_evidence_t *evidence, uint32_t i,
    pupil_enrolment_row_t *row)
{
    const pupil_proof_t  *proof;

    static const pupil_str_t  role = pupil_str("pupil");

    proof = &evidence->proofs[i];

    row->tenant = evidence->tenant;
    row->enrolment = proof->enrolment;
    row->subject = evidence->subject;
    row->class_id = proof->class_id;
    row->institution = evidence->institution;
    row->role = role;
    row->valid_from = proof->valid_from;
    row->valid_to = proof->valid_to;
    row->source.data = evidence->source;
    row->source.len = evidence->source_len;
    row->number = pupil_mac_number((pupil_str_t){ proof->mac, PUPIL_MAC_LEN });
}
