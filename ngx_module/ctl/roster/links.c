/*
 * Copyright (C) the Pupil authors
 *
 * Roles and enrolments of a roster, against those that are stored.  An empty
 * or halved roster is an accident, not an instruction: it is refused until
 * somebody confirms it.
 */

#include <stdlib.h>
#include <string.h>

#include "ctl/roster/progress.h"
#include "ctl/roster/roster.h"


#define BATCH      1000         /* links a transaction */
#define ABSENT_OF  5            /* one in five may go without confirmation */

enum {
    ROLES = 0,
    ENROLMENTS
};

/* A row as it is stored. */
struct roster_stored_s {
    pupil_uuid_t   id;          /* of an enrolment */
    pupil_uuid_t   key[2];      /* subject; institution or class */
    pupil_uuid_t   institution;
    roster_role_t  role;
    int32_t        from, to;
    char           source[64];
    uint8_t        authentic, ours, matched;
};

typedef struct {
    int               which;
    roster_link_t    *links[BATCH];
    pupil_uuid_t      ids[BATCH];
    pupil_uuid_t      subjects[BATCH];
    pupil_uuid_t      where[BATCH];
    pupil_uuid_t      institutions[BATCH];
    roster_role_t     roles[BATCH];
    int32_t           from[BATCH], to[BATCH];
    unsigned          count;
} batch_t;


static const ctl_access_t  link_access[2] = {
    { "enrolment", "school_id role from to", PUPIL_PURPOSE_ROSTERING,
      PUPIL_OPERATION_WRITE, "subjects" },
    { "enrolment", "class_id school_id role from to",
      PUPIL_PURPOSE_ROSTERING, PUPIL_OPERATION_WRITE, "subjects" }
};

static const char *const  load_sql[2] = {
    "SELECT subject, subject, institution, institution, role,"
    " valid_from - DATE '1970-01-01', valid_to - DATE '1970-01-01', source,"
    " mac FROM pupil.role",
    "SELECT enrolment, subject, class, institution, role,"
    " valid_from - DATE '1970-01-01', valid_to - DATE '1970-01-01', source,"
    " mac FROM pupil.enrolment"
};


static const char *
role_text(roster_role_t role)
{
    return role == ROSTER_PUPIL ? "pupil"
           : role == ROSTER_TEACHER ? "teacher" : "school_admin";
}


static roster_role_t
role_value(const char *text)
{
    return strcmp(text, "pupil") == 0 ? ROSTER_PUPIL
           : strcmp(text, "teacher") == 0 ? ROSTER_TEACHER
           : strcmp(text, "school_admin") == 0 ? ROSTER_ADMIN : 0;
}


static void
link_mac(roster_t *roster, int which, const roster_stored_t *row,
    const pupil_key_t *key, uint8_t mac[PUPIL_MAC_LEN])
{
    pupil_role_row_t       role;
    pupil_enrolment_row_t  enrolment;

    if (which == ROLES) {
        role.tenant = roster->ctl->tenant;
        role.subject = row->key[0];
        role.institution = row->key[1];
        role.role = ctl_str(role_text(row->role));
        role.valid_from = row->from;
        role.valid_to = row->to;
        role.source = ctl_str(row->source);
        pupil_mac_role(key, &role, mac);
        return;
    }

    enrolment.tenant = roster->ctl->tenant;
    enrolment.enrolment = row->id;
    enrolment.subject = row->key[0];
    enrolment.class_id = row->key[1];
    enrolment.institution = row->institution;
    enrolment.role = ctl_str(role_text(row->role));
    enrolment.valid_from = row->from;
    enrolment.valid_to = row->to;
    enrolment.source = ctl_str(row->source);
    pupil_mac_enrolment(key, &enrolment, mac);
}


static int
stored_row(roster_t *roster, int which, const PGresult *res, int n,
    const pupil_key_t *key, roster_stored_t *row)
{
    uint8_t      made[PUPIL_MAC_LEN], stored[PUPIL_MAC_LEN];
    pupil_str_t  s = { stored, 0 };

    memset(row, 0, sizeof(roster_stored_t));
    row->role = role_value(PQgetvalue(res, n, 4));
    if (ctl_get_uuid(res, n, 0, &row->id) != 0
        || ctl_get_uuid(res, n, 1, &row->key[0]) != 0
        || ctl_get_uuid(res, n, 2, &row->key[1]) != 0
        || ctl_get_uuid(res, n, 3, &row->institution) != 0)
    {
        return ctl_error("a stored role or enrolment is malformed");
    }

    row->from = ctl_get_int(res, n, 5, PUPIL_DATE_NONE);
    row->to = ctl_get_int(res, n, 6, PUPIL_DATE_NONE);
    snprintf(row->source, sizeof(row->source), "%s", PQgetvalue(res, n, 7));
    row->ours = strcmp(row->source, roster->source) == 0;
    ctl_get_bytes(res, n, 8, stored, sizeof(stored), &s.len);
    link_mac(roster, which, row, key, made);
    row->authentic = row->role == 0 || pupil_mac_check(made, s) == PUPIL_OK;

    return row->authentic ? 0
           : ctl_record_one(roster->ctl, &link_access[which], "tampered",
                            &row->key[0], which == ROLES ? "row=role"
                                                         : "row=enrolment");
}


static int
load(roster_t *roster, int which)
{
    int                 n, rc = 0, count;
    PGresult           *res;
    const pupil_key_t  *key;

    key = ctl_key(roster->ctl, "mac");
    res = key == NULL ? NULL : ctl_query(roster->ctl->data, load_sql[which],
                                         0, NULL);
    if (res == NULL) {
        return -1;
    }

    count = PQntuples(res);
    roster->stored[which] = ctl_pool_alloc(&roster->pool,
        ((size_t) count + 1) * sizeof(roster_stored_t));
    roster->stored_count[which] = (size_t) count;
    for (n = 0; rc == 0 && n < count; n++) {
        rc = stored_row(roster, which, res, n, key,
                        &roster->stored[which][n]);
    }
    PQclear(res);

    return rc;
}


int
roster_links_load(roster_t *roster)
{
    PGconn  *conn = roster->ctl->data;

    if (ctl_begin(conn, &roster->ctl->tenant) != 0
        || load(roster, ROLES) != 0 || load(roster, ENROLMENTS) != 0)
    {
        return -1;
    }

    return ctl_commit(conn);
}


static const roster_item_t *
link_where(const roster_t *roster, int which, const roster_link_t *link)
{
    return roster->items[which == ROLES ? ROSTER_INSTITUTION : ROSTER_CLASS]
           .items[link->where];
}


static int
link_refused(const roster_t *roster, int which, const roster_link_t *link)
{
    return roster->items[ROSTER_USER].items[link->user]->refused
           || link_where(roster, which, link)->refused;
}


/* subject, institution or class, role: as bytes */
static void
link_key(const pupil_uuid_t *subject, const pupil_uuid_t *where,
    roster_role_t role, uint8_t key[33])
{
    memcpy(key, subject->b, 16);
    memcpy(key + 16, where->b, 16);
    key[32] = (uint8_t) role;
}


static void
stored_map(roster_t *roster, int which, ctl_map_t *map)
{
    int               fresh;
    size_t            i;
    uint8_t          *key;
    pupil_str_t       s;
    roster_stored_t  *row;

    memset(map, 0, sizeof(ctl_map_t));
    s.len = 33;
    for (i = 0; i < roster->stored_count[which]; i++) {
        row = &roster->stored[which][i];
        key = ctl_pool_alloc(&roster->pool, 33);
        link_key(&row->key[0], &row->key[1], row->role, key);
        s.data = key;
        ctl_map_put(map, s, &fresh)->value = (uint32_t) i;
    }
}


static roster_stored_t *
stored_find(roster_t *roster, int which, const ctl_map_t *map,
    const roster_link_t *link)
{
    uint8_t      key[33];
    ctl_slot_t  *slot;
    pupil_str_t  s = { key, sizeof(key) };

    link_key(&roster->items[ROSTER_USER].items[link->user]->owner.id,
             &link_where(roster, which, link)->owner.id, link->role, key);
    slot = ctl_map_get(map, s);

    return slot == NULL ? NULL : &roster->stored[which][slot->value];
}


static int
live(const roster_t *roster, const roster_stored_t *row)
{
    return row != NULL && row->ours && row->authentic && row->role != 0
           && row->to >= roster->today;
}


static int
guard_links(roster_t *roster, int which)
{
    size_t            i, now = 0, before = 0, absent = 0;
    ctl_map_t         map;
    roster_kind_t     kind = which == ROLES ? ROSTER_ROLE : ROSTER_ENROLMENT;
    roster_links_t   *links = &roster->links[kind];
    roster_stored_t  *row;
    const char       *name = roster_kinds[kind].name;

    stored_map(roster, which, &map);
    for (i = 0; i < links->count; i++) {
        if (link_refused(roster, which, &links->links[i])) {
            continue;
        }
        now++;
        row = stored_find(roster, which, &map, &links->links[i]);
        if (row != NULL) {
            row->matched = 1;
        }
    }
    ctl_map_free(&map);

    for (i = 0; i < roster->stored_count[which]; i++) {
        row = &roster->stored[which][i];
        if (live(roster, row)) {
            before++;
            absent += !row->matched;
        }
    }

    if (roster->ctl->opt.confirm_removal) {
        return 0;
    }

    if (now * 2 < before) {
        return ctl_error("the roster has %zu %s, less than half of the %zu"
                         " that are live: an accident?  If not, say"
                         " --confirm-removal; nothing was changed", now, name,
                         before);
    }

    if (roster->ctl->opt.close_absent && absent * ABSENT_OF > before) {
        return ctl_error("%zu of %zu %s are not in the roster and would end,"
                         " more than one in five: an accident?  If not, say"
                         " --confirm-removal; nothing was changed", absent,
                         before, name);
    }

    return 0;
}


int
roster_guard(roster_t *roster)
{
    int          before;
    uint32_t     i, now = 0;
    PGresult    *res = NULL;
    const char  *params[1];

    for (i = 0; i < roster->items[ROSTER_USER].count; i++) {
        now += !roster->items[ROSTER_USER].items[i]->refused;
    }

    params[0] = roster->source;
    if (ctl_begin(roster->ctl->data, &roster->ctl->tenant) == 0) {
        res = ctl_query(roster->ctl->data, "SELECT count(*) FROM"
                        " pupil.subject WHERE source = $1 AND status ="
                        " 'active'", 1, params);
    }
    if (res == NULL) {
        return -1;
    }
    before = ctl_get_int(res, 0, 0, 0);
    PQclear(res);
    ctl_rollback(roster->ctl->data);

    if (!roster->ctl->opt.confirm_removal
        && (now == 0 || now * 2 < (uint32_t) before))
    {
        return ctl_error("the roster has %u users that can be taken, %d are"
                         " known from source \"%s\": an accident?  If not,"
                         " say --confirm-removal; nothing was changed", now,
                         before, roster->source);
    }

    return guard_links(roster, ROLES) == 0
           ? guard_links(roster, ENROLMENTS) : -1;
}


static void
dates_array(ctl_buf_t *array, const int32_t *days, unsigned count)
{
    unsigned  i;

    ctl_array_begin(array);
    for (i = 0; i < count; i++) {
        if (days[i] == PUPIL_DATE_NONE) {
            ctl_array_null(array);
        } else {
            ctl_array_int(array, days[i]);
        }
    }
    ctl_array_end(array);
}


static const char *const  write_sql[2] = {
    "INSERT INTO pupil.role (tenant, subject, institution, role, valid_from,"
    " valid_to, source, mac) SELECT $1::uuid, r.subject, r.place, r.role,"
    " DATE '1970-01-01' + r.since, DATE '1970-01-01' + r.until, $2, r.mac"
    " FROM unnest($3::uuid[], $4::uuid[], $5::uuid[], $6::uuid[], $7::text[],"
    " $8::integer[], $9::integer[], $10::bytea[]) AS r(id, subject, place,"
    " institution, role, since, until, mac) ON CONFLICT (tenant, subject,"
    " institution, role) DO UPDATE SET valid_from = EXCLUDED.valid_from,"
    " valid_to = EXCLUDED.valid_to, source = EXCLUDED.source, mac ="
    " EXCLUDED.mac",
    "INSERT INTO pupil.enrolment (tenant, enrolment, subject, class,"
    " institution, role, valid_from, valid_to, source, mac) SELECT $1::uuid,"
    " r.id, r.subject, r.place, r.institution, r.role, DATE '1970-01-01' +"
    " r.since, DATE '1970-01-01' + r.until, $2, r.mac FROM unnest($3::uuid[],"
    " $4::uuid[], $5::uuid[], $6::uuid[], $7::text[], $8::integer[],"
    " $9::integer[], $10::bytea[]) AS r(id, subject, place, institution,"
    " role, since, until, mac) ON CONFLICT (tenant, subject, class, role) DO"
    " UPDATE SET institution = EXCLUDED.institution, valid_from ="
    " EXCLUDED.valid_from, valid_to = EXCLUDED.valid_to, source ="
    " EXCLUDED.source, mac = EXCLUDED.mac"
};


static int
batch_arrays(roster_t *roster, const batch_t *batch, ctl_buf_t *arrays,
    ctl_buf_t *subjects)
{
    int                 fresh;
    uint8_t             mac[PUPIL_MAC_LEN];
    unsigned            i;
    ctl_map_t           seen = { NULL, 0, 0 };
    pupil_str_t         s;
    roster_stored_t     row;
    const pupil_key_t  *key;

    key = ctl_key(roster->ctl, "mac");
    if (key == NULL) {
        return -1;
    }

    memset(&row, 0, sizeof(row));
    snprintf(row.source, sizeof(row.source), "%s", roster->source);
    s.len = PUPIL_UUID_LEN;
    for (i = 0; i < 8; i++) {
        ctl_array_begin(&arrays[i]);
    }
    ctl_array_begin(subjects);

    for (i = 0; i < batch->count; i++) {
        row.id = batch->ids[i];
        row.key[0] = batch->subjects[i];
        row.key[1] = batch->where[i];
        row.institution = batch->institutions[i];
        row.role = batch->roles[i];
        row.from = batch->from[i];
        row.to = batch->to[i];
        link_mac(roster, batch->which, &row, key, mac);
        ctl_array_uuid(&arrays[0], &row.id);
        ctl_array_uuid(&arrays[1], &row.key[0]);
        ctl_array_uuid(&arrays[2], &row.key[1]);
        ctl_array_uuid(&arrays[3], &row.institution);
        ctl_array_text(&arrays[4], ctl_str(role_text(row.role)));
        ctl_array_bytes(&arrays[7], mac, sizeof(mac));
        s.data = batch->subjects[i].b;
        ctl_map_put(&seen, s, &fresh);
        if (fresh) {
            ctl_array_uuid(subjects, &batch->subjects[i]);
        }
    }

    dates_array(&arrays[5], batch->from, batch->count);
    dates_array(&arrays[6], batch->to, batch->count);
    ctl_array_end(subjects);
    for (i = 0; i < 8; i++) {
        if (i != 5 && i != 6) {
            ctl_array_end(&arrays[i]);
        }
    }
    ctl_map_free(&seen);

    return 0;
}


static int
batch_write(roster_t *roster, batch_t *batch)
{
    int          rc = -1;
    unsigned     i;
    ctl_t       *ctl = roster->ctl;
    ctl_buf_t    arrays[8], subjects = { NULL, 0, 0 };
    const char  *params[10];

    if (batch->count == 0) {
        return 0;
    }

    memset(arrays, 0, sizeof(arrays));
    if (batch_arrays(roster, batch, arrays, &subjects) != 0) {
        return -1;
    }

    params[0] = ctl->tenant_text;
    params[1] = roster->source;
    for (i = 0; i < 8; i++) {
        params[2 + i] = arrays[i].data;
    }

    if (ctl_begin(ctl->data, &ctl->tenant) == 0
        && ctl_exec(ctl->data, write_sql[batch->which], 10, params) == 0
        && ctl_record(ctl, &link_access[batch->which], "allowed",
                      subjects.data, roster->source) == 0
        && ctl_commit(ctl->data) == 0)
    {
        rc = 0;
    } else {
        ctl_rollback(ctl->data);
    }

    for (i = 0; i < 8; i++) {
        ctl_buf_free(&arrays[i]);
    }
    ctl_buf_free(&subjects);
    batch->count = 0;

    return rc;
}


static void
batch_add(batch_t *batch, const roster_stored_t *row, int32_t from,
    int32_t to)
{
    unsigned  i = batch->count++;

    batch->ids[i] = row->id;
    batch->subjects[i] = row->key[0];
    batch->where[i] = row->key[1];
    batch->institutions[i] = row->institution;
    batch->roles[i] = row->role;
    batch->from[i] = from;
    batch->to[i] = to;
}


/* 1 when the row as it should be, in *want, differs from what is stored. */
static int
link_plan(const roster_t *roster, int which, const roster_link_t *link,
    const roster_stored_t *row, roster_stored_t *want)
{
    const roster_item_t  *where = link_where(roster, which, link);

    memset(want, 0, sizeof(roster_stored_t));
    want->key[0] = roster->items[ROSTER_USER].items[link->user]->owner.id;
    want->key[1] = where->owner.id;
    want->institution = where->owner.id;
    if (where->parent != ROSTER_NONE) {
        want->institution =
            roster->items[ROSTER_INSTITUTION].items[where->parent]->owner.id;
    }
    want->role = link->role;
    want->to = link->to;
    want->from = link->from;

    if (link->from == PUPIL_DATE_NONE) {
        want->from = row != NULL && row->authentic
                     && row->from <= roster->today && row->to >= roster->today
                     ? row->from : roster->today;
    }
    if (want->to < want->from) {
        want->from = want->to;
    }

    if (row == NULL) {
        pupil_uuid_random(&want->id);
        return 1;
    }
    want->id = row->id;

    return !row->authentic || row->from != want->from || row->to != want->to
           || pupil_uuid_compare(&row->institution, &want->institution) != 0;
}


static int
links_write(roster_t *roster, int which, batch_t *batch)
{
    int               rc = 0;
    size_t            i;
    ctl_map_t         map;
    roster_kind_t     kind = which == ROLES ? ROSTER_ROLE : ROSTER_ENROLMENT;
    roster_link_t    *link;
    roster_links_t   *links = &roster->links[kind];
    roster_count_t   *count = &roster->counts[kind];
    roster_stored_t  *row, want;

    stored_map(roster, which, &map);
    batch->which = which;

    for (i = 0; rc == 0 && i < links->count; i++) {
        link = &links->links[i];
        if (link_refused(roster, which, link)) {
            roster_refuse(roster, kind, &link->place,
                          "its user, class or institution is refused");
            continue;
        }

        row = stored_find(roster, which, &map, link);
        if (!link_plan(roster, which, link, row, &want)
            || (row != NULL && row->authentic && !row->ours))
        {
            /* what an operator or another source gave is not ours to change */
            count->unchanged++;
            continue;
        }

        batch_add(batch, &want, want.from, want.to);
        if (row == NULL) {
            count->taken++;
        } else {
            count->changed++;
        }
        if (batch->count == BATCH) {
            rc = batch_write(roster, batch);
            roster_progress(roster_kinds[kind].name, i, links->count);
        }
    }
    ctl_map_free(&map);

    return rc == 0 ? batch_write(roster, batch) : -1;
}


static int
absent_end(roster_t *roster, int which, batch_t *batch)
{
    int               rc = 0;
    size_t            i;
    int32_t           yesterday = roster->today - 1;
    roster_kind_t     kind = which == ROLES ? ROSTER_ROLE : ROSTER_ENROLMENT;
    roster_stored_t  *row;

    for (i = 0; rc == 0 && i < roster->stored_count[which]; i++) {
        row = &roster->stored[which][i];
        if (row->matched || !live(roster, row)) {
            continue;
        }
        batch_add(batch, row, row->from < yesterday ? row->from : yesterday,
                  yesterday);
        roster->counts[kind].ended++;
        if (batch->count == BATCH) {
            rc = batch_write(roster, batch);
        }
    }

    return rc == 0 ? batch_write(roster, batch) : -1;
}


int
roster_apply_links(roster_t *roster)
{
    int       which;
    batch_t  *batch;

    if (ctl_granted(roster->ctl, "enrolment", "class_id",
                    PUPIL_PURPOSE_ROSTERING, PUPIL_OPERATION_WRITE, NULL) < 0
        || ctl_granted(roster->ctl, "enrolment", "role",
                       PUPIL_PURPOSE_ROSTERING, PUPIL_OPERATION_WRITE, NULL)
           < 0)
    {
        return ctl_error("no plugin grants enrolment.class_id and"
                         " enrolment.role to rostering: roles and enrolments"
                         " were not written");
    }

    batch = ctl_pool_alloc(&roster->pool, sizeof(batch_t));
    memset(batch, 0, sizeof(batch_t));

    for (which = ROLES; which <= ENROLMENTS; which++) {
        if (links_write(roster, which, batch) != 0
            || (roster->ctl->opt.close_absent
                && absent_end(roster, which, batch) != 0))
        {
            return -1;
        }
    }

    return 0;
}
