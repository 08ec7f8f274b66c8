/*
 * Copyright (C) the Pupil authors
 *
 * Roles: their order, their relations; what a restriction leaves open.
 */

#include "core/base/text.h"
#include "core/policy/role.h"
#include "pupil_plugin.h"
#include "tap.h"


static pupil_str_t
str(const char *text)
{
    pupil_str_t  s = { (const uint8_t *) text, strlen(text) };

    return s;
}


static void
test_roles(void)
{
    size_t        i;
    pupil_str_t   name;
    pupil_role_t  role;

    static const struct {
        const char  *name;
        uint32_t     relation;
    } cases[] = {       /* the strongest first */
        { "tenant_admin", PUPIL_RELATION_TENANT_ADMIN },
        { "dpo", PUPIL_RELATION_DPO },
        { "school_admin", PUPIL_RELATION_SCHOOL_ADMIN },
        { "teacher", PUPIL_RELATION_TEACHES },
        { "support", PUPIL_RELATION_SUPPORT_GRANT },
        { "pupil", PUPIL_RELATION_TAUGHT_BY }
    };

    static const char *const  unknown[] = {
        "", "pupi", "pupils", "Pupil", "none"
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        role = pupil_role_find(str(cases[i].name));

        ok(role == (pupil_role_t) i
           && pupil_role_name(role, &name) == PUPIL_OK
           && pupil_str_is(name, cases[i].name)
           && pupil_role_relation(role) == cases[i].relation,
           "%s is number %zu", cases[i].name, i);
    }

    ok(i == PUPIL_ROLE_NONE, "these are all");

    for (i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
        ok(pupil_role_find(str(unknown[i])) == PUPIL_ROLE_NONE,
           "\"%s\" is none", unknown[i]);
    }

    for (i = PUPIL_ROLE_NONE; i < 256; i++) {
        if (pupil_role_name((pupil_role_t) i, &name) != PUPIL_NOT_FOUND
            || pupil_role_relation((pupil_role_t) i) != PUPIL_RELATION_NONE)
        {
            break;
        }
    }

    ok(i == 256, "a number that is none has no name and no relation");
}


static void
test_restriction(void)
{
    uint32_t  purpose, open;

    for (purpose = 0, open = 0; purpose <= PUPIL_PURPOSE_COUNT; purpose++) {
        open += pupil_restriction_opens(purpose) != 0;
    }

    ok(open == 3 && pupil_restriction_opens(PUPIL_PURPOSE_SUBJECT_ACCESS)
       && pupil_restriction_opens(PUPIL_PURPOSE_LEGAL_OBLIGATION)
       && pupil_restriction_opens(PUPIL_PURPOSE_ACCOUNTABILITY),
       "restriction leaves three purposes open, and no other");
}


int
main(void)
{
    test_roles();
    test_restriction();

    return tap_done();
}
