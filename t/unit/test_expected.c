/*
 * Copyright (C) the Pupil authors
 *
 * What a row must be about: each column that is expected, another in its
 * place; days and their neighbours; and what the groups of a proof declare.
 */

#include "core/base/time.h"
#include "core/endpoints/relation.h"
#include "core/policy/expected.h"
#include "pupil_plugin.h"
#include "tap.h"


static const pupil_uuid_t  ids[] = {
    { { 1 } }, { { 2 } }, { { 3 } }, { { 4 } }, { { 5 } }
};

static const pupil_enrolment_row_t  row = {
    .tenant = { { 9 } }, .enrolment = { { 1 } }, .subject = { { 2 } },
    .class_id = { { 3 } }, .institution = { { 4 } },
    .role = pupil_str("teacher"), .valid_from = 100, .valid_to = 200,
    .source = pupil_str("test")
};


static pupil_expected_t
all_of_it(void)
{
    pupil_expected_t  expected = {
        .record = &ids[0], .subject = &ids[1], .class_id = &ids[2],
        .institution = &ids[3], .role = pupil_str("teacher"), .day = 150
    };

    return expected;
}


static void
test_enrolment(void)
{
    size_t             i;
    const char        *why;
    pupil_expected_t   expected;

    static const struct {
        size_t       offset;
        const char  *why;
    } cases[] = {
        { offsetof(pupil_expected_t, record), "another record" },
        { offsetof(pupil_expected_t, subject), "another subject" },
        { offsetof(pupil_expected_t, class_id), "another class" },
        { offsetof(pupil_expected_t, institution), "another school" }
    };

    static const pupil_expected_t  anything;
    static const pupil_str_t       roles[] = {
        pupil_str("pupil"), pupil_str("teache"), pupil_str("teachers")
    };

    expected = all_of_it();
    ok(pupil_expected_enrolment(&expected, &row, &why) == PUPIL_OK,
       "all that is expected");
    ok(pupil_expected_enrolment(&anything, &row, &why) == PUPIL_OK,
       "nothing in particular is expected");

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        expected = all_of_it();
        *(const pupil_uuid_t **) (void *) ((char *) &expected
                                           + cases[i].offset) = &ids[4];
        why = "";

        ok(pupil_expected_enrolment(&expected, &row, &why) == PUPIL_TAMPERED
           && strcmp(why, cases[i].why) == 0, "%s", cases[i].why);
    }

    for (i = 0; i < sizeof(roles) / sizeof(roles[0]); i++) {
        expected = all_of_it();
        expected.role = roles[i];
        why = "";

        ok(pupil_expected_enrolment(&expected, &row, &why) == PUPIL_TAMPERED
           && strcmp(why, "another role") == 0, "another role, %s",
           (const char *) roles[i].data);
    }
}


static void
test_days(void)
{
    size_t                 i;
    const char            *why;
    pupil_expected_t       expected;
    pupil_enrolment_row_t  open;

    static const struct {
        int32_t     day;
        pupil_rc_t  rc;
    } cases[] = {
        { 100, PUPIL_OK }, { 200, PUPIL_OK }, { 99, PUPIL_NOT_FOUND },
        { 201, PUPIL_NOT_FOUND }, { 98, PUPIL_TAMPERED },
        { 202, PUPIL_TAMPERED }
    };

    expected = all_of_it();

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        expected.day = cases[i].day;

        ok(pupil_expected_enrolment(&expected, &row, &why) == cases[i].rc,
           "100 to 200, and it is %d", cases[i].day);
    }

    open = row;
    open.valid_to = PUPIL_DATE_NONE;
    expected.day = 20000;
    ok(pupil_expected_enrolment(&expected, &open, &why) == PUPIL_OK,
       "an open end");
}


static void
test_others(void)
{
    const char           *why;
    pupil_index_row_t     asked[2], found;
    pupil_expected_t      expected;
    pupil_role_row_t      role = {
        .subject = { { 2 } }, .institution = { { 4 } },
        .role = pupil_str("teacher"), .valid_from = 100, .valid_to = 200
    };
    pupil_subject_row_t   subject = { .subject = { { 2 } } };

    static const pupil_index_row_t  login = {
        .category = pupil_str("credential"), .field = pupil_str("login_id"),
        .term = pupil_str("t1")
    };
    static const pupil_index_row_t  email = {
        .category = pupil_str("contact"), .field = pupil_str("email"),
        .term = pupil_str("t2")
    };

    expected = all_of_it();
    ok(pupil_expected_role(&expected, &role, &why) == PUPIL_OK
       && pupil_expected_subject(&expected, &subject, &why) == PUPIL_OK,
       "a role and a subject");

    role.institution = ids[4];
    ok(pupil_expected_role(&expected, &role, &why) == PUPIL_TAMPERED
       && strcmp(why, "another school") == 0, "a role at another school");

    role.subject = ids[4];
    subject.subject = ids[4];
    ok(pupil_expected_role(&expected, &role, &why) == PUPIL_TAMPERED
       && strcmp(why, "another subject") == 0
       && pupil_expected_subject(&expected, &subject, &why) == PUPIL_TAMPERED,
       "of another subject");

    asked[0] = login;
    asked[1] = email;
    found = email;
    ok(pupil_expected_index(asked, 2, &found, &why) == PUPIL_OK,
       "an index row that was asked for");

    found.term = login.term;
    ok(pupil_expected_index(asked, 2, &found, &why) == PUPIL_TAMPERED
       && strcmp(why, "another term") == 0,
       "the term of one field under another is none");
}


/* Of a grant all that is expected decides, and nothing else is an error. */
static void
test_support(void)
{
    pupil_expected_t     all;
    const char          *why;
    pupil_support_row_t  grant = {
        .grant = ids[0], .subject = ids[1], .actor = ids[2],
        .code = pupil_str("code"), .session = pupil_str("session"),
        .created_at = 1000 * PUPIL_TIME_SECOND,
        .expires_at = 2000 * PUPIL_TIME_SECOND
    };
    const pupil_expected_t  right = {
        .record = &ids[0], .subject = &ids[1], .actor = &ids[2],
        .code = pupil_str("code"), .session = pupil_str("session"),
        .now = 1500 * PUPIL_TIME_SECOND
    };
    const pupil_expected_t  none = { .record = NULL };

    ok(pupil_expected_support(&right, &grant, &why) == PUPIL_OK, "a grant");
    ok(pupil_expected_support(&none, &grant, &why) == PUPIL_OK, "any grant");

    all = right;
    all.record = &ids[3];
    ok(pupil_expected_support(&all, &grant, &why) == PUPIL_TAMPERED,
       "another grant: %s", why);

    all = right;
    all.subject = &ids[3];
    ok(pupil_expected_support(&all, &grant, &why) == PUPIL_TAMPERED,
       "another's grant: %s", why);

    all = right;
    all.actor = &ids[3];
    ok(pupil_expected_support(&all, &grant, &why) == PUPIL_TAMPERED,
       "to somebody else: %s", why);

    all = right;
    all.code.data = (const uint8_t *) "cide";
    ok(pupil_expected_support(&all, &grant, &why) == PUPIL_TAMPERED,
       "of another code: %s", why);

    all = right;
    all.session.len--;
    ok(pupil_expected_support(&all, &grant, &why) == PUPIL_NOT_FOUND,
       "by another log-in");

    all = right;
    all.now = grant.expires_at;
    ok(pupil_expected_support(&all, &grant, &why) == PUPIL_NOT_FOUND,
       "when its time is over");

    all.now = grant.created_at - 61 * PUPIL_TIME_SECOND;
    ok(pupil_expected_support(&all, &grant, &why) == PUPIL_NOT_FOUND,
       "or is still to come");
}


/* Every relation declares whom its rows are about. */
static void
test_proofs(void)
{
    uint32_t                    relation, owner, i;
    pupil_expected_t            expected;
    const pupil_relates_t      *relates;
    const pupil_proof_about_t   about = {
        .actor = &ids[0], .owner = &ids[1], .institution = &ids[2],
        .class_id = &ids[3], .day = 150
    };

    for (relation = 1; relation < PUPIL_RELATION_COUNT; relation++) {
        for (owner = PUPIL_OWNER_SUBJECT; owner <= PUPIL_OWNER_CLASS; owner++)
        {
            relates = pupil_relates_find(relation, owner);

            if (relates == NULL || relates->evidence.sql == NULL) {
                continue;
            }

            if (relation == PUPIL_RELATION_SUPPORT_GRANT) {
                ok(relates->groups[0].column == 0,
                   "a support grant is one row, and the evidence");
                continue;
            }

            pupil_proof_expect(&relates->groups[0], &about, &expected);

            ok(relates->needed >= 1 && expected.subject == &ids[0]
               && expected.institution != NULL && expected.role.len != 0
               && expected.day == 150,
               "%s: the first group is the actor's", relates->evidence.name);

            for (i = 1; i < PUPIL_PROOF_GROUPS
                        && relates->groups[i].column != 0; i++)
            {
                pupil_proof_expect(&relates->groups[i], &about, &expected);

                ok(expected.subject == &ids[1]
                   || expected.class_id == &ids[1],
                   "%s: group %u is of whom is asked for",
                   relates->evidence.name, i);
            }
        }
    }

    relates = pupil_relates_find(PUPIL_RELATION_TEACHES, PUPIL_OWNER_SUBJECT);
    pupil_proof_expect(&relates->groups[1], &about, &expected);
    ok(relates->needed == 2 && expected.class_id == &ids[3],
       "teacher and pupil are in one class");
}


int
main(void)
{
    test_enrolment();
    test_days();
    test_others();
    test_support();
    test_proofs();

    return tap_done();
}
