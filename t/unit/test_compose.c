/*
 * Copyright (C) the Pupil authors
 *
 * What a location serves by the grants of the plugins themselves, and what is
 * said of one that cannot work.
 */

#include <sodium.h>

#include "core/endpoints/endpoints.h"
#include "tap.h"
#include "core/base/text.h"
#include "core/endpoints/compose.h"
#include "core/endpoints/homework.h"
#include "core/endpoints/session.h"

#define pupil_plugin  plugin_assessment
#include "../../plugins/assessment/assessment.c"
#undef pupil_plugin
#define pupil_plugin  plugin_enrolment
#include "../../plugins/enrolment/enrolment.c"
#undef pupil_plugin
#define pupil_plugin  plugin_homework
#include "../../plugins/homework/homework.c"
#undef pupil_plugin
#define pupil_plugin  plugin_identity
#include "../../plugins/identity/identity.c"
#undef pupil_plugin
#define pupil_plugin  plugin_progress
#include "../../plugins/progress/progress.c"
#undef pupil_plugin


static tap_arena_t      arena;
static pupil_alloc_t    alloc = { tap_arena_alloc, &arena };
static pupil_policy_t   policy;
static pupil_error_t    error;

typedef struct {
    uint32_t           all, granted, twice;
    pupil_composed_t  *seen[1024];
} visit_t;


static void
load(const pupil_plugin_t *plugin)
{
    pupil_category_t  *category;

    if (pupil_category_wrap(plugin, &alloc, &category, &error) != PUPIL_OK
        || pupil_policy_add(&policy, category, &error) != PUPIL_OK)
    {
        printf("Bail out! %s\n", error.text);
        exit(1);
    }
}


static pupil_rc_t
visit(void *ctx, pupil_composed_t *composed)
{
    uint32_t  i;
    visit_t  *v = ctx;

    for (i = 0; i < v->all; i++) {
        v->twice += v->seen[i] == composed;
    }

    v->seen[v->all++] = composed;
    v->granted += composed->granted;

    return composed->refusal.accesses.len >= 2 ? PUPIL_OK : PUPIL_FAILED;
}


static pupil_rc_t
stop(void *ctx, pupil_composed_t *composed)
{
    (void) composed;

    return ++*(uint32_t *) ctx == 3 ? PUPIL_RESTRICTED : PUPIL_OK;
}


static pupil_rc_t
compose(pupil_endpoint_id_t id, const pupil_policy_t *narrowed,
    pupil_location_t *location)
{
    return pupil_location_compose(pupil_endpoints[id], narrowed, &alloc,
                                  location, &error);
}


/* All categories but one. */
static pupil_policy_t
without(const char *category)
{
    uint32_t        i;
    pupil_policy_t  less;

    memset(&less, 0, sizeof(less));

    for (i = 0; i < policy.count; i++) {
        if (!pupil_str_is(policy.categories[i]->name, category)) {
            less.categories[less.count++] = policy.categories[i];
        }
    }

    return less;
}


static void
test_whole(void)
{
    uint32_t          calls = 0;
    visit_t           v = { 0 };
    pupil_location_t  location;

    ok(compose(PUPIL_ENDPOINT_SESSION, &policy, &location) == PUPIL_OK,
       "session composes");
    ok(location.stmts == location.session, "its statements are the session's");
    ok(pupil_location_each(&location, visit, &v) == PUPIL_OK
       && v.all == PUPIL_SESSION_COUNT && v.granted == v.all && !v.twice,
       "each is visited once, with its refusal");

    memset(&v, 0, sizeof(v));
    ok(compose(PUPIL_ENDPOINT_HOMEWORK, &policy, &location) == PUPIL_OK
       && pupil_location_each(&location, visit, &v) == PUPIL_OK
       && v.all == PUPIL_SESSION_COUNT + PUPIL_HOMEWORK_COUNT
       && v.granted == v.all && !v.twice, "homework, and the session's");
    ok(pupil_location_each(&location, stop, &calls) == PUPIL_RESTRICTED
       && calls == 3, "a visit ends when it says so");
}


/* The next table of a category that SQL names, behind "data."; NULL. */
static const char *
table_next(const char *p)
{
    while ((p = strstr(p, "data.")) != NULL) {
        p += sizeof("data.") - 1;

        if (strchr(" (,", p[-(int) sizeof("data.")]) != NULL) {
            return p;
        }
    }

    return NULL;
}


/* data.homework_version stands beside data.homework. */
static int
table_is(const char *p, const char *category)
{
    size_t  len;

    len = strlen(category);

    return strncmp(p, category, len) == 0
           && (p[len] == '_'
               || strspn(p + len, "abcdefghijklmnopqrstuvwxyz") == 0);
}


/* What a template declares is what its SQL names, each way. */
static void
test_tables(const pupil_template_t *template)
{
    uint32_t     i, found, undeclared;
    uint8_t      named[PUPIL_STATEMENT_TABLES] = { 0 };
    const char  *p;

    undeclared = 0;

    for (p = table_next(template->sql); p != NULL; p = table_next(p)) {
        for (i = 0; template->tables[i] != NULL; i++) {
            if (table_is(p, template->tables[i])) {
                break;
            }
        }

        named[i] = 1;
        undeclared += template->tables[i] == NULL;
    }

    for (i = 0, found = 0; template->tables[i] != NULL; i++) {
        found += named[i];
    }

    ok(undeclared == 0 && found == i,
       "%s declares the tables that its SQL names", template->name);
}


static void
test_generic(void)
{
    size_t                     at;
    int32_t                    c;
    visit_t                    v = { 0 };
    pupil_str_t                name = pupil_str("enrolment");
    pupil_location_t           location;
    pupil_composed_generic_t  *g;

    ok(compose(PUPIL_ENDPOINT_DATA, &policy, &location) == PUPIL_OK
       && pupil_location_each(&location, visit, &v) == PUPIL_OK && !v.twice,
       "data composes");

    c = pupil_policy_category(&policy, name);
    at = (size_t) c * PUPIL_RELATION_COUNT + PUPIL_RELATION_SELF;
    g = &location.reads[at];
    ok(g->stmt.granted && !g->look.granted && !g->evidence.granted,
       "one's own enrolments need no evidence");

    g = &location.reads[at - PUPIL_RELATION_SELF + PUPIL_RELATION_TEACHES];
    ok(g->stmt.granted && g->evidence.granted, "a teacher's do");

    g = &location.writes[at];
    ok(g->generic == NULL && !g->stmt.granted
       && g->stmt.refusal.accesses.len > 2 && g->look.refusal.from == NULL,
       "what no grant names has its refusal alone");

    name.data = (const uint8_t *) "homework";
    name.len = 8;
    c = pupil_policy_category(&policy, name);
    ok(c >= 0 && location.writes[c * PUPIL_RELATION_COUNT].stmt.refusal.from
       == NULL, "no relation, no statement");
}


static void
test_refused(void)
{
    pupil_str_t       words[2] = { pupil_str("homework") };
    pupil_deny_t      deny;
    pupil_policy_t    less;
    pupil_location_t  location;

    ok(compose(PUPIL_ENDPOINT_LOGIN, &policy, &location) == PUPIL_INVALID
       && strstr(error.text, "data.credential") == NULL
       && strstr(error.text, "\"credential\"") != NULL, "%s", error.text);

    less = without("identity");
    ok(compose(PUPIL_ENDPOINT_SESSION, &less, &location) == PUPIL_INVALID
       && strcmp(error.text, "session show needs the category \"identity\":"
                             " add pupil_plugin .../pupil_identity.so; to"
                             " http {}") == 0, "%s", error.text);

    less = without("progress");
    ok(compose(PUPIL_ENDPOINT_HOMEWORK, &less, &location) == PUPIL_INVALID
       && strstr(error.text, "\"progress\"") != NULL, "%s", error.text);

    less = without("assessment");
    ok(compose(PUPIL_ENDPOINT_HOMEWORK, &less, &location) == PUPIL_OK
       && location.stmts[PUPIL_HOMEWORK_OVERVIEW].granted
       && !location.stmts[PUPIL_HOMEWORK_ASSESS].granted
       && location.stmts[PUPIL_HOMEWORK_ASSESS].refusal.accesses.len > 2,
       "what is optional is refused alone");

    less = without("homework");
    ok(compose(PUPIL_ENDPOINT_PROGRESS, &less, &location) == PUPIL_INVALID
       && strstr(error.text, "needs the category \"homework\"") != NULL,
       "a table that no want is of: %s", error.text);

    /* the results of homework want progress alone */
    less = policy;
    less.denies = &deny;
    less.denies_count = 1;
    ok(pupil_deny_parse(&policy, words, 1, &deny, &error) == PUPIL_OK
       && compose(PUPIL_ENDPOINT_HOMEWORK, &less, &location) == PUPIL_INVALID
       && strstr(error.text, "pupil_deny takes it away") != NULL, "I4: %s",
       error.text);
    ok(compose(PUPIL_ENDPOINT_PROGRESS, &less, &location) == PUPIL_OK
       && compose(PUPIL_ENDPOINT_DATA, &less, &location) == PUPIL_OK,
       "what is for something else works");

    words[1].data = (const uint8_t *) "purpose=teaching";
    words[1].len = 16;
    ok(pupil_deny_parse(&policy, words, 2, &deny, &error) == PUPIL_OK
       && compose(PUPIL_ENDPOINT_HOMEWORK, &less, &location) == PUPIL_OK
       && location.stmts[PUPIL_HOMEWORK_PUPIL_LIST].granted
       && !location.stmts[PUPIL_HOMEWORK_CREATE].granted,
       "one that serves suffices, the others are refused");
}


static void
test_memory(void)
{
    long              n, silent;
    pupil_rc_t        rc;
    pupil_location_t  location;

    static tap_arena_t    poor_arena;
    static pupil_alloc_t  poor = { tap_arena_alloc, &poor_arena };

    for (n = 1, silent = 0, rc = PUPIL_NO_MEMORY; rc == PUPIL_NO_MEMORY; n++) {
        poor_arena.fail_at = n;
        rc = pupil_location_compose(&pupil_progress_endpoint,
                                    &policy, &poor, &location, &error);
        silent += rc != PUPIL_OK && error.text[0] == '\0';
        tap_arena_reset(&poor_arena);
    }

    ok(rc == PUPIL_OK && n > 40 && silent == 0, "out of memory %ld times",
       n - 2);
}


int
main(void)
{
    uint32_t  i, k;

    if (sodium_init() < 0) {
        return 2;
    }

    load(plugin_assessment());
    load(plugin_enrolment());
    load(plugin_homework());
    load(plugin_identity());
    load(plugin_progress());

    for (i = 0; i < PUPIL_ENDPOINT_COUNT; i++) {
        for (k = 0; k < pupil_endpoints[i]->count; k++) {
            test_tables(&pupil_endpoints[i]->templates[k]);
        }
    }

    test_whole();
    test_generic();
    test_refused();
    test_memory();

    while (policy.count != 0) {
        pupil_category_unload(policy.categories[--policy.count]);
    }

    tap_arena_reset(&arena);

    return tap_done();
}
