/*
 * Copyright (C) the Pupil authors
 *
 * Whoever can write the data database could have a changed record bound, if
 * facts that are missing were made again and again.  So it is done once: the
 * key store notes when no record of a category is without, and from then on
 * one that is has been changed.
 */

#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "ctl/base/db.h"
#include "ctl/base/literal.h"
#include "ctl/base/text.h"
#include "ctl/lifecycle/facts.h"
#include "ctl/store/facts.h"
#include "ctl/store/keys.h"
#include "ctl/store/plugins.h"
#include "ctl/store/record.h"


#define BATCH  500


/* A page of records, by owner and record. */
typedef struct {
    const pupil_category_t  *category;
    char                     owner[PUPIL_UUID_TEXT_LEN + 1];
    char                     record[PUPIL_UUID_TEXT_LEN + 1];
    unsigned                 found;     /* on the last page */
    json_int_t               made;
} page_t;

/* What is written of a page. */
typedef struct {
    ctl_buf_t  owners, records, facts, subjects;
    unsigned   count;
} batch_t;

/* As the page is read. */
enum {
    COLUMN_OWNER = 0,
    COLUMN_RECORD,
    COLUMN_BOUND
};


static int category_facts(ctl_t *ctl, const pupil_category_t *category,
    json_int_t *made);
static int category_check(ctl_t *ctl, const pupil_category_t *category);
static int category_note(ctl_t *ctl, const pupil_category_t *category);
static int page_write(ctl_t *ctl, page_t *page);
static PGresult *page_read(ctl_t *ctl, const page_t *page);
static int page_make(ctl_t *ctl, ctl_pool_t *pool, const page_t *page,
    const PGresult *res, batch_t *batch);
static int owners_read(ctl_t *ctl, ctl_pool_t *pool, const PGresult *res,
    ctl_owner_t **owners);
static int record_make(ctl_t *ctl, ctl_pool_t *pool, const page_t *page,
    const PGresult *res, int row, const ctl_owner_t *owner, batch_t *batch);
static int batch_store(ctl_t *ctl, const page_t *page, batch_t *batch);


int
ctl_cmd_facts(ctl_t *ctl)
{
    int          rc;
    json_t      *told;
    uint32_t     i;
    json_int_t   made;

    if (ctl_open_data(ctl) != 0 || ctl_keys_tenant(ctl) != 0
        || ctl_plugins_open(ctl) != 0)
    {
        return CTL_FAILED;
    }

    told = json_object();

    for (i = 0, rc = 0; i < ctl->policy.count && rc == 0; i++) {
        if (!ctl->policy.categories[i]->bound) {
            continue;
        }

        rc = category_facts(ctl, ctl->policy.categories[i], &made);
        json_object_set_new(told, ctl->policy.categories[i]->plugin->name,
                            json_integer(made));

        if (rc == 0 && !ctl->opt.json) {
            printf("%s %lld\n", ctl->policy.categories[i]->plugin->name,
                   (long long) made);
        }
    }

    if (rc == 0 && ctl->opt.json) {
        ctl_json_print(told);
    } else {
        json_decref(told);
    }

    return rc == 0 ? CTL_DONE : CTL_FAILED;
}


static int
category_facts(ctl_t *ctl, const pupil_category_t *category,
    json_int_t *made)
{
    int     noted;
    page_t  page;

    *made = 0;

    noted = ctl_begin(ctl->keys, &ctl->tenant) == 0
            ? ctl_facts_noted(ctl, category) : -1;
    ctl_rollback(ctl->keys);

    if (noted != 0) {
        return noted == 1 ? category_check(ctl, category) : -1;
    }

    memset(&page, 0, sizeof(page_t));
    page.category = category;
    memset(page.owner, '0', PUPIL_UUID_TEXT_LEN);
    page.owner[8] = page.owner[13] = page.owner[18] = page.owner[23] = '-';
    memcpy(page.record, page.owner, sizeof(page.record));

    do {
        if (page_write(ctl, &page) != 0) {
            return -1;
        }
    } while (page.found == BATCH);

    *made = page.made;

    return category_note(ctl, category);
}


/* All had facts: whose is gone was changed. */
static int
category_check(ctl_t *ctl, const pupil_category_t *category)
{
    int32_t      count;
    PGresult    *res;
    ctl_buf_t    sql;
    const char  *params[1];

    params[0] = ctl->tenant_text;

    ctl_buf_init(&sql);
    ctl_buf_printf(&sql, "SELECT count(*) FROM data.\"%s\" AS t JOIN"
                   " pupil.owner AS o ON o.tenant = t.tenant AND o.owner ="
                   " t.owner WHERE t.tenant = $1::uuid AND t.facts IS NULL"
                   " AND o.state <> 'erased'", category->plugin->name);

    res = ctl_ask_one(ctl, ctl->data, sql.data, 1, params);
    ctl_buf_free(&sql);

    if (res == NULL) {
        return -1;
    }

    count = ctl_get_int(res, 0, 0, 0);
    PQclear(res);

    return count == 0 ? 0
           : ctl_error("%s: %d record%s without facts, which all had: somebody"
                       " took them away, and may have changed what they bound;"
                       " restore %s from a backup", category->plugin->name,
                       count, count == 1 ? " is" : "s are",
                       count == 1 ? "it" : "them");
}


static int
category_note(ctl_t *ctl, const pupil_category_t *category)
{
    if (ctl_begin(ctl->keys, &ctl->tenant) != 0
        || ctl_facts_note(ctl, category) != 0 || ctl_commit(ctl->keys) != 0)
    {
        ctl_rollback(ctl->keys);
        return -1;
    }

    return 0;
}


/* One transaction; page is then behind it. */
static int
page_write(ctl_t *ctl, page_t *page)
{
    int          rc;
    batch_t      batch;
    PGresult    *res;
    ctl_pool_t   pool;

    if (ctl_begin(ctl->data, &ctl->tenant) != 0) {
        return -1;
    }

    memset(&batch, 0, sizeof(batch_t));
    memset(&pool, 0, sizeof(ctl_pool_t));

    res = page_read(ctl, page);
    rc = res == NULL ? -1 : page_make(ctl, &pool, page, res, &batch);

    if (rc == 0) {
        page->found = (unsigned) PQntuples(res);
        rc = batch_store(ctl, page, &batch);
    }

    if (rc == 0 && page->found != 0) {
        snprintf(page->owner, sizeof(page->owner), "%s",
                 PQgetvalue(res, (int) page->found - 1, COLUMN_OWNER));
        snprintf(page->record, sizeof(page->record), "%s",
                 PQgetvalue(res, (int) page->found - 1, COLUMN_RECORD));
    }

    page->made += batch.count;

    PQclear(res);
    ctl_pool_free(&pool);
    ctl_buf_free(&batch.owners);
    ctl_buf_free(&batch.records);
    ctl_buf_free(&batch.facts);
    ctl_buf_free(&batch.subjects);

    if (rc == 0) {
        rc = ctl_commit(ctl->data);
    }

    if (rc != 0) {
        ctl_rollback(ctl->data);
    }

    return rc;
}


/* Locked: nobody changes what is being bound. */
static PGresult *
page_read(ctl_t *ctl, const page_t *page)
{
    PGresult    *res;
    ctl_buf_t    sql;
    const char  *params[3];

    params[0] = ctl->tenant_text;
    params[1] = page->owner;
    params[2] = page->record;

    ctl_buf_init(&sql);
    ctl_buf_text(&sql, "SELECT t.owner, t.record");
    ctl_bound_columns(page->category, &sql);
    ctl_buf_printf(&sql, " FROM data.\"%s\" AS t WHERE t.tenant = $1::uuid"
                   " AND (t.owner, t.record) > ($2::uuid, $3::uuid)"
                   " AND t.facts IS NULL ORDER BY t.owner, t.record LIMIT %d"
                   " FOR UPDATE", page->category->plugin->name, BATCH);

    res = ctl_query(ctl->data, sql.data, 3, params);
    ctl_buf_free(&sql);

    return res;
}


/* Whoever is erased has no key, and nothing of theirs is shown. */
static int
page_make(ctl_t *ctl, ctl_pool_t *pool, const page_t *page,
    const PGresult *res, batch_t *batch)
{
    int            rc, row, count;
    ctl_owner_t  **owners;

    count = PQntuples(res);

    ctl_array_begin(&batch->owners);
    ctl_array_begin(&batch->records);
    ctl_array_begin(&batch->facts);
    ctl_array_begin(&batch->subjects);

    owners = ctl_pool_alloc(pool, ((size_t) count + 1)
                                  * sizeof(ctl_owner_t *));
    rc = owners_read(ctl, pool, res, owners);

    for (row = 0; row < count && rc == 0; row++) {
        if (owners[row]->state == PUPIL_OWNER_STATE_ACTIVE
            || owners[row]->state == PUPIL_OWNER_STATE_RESTRICTED)
        {
            rc = record_make(ctl, pool, page, res, row, owners[row], batch);
        }
    }

    ctl_array_end(&batch->owners);
    ctl_array_end(&batch->records);
    ctl_array_end(&batch->facts);
    ctl_array_end(&batch->subjects);

    return rc;
}


/* Of each row, its owner; rows are in the order of owners. */
static int
owners_read(ctl_t *ctl, ctl_pool_t *pool, const PGresult *res,
    ctl_owner_t **owners)
{
    int            row;
    size_t         count;
    ctl_owner_t   *owner, **each;
    pupil_uuid_t   id;

    each = ctl_pool_alloc(pool, ((size_t) PQntuples(res) + 1)
                                * sizeof(ctl_owner_t *));
    owner = NULL;

    for (row = 0, count = 0; row < PQntuples(res); row++) {
        if (ctl_get_uuid(res, row, COLUMN_OWNER, &id) != 0) {
            return ctl_error("a record has no owner");
        }

        if (owner == NULL || pupil_uuid_compare(&owner->id, &id) != 0) {
            owner = ctl_pool_alloc(pool, sizeof(ctl_owner_t));
            memset(owner, 0, sizeof(ctl_owner_t));
            owner->id = id;
            each[count++] = owner;
        }

        owners[row] = owner;
    }

    return ctl_owners_fetch(ctl, each, count);
}


static int
record_make(ctl_t *ctl, ctl_pool_t *pool, const page_t *page,
    const PGresult *res, int row, const ctl_owner_t *owner, batch_t *batch)
{
    pupil_str_t        facts;
    pupil_uuid_t       record;
    pupil_bound_row_t  bound;

    if (ctl_get_uuid(res, row, COLUMN_RECORD, &record) != 0
        || ctl_bound_read(pool, page->category, res, row, COLUMN_BOUND,
                          &bound) != 0
        || ctl_facts_make(ctl, pool, page->category, owner, &record, &bound,
                          &facts) != 0)
    {
        return -1;
    }

    ctl_array_uuid(&batch->owners, &owner->id);
    ctl_array_uuid(&batch->records, &record);
    ctl_array_bytes(&batch->facts, facts.data, facts.len);

    if (page->category->plugin->owner == PUPIL_OWNER_SUBJECT) {
        ctl_array_uuid(&batch->subjects, &owner->id);
    }

    batch->count++;

    return 0;
}


static int
batch_store(ctl_t *ctl, const page_t *page, batch_t *batch)
{
    int           rc;
    ctl_buf_t     sql;
    const char   *params[4];
    ctl_access_t  access = {
        .category = page->category->plugin->name,
        .fields = "",
        .purpose = PUPIL_PURPOSE_ADMINISTRATION,
        .operation = PUPIL_OPERATION_WRITE,
        .about = page->category->plugin->owner == PUPIL_OWNER_SUBJECT
                 ? "subjects" : "none"
    };

    if (batch->count == 0) {
        return 0;
    }

    params[0] = ctl->tenant_text;
    params[1] = batch->owners.data;
    params[2] = batch->records.data;
    params[3] = batch->facts.data;

    ctl_buf_init(&sql);
    ctl_buf_printf(&sql, "UPDATE data.\"%s\" AS t SET facts = v.facts"
                   " FROM unnest($2::uuid[], $3::uuid[], $4::bytea[])"
                   " AS v (owner, record, facts) WHERE t.tenant = $1::uuid"
                   " AND t.owner = v.owner AND t.record = v.record",
                   page->category->plugin->name);

    rc = ctl_exec(ctl->data, sql.data, 4, params);
    ctl_buf_free(&sql);

    return rc == 0 ? ctl_record(ctl, &access, "allowed", batch->subjects.data,
                                "facts")
                   : -1;
}
