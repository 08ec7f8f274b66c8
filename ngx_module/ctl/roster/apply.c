/*
 * Copyright (C) the Pupil authors
 *
 * Writes institutions, classes and users in bounded transactions, each with
 * its audit records (invariants I2, I19).  What did not change since the last
 * import is neither read nor written: fingerprints tell.
 */

#include <stdlib.h>
#include <string.h>

#include "ctl/roster/progress.h"
#include "ctl/roster/roster.h"
#include "core/login/token.h"


#define BATCH         200       /* items a transaction */
#define GROUP_FIELDS  2

/* What is stored of an item in one category. */
typedef struct {
    const char      *category;
    roster_value_t   values[GROUP_FIELDS];
    const char      *fields[GROUP_FIELDS];
    unsigned         count;
    int              indexed;   /* of roster_item_t.states, -1 */
} group_t;

typedef struct {
    roster_kind_t    kind;
    roster_item_t   *items[BATCH];
    uint8_t          write[BATCH][3];   /* by group */
    uint8_t          prints[BATCH][3][32];
    unsigned         count;
} batch_t;


static const group_t  user_groups[3] = {
    { "identity", { ROSTER_GIVEN, ROSTER_FAMILY },
      { "given_name", "family_name" }, 2, -1 },
    { "credential", { ROSTER_LOGIN, 0 }, { "login_id", NULL }, 1, 1 },
    { "contact", { ROSTER_EMAIL, 0 }, { "email", NULL }, 1, 2 }
};

static const ctl_access_t  group_access[3] = {
    { "identity", "given_name family_name", PUPIL_PURPOSE_ROSTERING,
      PUPIL_OPERATION_WRITE, "subjects" },
    { "credential", "login_id", PUPIL_PURPOSE_ROSTERING,
      PUPIL_OPERATION_WRITE, "subjects" },
    { "contact", "email", PUPIL_PURPOSE_ROSTERING, PUPIL_OPERATION_WRITE,
      "subjects" }
};

static const ctl_access_t  title_access[2] = {
    { "enrolment", "school_title", PUPIL_PURPOSE_ROSTERING,
      PUPIL_OPERATION_WRITE, "none" },
    { "enrolment", "class_title", PUPIL_PURPOSE_ROSTERING,
      PUPIL_OPERATION_WRITE, "none" }
};

static const char *const  owner_kinds[3] = {
    "institution", "class", "subject"
};

static const char *const  source_fields[3] = {
    "institution", "class", "user"
};


static unsigned
groups_of(roster_kind_t kind)
{
    return kind == ROSTER_USER ? 3 : 1;
}


static void
print_add(ctl_buf_t *buf, const void *data, size_t len)
{
    uint8_t  size[4];

    size[0] = (uint8_t) (len >> 24);
    size[1] = (uint8_t) (len >> 16);
    size[2] = (uint8_t) (len >> 8);
    size[3] = (uint8_t) len;
    ctl_buf_add(buf, size, 4);
    ctl_buf_add(buf, data, len);
}


/* Bound to the owner, so that equal values of two do not show. */
static int
fingerprint(roster_t *roster, roster_kind_t kind, const roster_item_t *item,
    unsigned group, uint8_t out[32])
{
    unsigned              i;
    ctl_buf_t             buf = { NULL, 0, 0 };
    const group_t        *g = &user_groups[group];
    pupil_str_t           s;
    const roster_item_t  *parent;
    const pupil_key_t    *key;

    key = ctl_key(roster->ctl, "fingerprint");
    if (key == NULL) {
        return -1;
    }

    print_add(&buf, "import", 6);
    print_add(&buf, item->owner.id.b, PUPIL_UUID_LEN);
    if (kind == ROSTER_USER) {
        print_add(&buf, g->category, strlen(g->category));
        for (i = 0; i < g->count; i++) {
            print_add(&buf, item->values[g->values[i]].data,
                      item->values[g->values[i]].len);
        }
    } else {
        print_add(&buf, "enrolment", 9);
        print_add(&buf, item->values[0].data, item->values[0].len);
        if (item->parent != ROSTER_NONE) {
            parent = roster->items[ROSTER_INSTITUTION].items[item->parent];
            print_add(&buf, parent->owner.id.b, PUPIL_UUID_LEN);
        }
    }

    s.data = (const uint8_t *) buf.data;
    s.len = buf.len;
    pupil_fingerprint_make(key, s, out);
    ctl_buf_free(&buf);

    return 0;
}


static int
query(roster_t *roster, const char *sql, int count, ctl_buf_t *arrays,
    const char *a, const char *b)
{
    int          i, n = 0, rc;
    const char  *params[10];

    params[n++] = roster->ctl->tenant_text;
    params[n++] = a;
    if (b != NULL) {
        params[n++] = b;
    }
    for (i = 0; i < count; i++) {
        ctl_array_end(&arrays[i]);
        params[n++] = arrays[i].data;
    }
    rc = ctl_exec(roster->ctl->data, sql, n, params);
    for (i = 0; i < count; i++) {
        ctl_buf_free(&arrays[i]);
    }

    return rc;
}


static void
arrays_begin(ctl_buf_t *arrays, unsigned count)
{
    unsigned  i;

    memset(arrays, 0, count * sizeof(ctl_buf_t));
    for (i = 0; i < count; i++) {
        ctl_array_begin(&arrays[i]);
    }
}


/* Index rows of a field for the items that have a term. */
static int
index_rows(roster_t *roster, const batch_t *batch, const char *category,
    const char *field, int which, unsigned group)
{
    uint8_t          mac[PUPIL_MAC_LEN];
    unsigned         i;
    ctl_buf_t        arrays[3];
    roster_item_t   *item;
    const uint8_t   *term;

    arrays_begin(arrays, 3);
    for (i = 0; i < batch->count; i++) {
        item = batch->items[i];
        if (which < 0 ? item->known
                      : !batch->write[i][group]
                        || !item->states[which].has_term)
        {
            continue;
        }
        term = which < 0 ? item->term : item->states[which].term;
        if (ctl_index_mac(roster->ctl, category, field, term, &item->owner.id,
                          &item->owner.id, mac) != 0)
        {
            return -1;
        }
        ctl_array_bytes(&arrays[0], term, PUPIL_TERM_LEN);
        ctl_array_uuid(&arrays[1], &item->owner.id);
        ctl_array_bytes(&arrays[2], mac, sizeof(mac));
    }

    return query(roster, "INSERT INTO pupil.blind_index (tenant, category,"
                 " field, term, owner, record, mac) SELECT $1::uuid, $2, $3,"
                 " r.term, r.owner, r.owner, r.mac FROM unnest($4::bytea[],"
                 " $5::uuid[], $6::bytea[]) AS r(term, owner, mac)", 3,
                 arrays, category, field);
}


/* Rows that a new item has besides its values. */
static int
new_rows(roster_t *roster, const batch_t *batch)
{
    uint8_t               mac[PUPIL_MAC_LEN];
    unsigned              i;
    ctl_buf_t             arrays[2];
    const pupil_key_t    *key;
    pupil_subject_row_t   row;

    key = ctl_key(roster->ctl, "mac");
    if (key == NULL) {
        return -1;
    }

    arrays_begin(arrays, 2);
    for (i = 0; i < batch->count; i++) {
        if (!batch->items[i]->known) {
            ctl_array_uuid(&arrays[0], &batch->items[i]->owner.id);
        }
    }
    ctl_buf_free(&arrays[1]);
    if (query(roster, "INSERT INTO pupil.owner (tenant, owner, kind) SELECT"
              " $1::uuid, o, $2 FROM unnest($3::uuid[]) AS o", 1, arrays,
              owner_kinds[batch->kind], NULL) != 0)
    {
        return -1;
    }

    if (batch->kind == ROSTER_USER) {
        row.tenant = roster->ctl->tenant;
        row.status = ctl_str("active");
        row.source = ctl_str(roster->source);
        arrays_begin(arrays, 2);
        for (i = 0; i < batch->count; i++) {
            if (!batch->items[i]->known) {
                row.subject = batch->items[i]->owner.id;
                pupil_mac_subject(key, &row, mac);
                ctl_array_uuid(&arrays[0], &row.subject);
                ctl_array_bytes(&arrays[1], mac, sizeof(mac));
            }
        }
        if (query(roster, "INSERT INTO pupil.subject (tenant, subject,"
                  " status, source, mac) SELECT $1::uuid, r.subject, 'active',"
                  " $2, r.mac FROM unnest($3::uuid[], $4::bytea[])"
                  " AS r(subject, mac)", 2, arrays, roster->source, NULL)
            != 0)
        {
            return -1;
        }
    }

    return index_rows(roster, batch, "source", source_fields[batch->kind],
                      -1, 0);
}


static int
title_rows(roster_t *roster, const batch_t *batch)
{
    unsigned        i;
    ctl_buf_t       arrays[3];
    ctl_pool_t      pool = { NULL };
    pupil_str_t     sealed;
    roster_item_t  *item, *parent;

    arrays_begin(arrays, 3);
    for (i = 0; i < batch->count; i++) {
        item = batch->items[i];
        parent = item->parent == ROSTER_NONE ? item
                 : roster->items[ROSTER_INSTITUTION].items[item->parent];
        if (ctl_seal(roster->ctl, &pool, &item->owner, "enrolment",
                     batch->kind == ROSTER_CLASS ? "class_title"
                                                 : "school_title",
                     &item->owner.id, item->values[0], &sealed) != 0)
        {
            return -1;
        }
        ctl_array_uuid(&arrays[0], &item->owner.id);
        ctl_array_uuid(&arrays[1], &parent->owner.id);
        ctl_array_bytes(&arrays[2], sealed.data, sealed.len);
        ctl_pool_free(&pool);
    }

    return query(roster, batch->kind == ROSTER_CLASS
        ? "INSERT INTO pupil.class (tenant, class, institution, title, source)"
          " SELECT $1::uuid, r.id, r.parent, r.title, $2 FROM"
          " unnest($3::uuid[], $4::uuid[], $5::bytea[]) AS r(id, parent,"
          " title) ON CONFLICT (tenant, class) DO UPDATE SET institution ="
          " EXCLUDED.institution, title = EXCLUDED.title, updated_at = now()"
        : "INSERT INTO pupil.institution (tenant, institution, title, source)"
          " SELECT $1::uuid, r.id, r.title, $2 FROM unnest($3::uuid[],"
          " $4::uuid[], $5::bytea[]) AS r(id, parent, title) ON CONFLICT"
          " (tenant, institution) DO UPDATE SET title = EXCLUDED.title,"
          " updated_at = now()", 3, arrays, roster->source, NULL);
}


/* INSERT ... ON CONFLICT for the fields of a group that are granted. */
static void
group_sql(const group_t *g, const uint8_t *granted, ctl_buf_t *sql)
{
    unsigned  i, n = 0;

    ctl_buf_printf(sql, "INSERT INTO data.\"%s\" (tenant, owner, record,"
                   " key_version, source", g->category);
    for (i = 0; i < GROUP_FIELDS; i++) {
        if (granted[i]) {
            ctl_buf_printf(sql, ", \"%s\"", g->fields[i]);
        }
    }
    ctl_buf_text(sql, ") SELECT $1::uuid, r.owner, r.owner, r.version, $2");
    for (i = 0; i < GROUP_FIELDS; i++) {
        if (granted[i]) {
            ctl_buf_printf(sql, ", r.f%u", i);
        }
    }
    ctl_buf_text(sql, " FROM unnest($3::uuid[], $4::integer[]");
    for (i = 0; i < GROUP_FIELDS; i++) {
        if (granted[i]) {
            ctl_buf_printf(sql, ", $%u::bytea[]", 5 + n++);
        }
    }
    ctl_buf_text(sql, ") AS r(owner, version");
    for (i = 0; i < GROUP_FIELDS; i++) {
        if (granted[i]) {
            ctl_buf_printf(sql, ", f%u", i);
        }
    }
    ctl_buf_text(sql, ") ON CONFLICT (tenant, owner, record) DO UPDATE SET"
                 " key_version = EXCLUDED.key_version, source ="
                 " EXCLUDED.source, updated_at = now()");
    for (i = 0; i < GROUP_FIELDS; i++) {
        if (granted[i]) {
            ctl_buf_printf(sql, ", \"%s\" = EXCLUDED.\"%s\"", g->fields[i],
                           g->fields[i]);
        }
    }
}


static int
group_values(roster_t *roster, const batch_t *batch, unsigned group,
    const uint8_t *granted, ctl_buf_t *arrays)
{
    unsigned        i, f, n;
    ctl_pool_t      pool = { NULL };
    const group_t  *g = &user_groups[group];
    pupil_str_t     sealed;
    roster_item_t  *item;

    for (i = 0; i < batch->count; i++) {
        item = batch->items[i];
        if (!batch->write[i][group]) {
            continue;
        }
        ctl_array_uuid(&arrays[0], &item->owner.id);
        ctl_array_int(&arrays[1], item->owner.version);
        for (f = 0, n = 2; f < GROUP_FIELDS; f++) {
            if (!granted[f]) {
                continue;
            }
            if (item->values[g->values[f]].len == 0) {
                ctl_array_null(&arrays[n++]);
                continue;
            }
            if (ctl_seal(roster->ctl, &pool, &item->owner, g->category,
                         g->fields[f], &item->owner.id,
                         item->values[g->values[f]], &sealed) != 0)
            {
                return -1;
            }
            ctl_array_bytes(&arrays[n++], sealed.data, sealed.len);
            ctl_pool_free(&pool);
        }
    }

    return 0;
}


/* One category of the users of a batch, with its index rows and audit. */
static int
group_rows(roster_t *roster, const batch_t *batch, unsigned group)
{
    int             n = 2, rc;
    uint8_t         granted[GROUP_FIELDS] = { 0 };
    unsigned        i, used = 0;
    ctl_buf_t       arrays[4], sql = { NULL, 0, 0 }, ids = { NULL, 0, 0 };
    ctl_buf_t       one[1];
    const group_t  *g = &user_groups[group];

    for (i = 0; i < GROUP_FIELDS; i++) {
        if (g->fields[i] == NULL) {
            continue;
        }
        granted[i] = ctl_granted(roster->ctl, g->category, g->fields[i],
                                 PUPIL_PURPOSE_ROSTERING,
                                 PUPIL_OPERATION_WRITE, NULL) >= 0;
        n += granted[i];
    }

    ctl_array_begin(&ids);
    arrays_begin(one, 1);
    for (i = 0; i < batch->count; i++) {
        if (batch->write[i][group]) {
            ctl_array_uuid(&ids, &batch->items[i]->owner.id);
            ctl_array_uuid(&one[0], &batch->items[i]->owner.id);
            used++;
        }
    }
    ctl_array_end(&ids);

    if (used == 0 || n == 2) {
        ctl_buf_free(&ids);
        ctl_buf_free(&one[0]);
        return 0;
    }

    group_sql(g, granted, &sql);
    arrays_begin(arrays, (unsigned) n);
    rc = group_values(roster, batch, group, granted, arrays);
    if (rc == 0) {
        rc = query(roster, sql.data, n, arrays, roster->source, NULL);
    }

    if (rc == 0 && g->indexed >= 0) {
        rc = query(roster, "DELETE FROM pupil.blind_index WHERE tenant ="
                   " $1::uuid AND category = $2 AND field = $3 AND owner = ANY"
                   " ($4::uuid[])", 1, one, g->category, g->fields[0]);
        if (rc == 0) {
            rc = index_rows(roster, batch, g->category, g->fields[0],
                            g->indexed, group);
        }
    }
    ctl_buf_free(&one[0]);

    if (rc == 0) {
        rc = ctl_record(roster->ctl, &group_access[group], "allowed",
                        ids.data, roster->source);
    }
    ctl_buf_free(&ids);
    ctl_buf_free(&sql);

    return rc;
}


static int
print_rows(roster_t *roster, const batch_t *batch)
{
    unsigned   i, g;
    ctl_buf_t  arrays[3];

    arrays_begin(arrays, 3);
    for (i = 0; i < batch->count; i++) {
        for (g = 0; g < groups_of(batch->kind); g++) {
            if (batch->write[i][g]) {
                ctl_array_uuid(&arrays[0], &batch->items[i]->owner.id);
                ctl_array_text(&arrays[1], ctl_str(
                    batch->kind == ROSTER_USER ? user_groups[g].category
                                               : "enrolment"));
                ctl_array_bytes(&arrays[2], batch->prints[i][g], 32);
            }
        }
    }

    return query(roster, "INSERT INTO pupil.imported (tenant, owner,"
                 " category, fingerprint) SELECT $1::uuid, r.owner,"
                 " r.category, r.print FROM unnest($3::uuid[], $4::text[],"
                 " $5::bytea[]) AS r(owner, category, print) WHERE $2::text"
                 " IS NOT NULL ON CONFLICT (tenant, owner, category) DO UPDATE"
                 " SET fingerprint = EXCLUDED.fingerprint", 3, arrays,
                 roster->source, NULL);
}


static int
batch_rows(roster_t *roster, const batch_t *batch)
{
    unsigned  g;

    if (new_rows(roster, batch) != 0) {
        return -1;
    }

    if (batch->kind != ROSTER_USER) {
        return title_rows(roster, batch) == 0
               && ctl_record(roster->ctl, &title_access[batch->kind],
                             "allowed", "{}", roster->source) == 0
               ? print_rows(roster, batch) : -1;
    }

    for (g = 0; g < 3; g++) {
        if (group_rows(roster, batch, g) != 0) {
            return -1;
        }
    }

    return print_rows(roster, batch);
}


static int
batch_write(roster_t *roster, batch_t *batch)
{
    size_t           fresh = 0, old = 0;
    unsigned         i;
    ctl_t           *ctl = roster->ctl;
    ctl_owner_t     *made[BATCH], *known[BATCH];
    roster_count_t  *count = &roster->counts[batch->kind];

    if (batch->count == 0) {
        return 0;
    }

    for (i = 0; i < batch->count; i++) {
        if (batch->items[i]->known) {
            known[old++] = &batch->items[i]->owner;
        } else {
            made[fresh++] = &batch->items[i]->owner;
        }
    }

    if (ctl_owners_make(ctl, made, fresh) != 0
        || ctl_owners_fetch(ctl, known, old) != 0)
    {
        return -1;
    }

    if (ctl_begin(ctl->data, &ctl->tenant) != 0
        || batch_rows(roster, batch) != 0 || ctl_commit(ctl->data) != 0)
    {
        ctl_rollback(ctl->data);
        return -1;
    }

    count->taken += fresh;
    count->changed += old;
    batch->count = 0;

    return 0;
}


/* What of an item is to be written; 0 when nothing has changed. */
static int
item_plan(roster_t *roster, batch_t *batch, roster_item_t *item)
{
    int        changed = 0, value;
    uint8_t    print[32];
    unsigned   g, i;
    unsigned   at = batch->count;

    for (g = 0; g < groups_of(batch->kind); g++) {
        batch->write[at][g] = 0;
        if (fingerprint(roster, batch->kind, item, g, print) != 0) {
            return -1;
        }

        value = batch->kind != ROSTER_USER;
        for (i = 0; batch->kind == ROSTER_USER && i < user_groups[g].count;
             i++)
        {
            value |= item->values[user_groups[g].values[i]].len != 0;
        }

        if (item->states[g].has_print
            ? memcmp(item->states[g].print, print, 32) != 0 : value)
        {
            batch->write[at][g] = 1;
            memcpy(batch->prints[at][g], print, 32);
            changed = 1;
        }
    }

    return changed || !item->known;
}


int
roster_apply_items(roster_t *roster)
{
    int              rc = 0, plan;
    batch_t         *batch;
    uint32_t         i;
    unsigned         kind;
    roster_item_t   *item, *parent;
    roster_items_t  *items;

    batch = ctl_pool_alloc(&roster->pool, sizeof(batch_t));

    for (kind = 0; rc == 0 && kind < 3; kind++) {
        memset(batch, 0, sizeof(batch_t));
        batch->kind = kind;
        items = &roster->items[kind];

        for (i = 0; rc == 0 && i < items->count; i++) {
            item = items->items[i];
            parent = item->parent == ROSTER_NONE ? NULL
                     : roster->items[ROSTER_INSTITUTION].items[item->parent];
            if (!item->refused && parent != NULL && parent->refused) {
                item->refused = 1;
                roster_refuse(roster, kind, &item->place,
                              "its institution is refused");
            }
            if (item->refused) {
                continue;
            }

            plan = item_plan(roster, batch, item);
            if (plan < 0) {
                return -1;
            }
            if (plan == 0) {
                roster->counts[kind].unchanged++;
                continue;
            }
            batch->items[batch->count++] = item;
            if (batch->count == BATCH) {
                rc = batch_write(roster, batch);
                roster_progress(roster_kinds[kind].name, i, items->count);
            }
        }

        if (rc == 0) {
            rc = batch_write(roster, batch);
        }
    }

    return rc;
}
