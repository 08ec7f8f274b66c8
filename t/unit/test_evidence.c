/*
 * Copyright (C) the Pupil authors
 *
 * Enrolments as a worker keeps them: what fits an entry, and comes back.
 */

#include "core/endpoints/evidence.h"
#include "tap.h"


static pupil_uuid_t
id(uint8_t n)
{
    pupil_uuid_t  u;

    memset(&u, n, sizeof(u));

    return u;
}


static pupil_evidence_t
empty(void)
{
    pupil_evidence_t  e;

    memset(&e, 0, sizeof(e));
    e.tenant = id(7);
    e.subject = id(1);
    e.institution = id(9);
    e.key_version = 1;

    return e;
}


static void
test_add(void)
{
    uint8_t                bytes[PUPIL_MAC_LEN], long_name[64];
    pupil_str_t            mac = { bytes, sizeof(bytes) };
    uint32_t               i;
    pupil_evidence_t       e = empty();
    pupil_enrolment_row_t  row, back;

    memset(&row, 0, sizeof(row));
    memset(bytes, 0xa5, sizeof(bytes));
    memset(long_name, 'x', sizeof(long_name));
    row.class_id = id(5);
    row.enrolment = id(6);
    row.valid_from = -3;
    row.valid_to = PUPIL_DATE_NONE;
    row.source.data = tap_guarded("sds", 3);
    row.source.len = 3;

    ok(pupil_evidence_add(&e, &row, mac) == PUPIL_OK, "an enrolment is added");
    pupil_evidence_row(&e, 0, &back);
    ok(memcmp(&back.tenant, &e.tenant, sizeof(back.tenant)) == 0
       && memcmp(&back.enrolment, &row.enrolment, sizeof(back.tenant)) == 0
       && memcmp(&back.class_id, &row.class_id, sizeof(back.tenant)) == 0
       && memcmp(&back.subject, &e.subject, sizeof(back.tenant)) == 0
       && memcmp(&back.institution, &e.institution, sizeof(back.tenant)) == 0
       && back.valid_from == -3 && back.valid_to == PUPIL_DATE_NONE
       && back.role.len == 5 && back.source.len == 3
       && memcmp(back.source.data, "sds", 3) == 0
       && memcmp(e.proofs[0].mac, bytes, sizeof(bytes)) == 0
       && back.number == 0xa5a5a5a5,
       "and comes back as it was");

    row.source.data = tap_guarded("sdt", 3);
    ok(pupil_evidence_add(&e, &row, mac) == PUPIL_NO_MEMORY && e.count == 1,
       "one of another source does not fit");
    row.source.data = tap_guarded("sd", 2);
    row.source.len = 2;
    ok(pupil_evidence_add(&e, &row, mac) == PUPIL_NO_MEMORY,
       "nor of a shorter one");

    row.source.data = tap_guarded("sds", 3);
    row.source.len = 3;

    for (i = 1; i < PUPIL_EVIDENCE_PROOFS; i++) {
        if (pupil_evidence_add(&e, &row, mac) != PUPIL_OK) {
            break;
        }
    }

    ok(e.count == PUPIL_EVIDENCE_PROOFS
       && pupil_evidence_add(&e, &row, mac) == PUPIL_NO_MEMORY
       && e.count == PUPIL_EVIDENCE_PROOFS, "nor one too many");

    e = empty();
    row.source.data = long_name;
    row.source.len = PUPIL_EVIDENCE_SOURCE + 1;
    ok(pupil_evidence_add(&e, &row, mac) == PUPIL_NO_MEMORY && e.count == 0,
       "nor one of a long source");
    row.source.len = PUPIL_EVIDENCE_SOURCE;
    ok(pupil_evidence_add(&e, &row, mac) == PUPIL_OK, "the longest fits");
    e = empty();
    row.source.data = NULL;
    row.source.len = 0;
    ok(pupil_evidence_add(&e, &row, mac) == PUPIL_OK
       && pupil_evidence_add(&e, &row, mac) == PUPIL_OK && e.count == 2,
       "none is a source too");
}


int
main(void)
{
    test_add();

    return tap_done();
}
