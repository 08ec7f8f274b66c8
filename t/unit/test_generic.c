/*
 * Copyright (C) the Pupil authors
 *
 * Generic statements as texts; t/generic.t runs them on a database.
 */

#include <sodium.h>

#include "categories.h"
#include "core/endpoints/data.h"
#include "core/endpoints/relation.h"


static pupil_alloc_t   alloc;
static pupil_policy_t  policy;
static const uint8_t   hash[32];


static pupil_rc_t
make(uint32_t category, uint32_t relation, int write,
    pupil_generic_t **generic)
{
    return (write ? pupil_generic_write : pupil_generic_read)(
               &policy, category, relation, &alloc, generic);
}


static int
wants(const pupil_template_t *template, const char *field)
{
    uint32_t  i;

    for (i = 0; i < template->wants_count; i++) {
        if (strcmp(template->wants[i].field, field) == 0) {
            return 1;
        }
    }

    return 0;
}


static void
test_read(void)
{
    pupil_error_t      error;
    pupil_generic_t   *g;
    pupil_statement_t  s;

    ok(make(0, PUPIL_RELATION_SELF, 0, &g) == PUPIL_OK, "read of one's own");
    ok(g->template.wants_count == 4
       && !wants(&g->template, "secret"),
       "internal fields are left out");
    ok(g->sealers == 2 && g->sealer[0] == 0 && g->sealer[3] == 1,
       "owners that seal");
    ok(g->template.wants[0].about == PUPIL_ABOUT_ACTOR
       && g->purpose == PUPIL_PURPOSE_SUBJECT_ACCESS, "about the actor");
    ok(pupil_statement_compose(&g->template, &policy, hash, &alloc, &s,
                               &error) == PUPIL_OK
       && s.columns == 6 + 6 + 4 && s.params == 3 && s.column[0] == 12,
       "composes");

    ok(make(0, PUPIL_RELATION_TEACHES, 0, &g) == PUPIL_OK
       && g->template.wants_count == 2 && g->sealers == 1
       && g->template.wants[0].about == PUPIL_ABOUT_SUBJECTS,
       "read of a pupil's");
    ok(strstr(g->template.sql, "t.\"class_id\" IN (SELECT class FROM r)")
       != NULL, "only records of the classes taught");

    ok(make(1, PUPIL_RELATION_TEACHES, 0, &g) == PUPIL_OK
       && g->template.wants[0].about == PUPIL_ABOUT_NONE
       && strstr(g->template.sql, "a.class = $8") != NULL,
       "read of a class's");
}


static void
test_write(void)
{
    pupil_error_t      error;
    pupil_generic_t   *g;
    pupil_statement_t  s;

    ok(make(0, PUPIL_RELATION_SELF, 1, &g) == PUPIL_OK
       && g->template.wants_count == 3
       && !wants(&g->template, "class_title") && wants(&g->template, "name"),
       "what another owner seals is left out of writes");
    ok(pupil_statement_compose(&g->template, &policy, hash, &alloc, &s,
                               &error) == PUPIL_OK
       && s.columns == 7 && s.params == 10 && g->template.records == 4,
       "write composes");
    ok(pupil_statement_compose(&g->look, &policy, hash, &alloc, &s, &error)
       == PUPIL_OK && s.columns == 6 && s.params == 2, "look composes");
    ok(make(0, PUPIL_RELATION_TEACHES, 1, &g) == PUPIL_NOT_FOUND
       && g == NULL, "no write without a grant");
    ok(make(1, PUPIL_RELATION_TEACHES, 1, &g) == PUPIL_NOT_FOUND,
       "no generic write where the plugin says so");
}


static void
test_none(void)
{
    uint32_t                 r, o;
    pupil_str_t              word = pupil_str("animal.class_id");
    pupil_deny_t             deny;
    pupil_error_t            error;
    pupil_generic_t         *g;
    const pupil_template_t  *t;

    ok(make(0, PUPIL_RELATION_SYSTEM, 0, &g) == PUPIL_NOT_FOUND, "system");
    ok(make(0, PUPIL_RELATION_NONE, 0, &g) == PUPIL_NOT_FOUND, "none");
    ok(make(0, 99, 0, &g) == PUPIL_NOT_FOUND, "99");
    ok(make(1, PUPIL_RELATION_SELF, 0, &g) == PUPIL_NOT_FOUND,
       "a class is nobody's self");
    ok(make(7, PUPIL_RELATION_SELF, 0, &g) == PUPIL_NOT_FOUND
       && make(7, PUPIL_RELATION_SELF, 1, &g) == PUPIL_NOT_FOUND,
       "no category");

    (void) pupil_deny_parse(&policy, &word, 1, &deny, &error);
    policy.denies = &deny;
    policy.denies_count = 1;
    ok(make(0, PUPIL_RELATION_SELF, 0, &g) == PUPIL_OK
       && g->template.wants_count == 2, "no value without its sealer's id");
    policy.denies_count = 0;

    ok(pupil_generic_purpose(PUPIL_RELATION_SELF)
       == PUPIL_PURPOSE_SUBJECT_ACCESS
       && pupil_generic_purpose(PUPIL_RELATION_TAUGHT_BY)
          == PUPIL_PURPOSE_LEARNING
       && pupil_generic_purpose(PUPIL_RELATION_SUPPORT_GRANT)
          == PUPIL_PURPOSE_SUPPORT
       && pupil_generic_purpose(PUPIL_RELATION_SYSTEM) == 0, "purposes");

    for (r = 0; r <= PUPIL_RELATION_COUNT; r++) {
        for (o = 0; o <= PUPIL_OWNER_COUNT; o++) {
            t = pupil_generic_evidence(r, o);

            ok((t != NULL)
               == ((r >= PUPIL_RELATION_TEACHES && r <= PUPIL_RELATION_DPO
                    && o >= 1 && o < PUPIL_OWNER_COUNT)
                   || (r == PUPIL_RELATION_SUPPORT_GRANT
                       && o == PUPIL_OWNER_SUBJECT))
               && (t == NULL
                   || t->fixed == (r == PUPIL_RELATION_SUPPORT_GRANT
                                   ? PUPIL_DE_SUPPORT + PUPIL_SUPPORT_COLUMNS
                                   : PUPIL_DE_COLUMNS)),
               "evidence of %s, owner %u", pupil_relation_name(r), o);
        }
    }
}


static void
test_memory(int write)
{
    long              n;
    pupil_rc_t        rc;
    tap_arena_t       arena;
    pupil_alloc_t     poor = { tap_arena_alloc, &arena };
    pupil_generic_t  *g;

    memset(&arena, 0, sizeof(arena));

    for (n = 1, rc = PUPIL_NO_MEMORY; rc == PUPIL_NO_MEMORY; n++) {
        arena.fail_at = n;
        rc = (write ? pupil_generic_write : pupil_generic_read)(
                 &policy, 0, PUPIL_RELATION_SELF, &poor, &g);
        tap_arena_reset(&arena);
    }

    ok(rc == PUPIL_OK && n > 4, "out of memory %ld times", n - 2);
}


int
main(void)
{
    static tap_arena_t  arena;

    alloc.alloc = tap_arena_alloc;
    alloc.ctx = &arena;

    if (sodium_init() < 0) {
        return 2;
    }

    categories_policy(&policy, &alloc, 0);
    test_read();
    test_write();
    test_none();
    test_memory(0);
    test_memory(1);
    pupil_category_unload(policy.categories[0]);
    pupil_category_unload(policy.categories[1]);
    tap_arena_reset(&arena);

    return tap_done();
}
