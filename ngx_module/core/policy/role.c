/*
 * Copyright (C) the Pupil authors
 */

#include <string.h>

#include "core/base/text.h"
#include "core/policy/role.h"
#include "pupil_plugin.h"


static const struct {
    const char  *text;          /* as the CHECK of pupil.role lists them */
    uint32_t     relation;
} pupil_roles[] = {
    [PUPIL_ROLE_TENANT_ADMIN] =
        { .text = "tenant_admin", .relation = PUPIL_RELATION_TENANT_ADMIN },
    [PUPIL_ROLE_DPO] =
        { .text = "dpo", .relation = PUPIL_RELATION_DPO },
    [PUPIL_ROLE_SCHOOL_ADMIN] =
        { .text = "school_admin", .relation = PUPIL_RELATION_SCHOOL_ADMIN },
    [PUPIL_ROLE_TEACHER] =
        { .text = "teacher", .relation = PUPIL_RELATION_TEACHES },
    [PUPIL_ROLE_SUPPORT] =
        { .text = "support", .relation = PUPIL_RELATION_SUPPORT_GRANT },
    [PUPIL_ROLE_PUPIL] =
        { .text = "pupil", .relation = PUPIL_RELATION_TAUGHT_BY }
};


pupil_role_t
pupil_role_find(pupil_str_t text)
{
    pupil_role_t  role;

    for (role = PUPIL_ROLE_TENANT_ADMIN; role != PUPIL_ROLE_NONE; role++) {
        if (pupil_str_is(text, pupil_roles[role].text)) {
            break;
        }
    }

    return role;
}


pupil_rc_t
pupil_role_name(pupil_role_t role, pupil_str_t *text)
{
    if (role >= PUPIL_ROLE_NONE) {
        return PUPIL_NOT_FOUND;
    }

    text->data = (const uint8_t *) pupil_roles[role].text;
    text->len = strlen(pupil_roles[role].text);

    return PUPIL_OK;
}


uint32_t
pupil_role_relation(pupil_role_t role)
{
    return role < PUPIL_ROLE_NONE ? pupil_roles[role].relation
                                  : (uint32_t) PUPIL_RELATION_NONE;
}


int
pupil_restriction_opens(uint32_t purpose)
{
    return purpose == PUPIL_PURPOSE_SUBJECT_ACCESS
           || purpose == PUPIL_PURPOSE_LEGAL_OBLIGATION
           || purpose == PUPIL_PURPOSE_ACCOUNTABILITY;
}
