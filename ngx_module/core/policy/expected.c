/*
 * Copyright (C) the Pupil authors
 */

#include <string.h>

#include "core/base/text.h"
#include "core/base/time.h"
#include "core/policy/expected.h"


static int
expected_id(const pupil_uuid_t *expected, const pupil_uuid_t *id)
{
    return expected == NULL || pupil_uuid_compare(expected, id) == 0;
}


static int
expected_text(pupil_str_t expected, pupil_str_t text)
{
    return expected.len == text.len
           && memcmp(expected.data, text.data, text.len) == 0;
}


static pupil_rc_t
expected_day(int32_t day, int32_t from, int32_t to, const char **why)
{
    if (day == 0 || (from <= day && to >= day)) {
        return PUPIL_OK;
    }

    if (from <= day + 1 && to >= day - 1) {
        return PUPIL_NOT_FOUND;
    }

    *why = "not of this day";

    return PUPIL_TAMPERED;
}


pupil_rc_t
pupil_expected_enrolment(const pupil_expected_t *expected,
    const pupil_enrolment_row_t *row, const char **why)
{
    if (!expected_id(expected->record, &row->enrolment)) {
        *why = "another record";

    } else if (!expected_id(expected->subject, &row->subject)) {
        *why = "another subject";

    } else if (!expected_id(expected->class_id, &row->class_id)) {
        *why = "another class";

    } else if (!expected_id(expected->institution, &row->institution)) {
        *why = "another school";

    } else if (expected->role.data != NULL
               && !expected_text(expected->role, row->role))
    {
        *why = "another role";

    } else {
        return expected_day(expected->day, row->valid_from, row->valid_to,
                            why);
    }

    return PUPIL_TAMPERED;
}


pupil_rc_t
pupil_expected_role(const pupil_expected_t *expected,
    const pupil_role_row_t *row, const char **why)
{
    if (!expected_id(expected->subject, &row->subject)) {
        *why = "another subject";

    } else if (!expected_id(expected->institution, &row->institution)) {
        *why = "another school";

    } else if (expected->role.data != NULL
               && !expected_text(expected->role, row->role))
    {
        *why = "another role";

    } else {
        return expected_day(expected->day, row->valid_from, row->valid_to,
                            why);
    }

    return PUPIL_TAMPERED;
}


pupil_rc_t
pupil_expected_subject(const pupil_expected_t *expected,
    const pupil_subject_row_t *row, const char **why)
{
    if (expected_id(expected->subject, &row->subject)) {
        return PUPIL_OK;
    }

    *why = "another subject";

    return PUPIL_TAMPERED;
}


pupil_rc_t
pupil_expected_support(const pupil_expected_t *expected,
    const pupil_support_row_t *row, const char **why)
{
    if (!expected_id(expected->record, &row->grant)) {
        *why = "another record";

    } else if (!expected_id(expected->subject, &row->subject)) {
        *why = "another subject";

    } else if (!expected_id(expected->actor, &row->actor)) {
        *why = "another actor";

    } else if (expected->code.data != NULL
               && !expected_text(expected->code, row->code))
    {
        *why = "another code";

    } else if ((expected->session.data != NULL
                && !expected_text(expected->session, row->session))
               || (expected->now != 0
                   && (row->created_at > expected->now + PUPIL_TIME_SECOND * 60
                       || row->expires_at <= expected->now)))
    {
        return PUPIL_NOT_FOUND;

    } else {
        return PUPIL_OK;
    }

    return PUPIL_TAMPERED;
}


pupil_rc_t
pupil_expected_index(const pupil_index_row_t *asked, uint32_t n,
    const pupil_index_row_t *row, const char **why)
{
    uint32_t  i;

    for (i = 0; i < n; i++) {
        if (expected_text(asked[i].category, row->category)
            && expected_text(asked[i].field, row->field)
            && expected_text(asked[i].term, row->term))
        {
            return PUPIL_OK;
        }
    }

    *why = "another term";

    return PUPIL_TAMPERED;
}
