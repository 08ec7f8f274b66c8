/*
 * Copyright (C) the Pupil authors
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/audit/note.h"
#include "core/base/text.h"
#include "core/base/time.h"
#include "ctl/base/clock.h"
#include "ctl/base/db.h"
#include "ctl/base/text.h"
#include "ctl/roster/guard.h"
#include "ctl/roster/images.h"
#include "ctl/roster/planned.h"
#include "ctl/roster/planned_note.h"
#include "ctl/roster/runs.h"
#include "ctl/roster/sealing.h"
#include "ctl/store/keys.h"
#include "ctl/store/record.h"


static const ctl_access_t  plan_access = {
    .category = "enrolment",
    .fields = "",
    .purpose = PUPIL_PURPOSE_ROSTERING,
    .operation = PUPIL_OPERATION_WRITE,
    .about = "none"
};


static int
planned_record(roster_t *roster, const char *detail)
{
    ctl_t  *ctl;

    ctl = roster->ctl;

    if (ctl_begin(ctl->data, &ctl->tenant) == 0
        && ctl_record_one(ctl, &plan_access, "allowed", NULL, detail) == 0
        && ctl_commit(ctl->data) == 0)
    {
        return 0;
    }

    ctl_rollback(ctl->data);

    return -1;
}


static roster_planned_t *
planned_new(roster_t *roster)
{
    roster_planned_t  *planned;

    planned = ctl_pool_alloc(&roster->pool, sizeof(roster_planned_t));
    memset(planned, 0, sizeof(roster_planned_t));
    planned->ctl = roster->ctl;
    roster->planned = planned;

    return planned;
}


/* Work of classes is as large as it likes, and read twice: it has its files. */
int
roster_planned_keep(roster_t *roster, const roster_table_t *tables)
{
    int                rc;
    uint8_t            sealed[ROSTER_PLANNED_KEY];
    roster_planned_t  *planned;

    if (roster->planned != NULL || roster->work.tasks_count != 0) {
        return 0;
    }

    planned = planned_new(roster);
    pupil_uuid_random(&planned->id);
    ctl_uuid_text(&planned->id, planned->text);

    if (roster_planned_key_make(planned, sealed) != 0
        || roster_planned_insert(planned, sealed) != 0)
    {
        return -1;
    }

    roster_states_make(roster, tables, &planned->states);
    rc = roster_model_put(planned, roster, &planned->states);
    roster_states_free(&planned->states);

    return rc;
}


static json_t *
counts_json(const roster_t *roster)
{
    json_t                *list;
    unsigned               kind;
    const roster_count_t  *count;

    list = json_array();

    for (kind = 0; kind < ROSTER_KINDS; kind++) {
        count = &roster->counts[kind];
        json_array_append_new(list, json_pack("[I,I,I,b]",
            (json_int_t) count->taken, (json_int_t) count->refused,
            (json_int_t) count->other, roster->absent[kind]));
    }

    return list;
}


static void
policy_hex(const ctl_t *ctl, char out[65])
{
    sodium_bin2hex(out, 65, ctl->policy_hash, sizeof(ctl->policy_hash));
}


/* What is no item or link: what was read of the rest, and how it ends. */
static int
tail_put(roster_t *roster, unsigned accepts)
{
    int       rc;
    char     *text, policy[65];
    json_t   *tail;
    uint32_t  len;

    policy_hex(roster->ctl, policy);

    tail = json_pack("{s:i,s:b,s:b,s:b,s:I,s:I,s:s,s:s,s:o,s:O,s:O,s:O,s:O}",
                     "accepts", (int) accepts,
                     "spaces", roster->spaces, "roles_said", roster->roles_said,
                     "close_absent", roster->ctl->opt.close_absent,
                     "unread", (json_int_t) roster->unread,
                     "no_login", (json_int_t) roster->no_login,
                     "policy", policy, "source", roster->source,
                     "counts", counts_json(roster),
                     "refused", roster->refused, "rules", roster->rules,
                     "columns", roster->columns, "files", roster->files);
    text = json_dumps(tail, JSON_COMPACT);
    json_decref(tail);

    if (text == NULL) {
        return ctl_error("out of memory");
    }

    len = (uint32_t) strlen(text);
    rc = roster_planned_put(roster->planned, &len, sizeof(len)) == 0
         && roster_planned_put(roster->planned, text, len) == 0 ? 0 : -1;
    free(text);

    return rc;
}


int
roster_planned_made(roster_t *roster, const char *plan, unsigned accepts)
{
    char               detail[64];
    roster_planned_t  *planned;

    planned = roster->planned;

    if (planned == NULL) {
        return 0;
    }

    planned->accepts = accepts;
    snprintf(planned->plan, sizeof(planned->plan), "%s", plan);
    snprintf(detail, sizeof(detail), "plan=%s", plan);

    return tail_put(roster, accepts) == 0
           && roster_planned_put_end(planned) == 0
           && roster_note_make(roster) == 0
           && planned_record(roster, detail) == 0
           ? roster_planned_name(planned, roster->source) : -1;
}


int
roster_planned_open(roster_t *roster, const char *plan)
{
    roster_planned_t  *planned;

    planned = planned_new(roster);
    planned->applies = 1;

    if (strlen(plan) != ROSTER_PLAN_LEN
        || strspn(plan, "0123456789abcdef") != ROSTER_PLAN_LEN)
    {
        return ctl_error("PLAN is the id that a plan has, or a roster that is"
                         " held");
    }

    if (roster_planned_find(planned, plan) != 0
        || roster_note_check(planned) != 0)
    {
        return -1;
    }

    roster->source = planned->source;
    roster->space = planned->source;
    roster->detail = planned->source;

    return 0;
}


static size_t
tail_number(const json_t *tail, const char *name)
{
    return (size_t) json_integer_value(json_object_get(tail, name));
}


static void
tail_list(const json_t *tail, const char *name, json_t **list)
{
    json_decref(*list);
    *list = json_incref(json_object_get(tail, name));
}


static int
tail_use(roster_t *roster, json_t *tail)
{
    char               policy[65];
    json_t            *count;
    unsigned           kind;
    roster_planned_t  *planned;

    planned = roster->planned;
    planned->accepts = (unsigned) tail_number(tail, "accepts");
    roster->spaces = json_is_true(json_object_get(tail, "spaces"));
    roster->roles_said = json_is_true(json_object_get(tail, "roles_said"));
    roster->unread = tail_number(tail, "unread");
    roster->no_login = tail_number(tail, "no_login");
    roster->ctl->opt.close_absent =
        json_is_true(json_object_get(tail, "close_absent"));

    for (kind = 0; kind < ROSTER_KINDS; kind++) {
        count = json_array_get(json_object_get(tail, "counts"), kind);
        roster->counts[kind].taken =
            (size_t) json_integer_value(json_array_get(count, 0));
        roster->counts[kind].refused =
            (size_t) json_integer_value(json_array_get(count, 1));
        roster->counts[kind].other =
            (size_t) json_integer_value(json_array_get(count, 2));
        roster->absent[kind] = json_is_true(json_array_get(count, 3));
    }

    tail_list(tail, "refused", &roster->refused);
    tail_list(tail, "rules", &roster->rules);
    tail_list(tail, "columns", &roster->columns);
    tail_list(tail, "files", &roster->files);

    policy_hex(roster->ctl, policy);

    return strcmp(policy, json_string_value(json_object_get(tail, "policy")))
           == 0 ? 0 : ctl_error("what plugins let rostering take has changed"
                                " since plan %s was made: nothing was changed",
                                planned->plan);
}


static int
tail_take(roster_t *roster)
{
    int        rc;
    char      *text;
    json_t    *tail;
    uint32_t   len;

    if (roster_planned_take(roster->planned, &len, sizeof(len)) != 0) {
        return -1;
    }

    text = ctl_memory((size_t) len + 1);
    rc = roster_planned_take(roster->planned, text, len);
    tail = rc == 0 ? json_loadb(text, len, 0, NULL) : NULL;
    free(text);

    if (rc == 0) {
        rc = tail != NULL ? tail_use(roster, tail)
             : ctl_error("the plan is malformed");
    }

    json_decref(tail);

    return rc;
}


int
roster_planned_load(roster_t *roster)
{
    roster_planned_t  *planned;

    planned = roster->planned;

    return roster_model_take(planned, roster, &planned->states) == 0
           && tail_take(roster) == 0 ? roster_planned_take_end(planned) : -1;
}


typedef struct {
    roster_t   *roster;
    ctl_map_t   ids;
} touched_t;


static int
touched_take(void *ctx, const pupil_uuid_t *owner, json_t *json)
{
    int             fresh;
    touched_t      *touched = ctx;
    pupil_str_t     key;
    pupil_uuid_t   *id;

    (void) json;

    id = ctl_pool_alloc(&touched->roster->pool, sizeof(pupil_uuid_t));
    *id = *owner;
    key.data = id->b;
    key.len = PUPIL_UUID_LEN;
    ctl_map_put(&touched->ids, key, &fresh);

    return 0;
}


/* Whom a run of this plan that was killed has changed already. */
static int
touched_read(touched_t *touched)
{
    int            rc, row;
    ctl_t         *ctl;
    PGresult      *res;
    const char    *params[3];
    pupil_uuid_t   run;

    ctl = touched->roster->ctl;
    params[0] = ctl->tenant_text;
    params[1] = touched->roster->planned->plan;
    params[2] = touched->roster->planned->begun;

    if (params[2][0] == '\0') {
        return 0;
    }

    res = ctl_ask(ctl, ctl->keys, "SELECT r.run FROM keystore.import_run AS r"
                  " WHERE r.tenant = $1::uuid AND r.plan = $2 AND r.begun_at"
                  " >= $3::timestamptz AND r.state = 'begun'", 3, params);
    if (res == NULL) {
        return -1;
    }

    rc = 0;

    for (row = 0; rc == 0 && row < PQntuples(res); row++) {
        rc = ctl_get_uuid(res, row, 0, &run) == 0
             ? roster_sealing_read(touched->roster, &run, touched_take, touched)
             : ctl_error("a row of keystore.import_run is malformed");
    }

    PQclear(res);

    return rc;
}


static int
changed_say(roster_t *roster)
{
    char  detail[64];

    roster_hold(roster, "%zu of whom or what plan %s has changed since it was"
                " made", roster->changed_count, roster->planned->plan);
    ctl_error("%zu of whom or what plan %s has changed since it was made;"
              " nothing was changed: make a plan anew",
              roster->changed_count, roster->planned->plan);
    snprintf(detail, sizeof(detail), "changed=%s", roster->planned->plan);

    return roster_held_record(roster->ctl, detail) == 0 ? 1 : -1;
}


int
roster_planned_check(roster_t *roster, const roster_table_t *tables)
{
    int                rc;
    touched_t          touched;
    roster_states_t    now;
    roster_planned_t  *planned;

    planned = roster->planned;

    if (planned == NULL || !planned->applies) {
        return 0;
    }

    memset(&touched, 0, sizeof(touched_t));
    touched.roster = roster;
    roster->changed = json_array();

    rc = touched_read(&touched);

    if (rc == 0) {
        roster_states_make(roster, tables, &now);
        roster_states_compare(roster, &planned->states, &now, &touched.ids);
        roster_states_free(&now);
    }

    ctl_map_free(&touched.ids);

    return rc < 0 || roster->changed_count == 0 ? rc : changed_say(roster);
}


static int
second_refused(roster_t *roster, const char *plan, const char *by)
{
    char  detail[160];

    if (by[0] == '\0') {
        roster_hold(roster, "nobody else has made plan %s", plan);
        ctl_error("nobody else has made plan %s: with --acceptance two one"
                  " person plans, by --plan, and another says import apply;"
                  " nothing was changed", plan);
    } else {
        roster_hold(roster, "who made plan %s does not accept it", plan);
        ctl_error("plan %s was made by %s: with --acceptance two another"
                  " person accepts it; nothing was changed", plan, by);
    }

    snprintf(detail, sizeof(detail), "accept=%s made_by=%s", plan,
             by[0] != '\0' ? by : "none");

    return roster_held_record(roster->ctl, detail) == 0 ? 1 : -1;
}


int
roster_planned_second(roster_t *roster)
{
    char                     by[65];
    ctl_t                   *ctl;
    const char              *plan;
    const roster_planned_t  *planned;

    ctl = roster->ctl;
    planned = roster->planned;

    if (ctl->opt.acceptance == NULL || strcmp(ctl->opt.acceptance, "two") != 0
        || ctl->opt.plan)
    {
        return 0;
    }

    if (planned != NULL && planned->applies) {
        return planned->begun[0] != '\0'       /* it was accepted then */
               || strcmp(planned->by, ctl->account) != 0 ? 0
               : second_refused(roster, planned->plan, planned->by);
    }

    plan = ctl->opt.apply != NULL ? ctl->opt.apply
           : roster->accepts != 0 ? ctl->opt.accept : NULL;

    if (plan == NULL) {
        return 0;
    }

    if (roster_planned_maker(ctl, plan, by) != 0) {
        return -1;
    }

    return by[0] != '\0' && strcmp(by, ctl->account) != 0
           ? 0 : second_refused(roster, plan, by);
}


int
roster_planned_begin(roster_t *roster)
{
    char               detail[160];
    roster_planned_t  *planned;

    planned = roster->planned;

    if (planned == NULL) {
        return 0;
    }

    snprintf(detail, sizeof(detail), "apply=%s made_by=%s", planned->plan,
             planned->by);

    return planned_record(roster, detail) == 0 ? roster_planned_begun(planned)
                                               : -1;
}


int
roster_planned_done(roster_t *roster)
{
    return roster->planned == NULL ? 0 : roster_planned_used(roster->planned);
}


void
roster_planned_free(roster_t *roster)
{
    if (roster->planned != NULL) {
        roster_states_free(&roster->planned->states);
        ctl_buf_free(&roster->planned->buf);
    }
}
