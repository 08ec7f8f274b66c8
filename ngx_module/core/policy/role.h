/*
 * Copyright (C) the Pupil authors
 *
 * What a role is, how it can stand to others, and which purposes a
 * restriction leaves open.  Pure; allowed in every context.
 */

#ifndef PUPIL_ROLE_H
#define PUPIL_ROLE_H

#include "core/base/pupil.h"


/* The strongest first: whoever has several at a school gets that. */
typedef enum {
    PUPIL_ROLE_TENANT_ADMIN = 0,
    PUPIL_ROLE_DPO,
    PUPIL_ROLE_SCHOOL_ADMIN,
    PUPIL_ROLE_TEACHER,
    PUPIL_ROLE_SUPPORT,
    PUPIL_ROLE_PUPIL,
    PUPIL_ROLE_NONE             /* no role that is known: the weakest */
} pupil_role_t;


/* From the text of a column. */
pupil_role_t pupil_role_find(pupil_str_t text);

/* The text, which is static.  PUPIL_OK, or PUPIL_NOT_FOUND for none. */
pupil_rc_t pupil_role_name(pupil_role_t role, pupil_str_t *text);

/*
 * How a session with this role can stand to others (pupil_relation_t); whether
 * it does stand so to somebody is worked out from live rows.
 */
uint32_t pupil_role_relation(pupil_role_t role);

/*
 * Restriction (GDPR article 18(2)) leaves open what the person asks for
 * themselves, what the law demands, and accounting for it.  purpose:
 * pupil_purpose_t.
 */
int pupil_restriction_opens(uint32_t purpose);

#endif /* PUPIL_ROLE_H */
