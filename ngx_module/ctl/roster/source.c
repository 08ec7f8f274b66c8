/*
 * Copyright (C) the Pupil authors
 *
 * pupilctl source map, merge and rename: a plan first, and then just that.
 */

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "core/login/token.h"
#include "ctl/base/db.h"
#include "ctl/base/literal.h"
#include "ctl/base/text.h"
#include "ctl/roster/adopt.h"
#include "ctl/roster/guard.h"
#include "ctl/roster/ids.h"
#include "ctl/roster/mapping.h"
#include "ctl/roster/plan.h"
#include "ctl/roster/source.h"
#include "ctl/roster/sources.h"
#include "ctl/store/keys.h"
#include "ctl/store/plugins.h"
#include "ctl/store/turn.h"


typedef crypto_generichash_state  hash_t;

/* A run of any of the three. */
typedef struct {
    ctl_t             *ctl;
    roster_t           from, to;
    roster_mapping_t   mapping;
    roster_adopt_t     adopt;
    const char        *verb;
    const char        *held;            /* why nothing is changed, or NULL */
    char               detail[128];
    char               plan[ROSTER_PLAN_LEN + 1];

    roster_adopted_t  *list[ROSTER_ITEM_KINDS];
    size_t             count[ROSTER_ITEM_KINDS];
    int                again;           /* a rename that was killed */
} source_run_t;


static const char *const  kind_names[ROSTER_ITEM_KINDS] = {
    [ROSTER_INSTITUTION] = "schools",
    [ROSTER_CLASS] = "classes",
    [ROSTER_USER] = "users"
};

/* Who and what is live of a source ($1) and not of a list ($2); $3: today. */
static const char *const  left_sql[ROSTER_ITEM_KINDS] = {
    [ROSTER_INSTITUTION] =
        "SELECT count(*) FROM pupil.institution AS i WHERE i.source = $1 AND"
        " i.institution <> ALL ($2::uuid[]) AND EXISTS (SELECT FROM pupil.role"
        " AS r WHERE r.tenant = i.tenant AND r.institution = i.institution AND"
        " r.source = $1 AND coalesce(r.valid_to - DATE '1970-01-01' >="
        " $3::integer, true))",
    [ROSTER_CLASS] =
        "SELECT count(*) FROM pupil.class AS c WHERE c.source = $1 AND c.class"
        " <> ALL ($2::uuid[]) AND EXISTS (SELECT FROM pupil.enrolment AS e"
        " WHERE e.tenant = c.tenant AND e.class = c.class AND e.source = $1"
        " AND coalesce(e.valid_to - DATE '1970-01-01' >= $3::integer, true))",
    [ROSTER_USER] =
        "SELECT count(*) FROM pupil.subject AS s JOIN pupil.owner AS o ON"
        " o.tenant = s.tenant AND o.owner = s.subject WHERE s.source = $1 AND"
        " s.subject <> ALL ($2::uuid[]) AND s.status <> 'closed' AND o.state"
        " <> 'erased' AND $3::integer IS NOT NULL"
};

/* All that is of a source. */
static const char *const  whole_sql[ROSTER_ITEM_KINDS] = {
    [ROSTER_INSTITUTION] =
        "SELECT institution FROM pupil.institution WHERE source = $1"
        " ORDER BY 1",
    [ROSTER_CLASS] =
        "SELECT class FROM pupil.class WHERE source = $1 ORDER BY 1",
    [ROSTER_USER] =
        "SELECT subject FROM pupil.subject WHERE source = $1 UNION SELECT"
        " subject FROM pupil.role WHERE source = $1 UNION SELECT subject FROM"
        " pupil.enrolment WHERE source = $1 ORDER BY 1"
};


static void
run_begin(source_run_t *run, ctl_t *ctl, const char *verb, const char *from,
    const char *to)
{
    memset(run, 0, sizeof(source_run_t));
    run->ctl = ctl;
    run->verb = verb;
    roster_init(&run->from, ctl, from);
    roster_init(&run->to, ctl, to);
    run->mapping.from = &run->from;
    run->mapping.to = &run->to;
    run->adopt.from = &run->from;
    run->adopt.to = &run->to;
    run->adopt.detail = run->detail;
    snprintf(run->detail, sizeof(run->detail), "source=%s %s=%s", from, verb,
             to);
}


/* With the turn of the tenant. */
static int
run_open(source_run_t *run)
{
    int     rc;
    ctl_t  *ctl;

    ctl = run->ctl;

    if (ctl_plugins_open(ctl) != 0 || ctl_keys_tenant(ctl) != 0) {
        return -1;
    }

    rc = ctl_turn_take(ctl);
    if (rc != 0) {
        return rc < 0 ? -1
               : ctl_error("an import of this tenant is running, or an"
                           " erasure, or this command: try again");
    }

    run->from.today = ctl->today;
    run->to.today = ctl->today;

    return 0;
}


static void
run_end(source_run_t *run)
{
    unsigned  kind;

    for (kind = 0; kind < ROSTER_ITEM_KINDS; kind++) {
        free(run->list[kind]);
    }

    roster_mapping_free(&run->mapping);
    roster_adopt_free(&run->adopt);
    roster_free(&run->from);
    roster_free(&run->to);
}


static int
words_check(ctl_t *ctl, const char *from, const char *to)
{
    if (from == NULL || to == NULL) {
        return ctl_error("say --source, of which the old ids are, and --to, of"
                         " which the new ones are");
    }

    if (roster_source_check("--source", from) != 0
        || roster_source_check("--to", to) != 0)
    {
        return -1;
    }

    return ctl->opt.plan || ctl->opt.apply != NULL ? 0
           : ctl_error("say --plan, and then --apply PLAN");
}


static void
hash_text(hash_t *hash, const char *text)
{
    crypto_generichash_update(hash, (const uint8_t *) text, strlen(text) + 1);
}


/* What is done by a run before is no part of it. */
static int
plan_make(source_run_t *run)
{
    hash_t                   hash;
    size_t                   i;
    uint8_t                  digest[PUPIL_HASH_LEN], print[PUPIL_HASH_LEN];
    unsigned                 kind;
    pupil_str_t              s;
    const pupil_key_t       *key;
    const roster_adopted_t  *one;

    key = ctl_key(run->ctl, "fingerprint");
    if (key == NULL) {
        return -1;
    }

    crypto_generichash_init(&hash, NULL, 0, sizeof(digest));
    hash_text(&hash, run->verb);
    hash_text(&hash, run->from.source);
    hash_text(&hash, run->to.source);

    for (kind = 0; kind < ROSTER_ITEM_KINDS; kind++) {
        hash_text(&hash, kind_names[kind]);

        for (i = 0; i < run->count[kind]; i++) {
            one = &run->list[kind][i];
            crypto_generichash_update(&hash, one->owner.b, PUPIL_UUID_LEN);

            if (one->now != NULL) {
                crypto_generichash_update(&hash, one->was, PUPIL_TERM_LEN);
                crypto_generichash_update(&hash, one->now, PUPIL_TERM_LEN);
            }
        }
    }

    crypto_generichash_final(&hash, digest, sizeof(digest));
    s.data = digest;
    s.len = sizeof(digest);
    pupil_fingerprint_make(key, s, print);
    sodium_bin2hex(run->plan, sizeof(run->plan), print, ROSTER_PLAN_LEN / 2);

    return 0;
}


static void
report_json(const source_run_t *run)
{
    json_t                  *report;
    unsigned                 kind;
    const roster_mapping_t  *mapping;

    mapping = &run->mapping;
    report = json_pack("{s:s,s:s,s:s,s:b}", "source", run->from.source, "to",
                       run->to.source, "apply", run->plan, "planned",
                       run->ctl->opt.plan);

    for (kind = 0; kind < ROSTER_ITEM_KINDS; kind++) {
        json_object_set_new(report, kind_names[kind],
            json_pack("{s:I,s:I,s:I}",
                      "mapped", (json_int_t) run->count[kind],
                      "done", (json_int_t) mapping->done[kind],
                      "left", (json_int_t) mapping->left[kind]));
    }

    json_object_set_new(report, "held", run->held == NULL ? json_null()
                                        : json_string(run->held));
    json_object_set(report, "refused", run->from.refused);
    ctl_json_print(report);
}


static void
report_text(const source_run_t *run)
{
    size_t                   i;
    json_t                  *entry;
    unsigned                 kind;
    const roster_mapping_t  *mapping;

    mapping = &run->mapping;

    printf("%-8s %8s %8s %8s\n", "", "mapped", "done", "left");

    for (kind = ROSTER_ITEM_KINDS; kind-- != 0; /* void */) {
        printf("%-8s %8zu %8zu %8zu\n", kind_names[kind], run->count[kind],
               mapping->done[kind], mapping->left[kind]);
    }

    json_array_foreach(run->from.refused, i, entry) {
        printf("%s  %s:%lld: %s\n", i == 0 ? "\nRefused:\n" : "",
               json_string_value(json_object_get(entry, "file")),
               (long long) json_integer_value(json_object_get(entry, "line")),
               json_string_value(json_object_get(entry, "reason")));
    }

    if (run->ctl->opt.plan && run->held == NULL) {
        printf("\nPlan %s: nothing was changed.\nTo do just that: --apply"
               " %s\n", run->plan, run->plan);
    }
}


static int
held(source_run_t *run)
{
    ctl_error("%s; nothing was changed", run->held);

    return roster_held_record(run->ctl, run->detail) == 0 ? CTL_HELD
                                                          : CTL_FAILED;
}


static int
run_apply(source_run_t *run)
{
    unsigned  kind;

    if (roster_adopt_load(&run->adopt) != 0) {
        return -1;
    }

    for (kind = 0; kind < ROSTER_ITEM_KINDS; kind++) {
        if (roster_adopt_items(&run->adopt, kind, run->list[kind],
                               run->count[kind]) != 0)
        {
            return -1;
        }
    }

    return 0;
}


/* What is planned is said, and what was planned is done. */
static int
run_finish(source_run_t *run, int (*apply)(source_run_t *run))
{
    int     rc;
    ctl_t  *ctl;

    ctl = run->ctl;

    if (plan_make(run) != 0) {
        return CTL_FAILED;
    }

    if (run->held == NULL && !ctl->opt.plan
        && strcmp(ctl->opt.apply, run->plan) != 0)
    {
        run->held = "that is not the plan: the file, or what is stored, has"
                    " changed since, or it was applied: say --plan";
    }

    rc = run->held != NULL ? held(run)
         : ctl->opt.plan || apply(run) == 0 ? CTL_DONE : CTL_FAILED;

    if (rc != CTL_FAILED) {
        if (ctl->opt.json) {
            report_json(run);
        } else {
            report_text(run);
        }
    }

    return rc;
}


static void
lists_make(source_run_t *run)
{
    uint32_t                i;
    roster_kind_t           kind;
    roster_adopted_t       *one;
    const roster_mapped_t  *line;

    for (kind = 0; kind < ROSTER_ITEM_KINDS; kind++) {
        run->list[kind] = ctl_memory((run->mapping.count + 1)
                                     * sizeof(roster_adopted_t));
    }

    for (i = 0; i < run->mapping.count; i++) {
        line = run->mapping.list[i];

        if (line->refused || line->done) {
            continue;
        }

        one = &run->list[line->kind][run->count[line->kind]++];
        one->owner = line->owner;
        one->was = line->was;
        one->now = line->new_terms[0];
    }
}


/* Who and what is of the first source, and not in the file. */
static int
left_read(source_run_t *run)
{
    int          rc;
    char         today[16];
    size_t       i;
    PGresult    *res;
    unsigned     kind;
    ctl_buf_t    owners;
    const char  *params[3];

    snprintf(today, sizeof(today), "%d", run->ctl->today);
    rc = 0;
    ctl_buf_init(&owners);

    for (kind = 0; rc == 0 && kind < ROSTER_ITEM_KINDS; kind++) {
        ctl_array_begin(&owners);
        for (i = 0; i < run->count[kind]; i++) {
            ctl_array_uuid(&owners, &run->list[kind][i].owner);
        }
        ctl_array_end(&owners);

        params[0] = run->from.source;
        params[1] = owners.data;
        params[2] = today;

        res = ctl_ask_one(run->ctl, run->ctl->data, left_sql[kind], 3,
                          params);
        if (res == NULL) {
            rc = -1;
            break;
        }

        run->mapping.left[kind] = (size_t) ctl_get_int(res, 0, 0, 0);
        PQclear(res);
    }

    ctl_buf_free(&owners);

    return rc;
}


/* Whom a run before has done, as it was killed, is done with. */
static int
map_apply(source_run_t *run)
{
    int                     rc;
    uint32_t                i;
    ctl_buf_t               terms, owners;
    const roster_mapped_t  *line;

    if (run_apply(run) != 0) {
        return -1;
    }

    ctl_buf_init(&terms);
    ctl_buf_init(&owners);
    ctl_array_begin(&terms);
    ctl_array_begin(&owners);

    for (i = 0; i < run->mapping.count; i++) {
        line = run->mapping.list[i];

        if (line->done && !line->refused) {
            ctl_array_bytes(&terms, line->new_terms[0], PUPIL_TERM_LEN);
            ctl_array_uuid(&owners, &line->owner);
        }
    }

    ctl_array_end(&terms);
    ctl_array_end(&owners);

    rc = roster_ids_moved(run->ctl, terms.data, owners.data);

    ctl_buf_free(&terms);
    ctl_buf_free(&owners);

    return rc;
}


static int
mapping_run(source_run_t *run, int whole)
{
    const size_t  *left;

    if (run_open(run) != 0 || roster_ids_ready(&run->from) != 0
        || roster_ids_ready(&run->to) != 0
        || roster_mapping_read(&run->mapping, run->ctl->args[0]) != 0
        || roster_mapping_resolve(&run->mapping) != 0)
    {
        return CTL_FAILED;
    }

    lists_make(run);

    if (strcmp(run->from.source, run->to.source) != 0
        && left_read(run) != 0)
    {
        return CTL_FAILED;
    }

    left = run->mapping.left;

    if (whole && left[ROSTER_USER] + left[ROSTER_CLASS]
                 + left[ROSTER_INSTITUTION] != 0)
    {
        run->held = "held: the file does not have all of the old source that"
                    " are there now: map takes a part of them";
    }

    return run_finish(run, map_apply);
}


static int
mapping_command(ctl_t *ctl, const char *verb, const char *to, int whole)
{
    int           rc;
    source_run_t  run;

    if (words_check(ctl, ctl->opt.source, to) != 0) {
        return CTL_USAGE;
    }

    if (whole && strcmp(ctl->opt.source, to) == 0) {
        ctl_error("a source cannot be merged with itself");
        return CTL_USAGE;
    }

    run_begin(&run, ctl, verb, ctl->opt.source, to);
    rc = mapping_run(&run, whole);
    run_end(&run);

    return rc;
}


int
ctl_cmd_source_map(ctl_t *ctl)
{
    return mapping_command(ctl, "map", ctl->opt.to != NULL ? ctl->opt.to
                                       : ctl->opt.source, 0);
}


int
ctl_cmd_source_merge(ctl_t *ctl)
{
    return mapping_command(ctl, "merge", ctl->opt.to, 1);
}


static int
whole_read(source_run_t *run, const char *source, roster_kind_t kind)
{
    int          row;
    PGresult    *res;
    const char  *params[1];

    params[0] = source;

    res = ctl_ask(run->ctl, run->ctl->data, whole_sql[kind], 1, params);
    if (res == NULL) {
        return -1;
    }

    run->count[kind] = (size_t) PQntuples(res);
    run->list[kind] = ctl_memory((run->count[kind] + 1)
                                 * sizeof(roster_adopted_t));
    memset(run->list[kind], 0, (run->count[kind] + 1)
                               * sizeof(roster_adopted_t));

    for (row = 0; row < PQntuples(res); row++) {
        if (ctl_get_uuid(res, row, 0, &run->list[kind][row].owner) != 0) {
            PQclear(res);
            return ctl_error("an id is malformed");
        }
    }

    PQclear(res);

    return 0;
}


/* Of the new name there has to be nothing, unless a run before was killed. */
static int
rename_check(source_run_t *run)
{
    size_t    there;
    unsigned  kind;

    there = 0;

    for (kind = 0; kind < ROSTER_ITEM_KINDS; kind++) {
        if (whole_read(run, run->to.source, kind) != 0) {
            return -1;
        }

        there += run->count[kind];
        free(run->list[kind]);
        run->list[kind] = NULL;
    }

    if (there != 0 && !run->again) {
        return ctl_error("there is a source \"%s\": merge takes the ids of two",
                         run->to.source);
    }

    there = 0;

    for (kind = 0; kind < ROSTER_ITEM_KINDS; kind++) {
        if (whole_read(run, run->from.source, kind) != 0) {
            return -1;
        }

        there += run->count[kind];
    }

    return there != 0 || run->again ? 0
           : ctl_error("nobody is of the source \"%s\"", run->from.source);
}


static int
rename_apply(source_run_t *run)
{
    ctl_t  *ctl;

    ctl = run->ctl;

    if (!run->again
        && roster_ids_rename(ctl, run->from.source, run->to.source) != 0)
    {
        return -1;
    }

    return run_apply(run) == 0
           && roster_source_rename(ctl, run->from.source, run->to.source) == 0
           ? roster_ids_renamed(ctl, run->to.source) : -1;
}


static int
rename_run(source_run_t *run)
{
    const char  *was;

    if (run_open(run) != 0 || roster_ids_load(&run->to, &was) != 0) {
        return CTL_FAILED;
    }

    run->again = was != NULL && strcmp(was, run->from.source) == 0;

    if (!run->again && (roster_ids_ready(&run->from) != 0
                        || roster_ids_ready(&run->to) != 0))
    {
        return CTL_FAILED;
    }

    if (rename_check(run) != 0) {
        return CTL_FAILED;
    }

    return run_finish(run, rename_apply);
}


int
ctl_cmd_source_rename(ctl_t *ctl)
{
    int           rc;
    source_run_t  run;

    if (words_check(ctl, ctl->args[0], ctl->args[1]) != 0) {
        return CTL_USAGE;
    }

    if (strcmp(ctl->args[0], ctl->args[1]) == 0) {
        ctl_error("that is its name already");
        return CTL_USAGE;
    }

    run_begin(&run, ctl, "rename", ctl->args[0], ctl->args[1]);
    rc = rename_run(&run);
    run_end(&run);

    return rc;
}
