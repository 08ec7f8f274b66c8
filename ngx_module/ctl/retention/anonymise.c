/*
 * Copyright (C) the Pupil authors
 *
 * All of a release is one transaction, as cells can only be judged together,
 * and nothing by which a record could be told to be counted already outlives
 * it: the records are deleted, counted and the counts stored, or none of it.
 *
 * The key store is told which day's release was made.  Where the data database
 * has lost that, what has expired goes uncounted: to count those again whom
 * nobody has erased since would tell who was.
 *
 * What somebody has changed, by its facts (invariant I18), is counted nowhere,
 * and is said.  Nor is whoever is restricted or in recovery: nothing of theirs
 * opens for statistics.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "core/base/time.h"
#include "core/plugin/aggregate.h"
#include "core/plugin/value.h"
#include "ctl/base/buf.h"
#include "ctl/base/clock.h"
#include "ctl/base/db.h"
#include "ctl/base/literal.h"
#include "ctl/base/text.h"
#include "ctl/retention/anonymise.h"
#include "ctl/retention/retention.h"
#include "ctl/retention/tally.h"
#include "ctl/store/facts.h"
#include "ctl/store/owners.h"
#include "ctl/store/plugins.h"
#include "ctl/store/record.h"


#define BATCH  "1000"

/* A release that is being made. */
typedef struct {
    ctl_t                     *ctl;
    pupil_category_t          *category;
    const pupil_aggregate_t   *aggregate;
    pupil_aggregate_fields_t   fields;
    const char                *day;         /* of the release */
    int                        again;       /* it was made, and is lost */
    ctl_tally_t                tally;
    ctl_buf_t                  groups, values, persons;
    ctl_buf_t                  whose;       /* of a batch: who was changed */
    int64_t                    records, changed;
} release_t;

/* Columns of pupil.anonymise(). */
enum {
    ROW_OWNER = 0,
    ROW_RECORD,
    ROW_STATE,
    ROW_VERSION,
    ROW_AT,
    ROW_VALUE,                  /* plain, or sealed */
    ROW_GROUP
};


static int release_run(release_t *r, ctl_kept_t *kept, const char *event,
    uint32_t days);
static int release_begin(release_t *r);
static int release_known(release_t *r);
static int release_tell(const release_t *r);
static int release_declare(release_t *r, const char *held, const char *event,
    const char *days);
static void columns_add(const release_t *r, ctl_buf_t *plain,
    ctl_buf_t *sealed, ctl_buf_t *sql);
static int release_batch(release_t *r, int *rows);
static ctl_owner_t *owners_read(release_t *r, const PGresult *res,
    ctl_pool_t *pool);
static int record_count(release_t *r, const PGresult *res, int row,
    const ctl_owner_t *owner, ctl_pool_t *pool);
static int record_check(release_t *r, const PGresult *res, int row,
    const ctl_owner_t *owner, ctl_pool_t *pool);
static int changed_record(release_t *r, int64_t changed);
static int group_read(release_t *r, const PGresult *res, int row,
    ctl_pool_t *pool, pupil_str_t *group);
static int value_read(release_t *r, const PGresult *res, int row,
    const ctl_owner_t *owner, ctl_pool_t *pool, pupil_str_t *value);
static int left_of(release_t *r, uint32_t field, pupil_str_t value,
    ctl_pool_t *pool, pupil_str_t *left);
static void release_say(void *data, pupil_str_t group, pupil_str_t value,
    uint32_t persons);
static int release_store(release_t *r);


/* The day, and whether its release is known already. */
static const char  begin_sql[] =
    "WITH day AS (SELECT (date_trunc('year', t.today) + (extract(month FROM"
    " t.today)::int - 1) / $3::int * $3::int * interval '1 month')::date AS"
    " released FROM (SELECT $4::date) AS t (today)),"
    " made AS (INSERT INTO pupil.release"
    " (tenant, category, released) SELECT $1::uuid, $2, released FROM day"
    " ON CONFLICT DO NOTHING RETURNING released)"
    " SELECT released, NOT EXISTS (SELECT FROM made) FROM day";


int
ctl_anonymise_run(ctl_t *ctl, ctl_kept_t *kept, pupil_category_t *category,
    const char *event, uint32_t days, int64_t *records, int64_t *changed)
{
    int        rc;
    release_t  r;

    memset(&r, 0, sizeof(release_t));
    r.ctl = ctl;
    r.category = category;
    r.aggregate = pupil_aggregate(category->plugin);
    pupil_aggregate_fields(category->plugin, &r.fields);

    ctl_buf_init(&r.groups);
    ctl_buf_init(&r.values);
    ctl_buf_init(&r.persons);

    rc = release_run(&r, kept, event, days);

    if (rc == 0) {
        *records += r.records;
        *changed += r.changed;

    } else {
        ctl_rollback(ctl->data);
    }

    ctl_tally_free(&r.tally);
    ctl_buf_free(&r.groups);
    ctl_buf_free(&r.values);
    ctl_buf_free(&r.persons);

    return rc;
}


static int
release_run(release_t *r, ctl_kept_t *kept, const char *event, uint32_t days)
{
    int   rc, rows;
    char  text[16];

    rc = release_begin(r);
    if (rc != 0) {
        return rc < 0 ? -1 : release_tell(r);
    }

    if (release_known(r) != 0) {
        return -1;
    }

    snprintf(text, sizeof(text), "%u", (unsigned) days);

    if (release_declare(r, kept->people, event, text) != 0) {
        return -1;
    }

    do {
        if (release_batch(r, &rows) != 0) {
            return -1;
        }
    } while (rows != 0);

    if (!r->again && release_store(r) != 0) {
        return -1;
    }

    rc = ctl_kept_commit(r->ctl, kept);
    if (rc != 0) {
        return rc;
    }

    return r->again ? 0 : release_tell(r);
}


/* 1: it was made already; nothing is begun. */
static int
release_begin(release_t *r)
{
    int          made;
    char         months[16], today[PUPIL_DATE_TEXT_LEN + 1];
    ctl_t       *ctl;
    PGresult    *res;
    const char  *params[4];

    ctl = r->ctl;
    snprintf(months, sizeof(months), "%u", (unsigned) r->aggregate->months);

    params[0] = ctl->tenant_text;
    params[1] = r->category->plugin->name;
    params[2] = months;
    params[3] = today;
    today[pupil_date_format(ctl->today, (uint8_t *) today)] = '\0';

    if (ctl_begin(ctl->data, &ctl->tenant) != 0) {
        return -1;
    }

    res = ctl_query_one(ctl->data, begin_sql, 4, params);
    if (res == NULL) {
        return -1;
    }

    made = PQgetvalue(res, 0, 1)[0] == 't';
    r->day = ctl_pool_text(&ctl->pool, PQgetvalue(res, 0, 0),
                           (size_t) PQgetlength(res, 0, 0));
    PQclear(res);

    if (made) {
        ctl_rollback(ctl->data);
    }

    return made;
}


static int
release_known(release_t *r)
{
    PGresult    *res;
    const char  *params[3];

    params[0] = r->ctl->tenant_text;
    params[1] = r->category->plugin->name;
    params[2] = r->day;

    res = ctl_ask(r->ctl, r->ctl->keys, "SELECT FROM keystore.release WHERE"
                  " tenant = $1::uuid AND category = $2 AND released ="
                  " $3::date", 3, params);
    if (res == NULL) {
        return -1;
    }

    r->again = PQntuples(res) != 0;
    PQclear(res);

    if (r->again) {
        ctl_note("%s was released on %s already, which this data database has"
                 " lost: what has expired goes, and is not counted again",
                 params[1], r->day);
    }

    return 0;
}


/* Again is no harm: whoever was killed before it leaves it to the next run. */
static int
release_tell(const release_t *r)
{
    const char  *params[3];

    params[0] = r->ctl->tenant_text;
    params[1] = r->category->plugin->name;
    params[2] = r->day;

    return ctl_write(r->ctl, r->ctl->keys, "INSERT INTO keystore.release"
                     " (tenant, category, released) VALUES ($1::uuid, $2,"
                     " $3::date) ON CONFLICT DO NOTHING", 3, params) == 0
           ? 0 : ctl_error("the key store was not told of a release: run this"
                           " again");
}


/* The rows go at the first fetch; what they were waits in the server. */
static int
release_declare(release_t *r, const char *held, const char *event,
    const char *days)
{
    int          rc;
    ctl_buf_t    plain, sealed, sql;
    const char  *params[6];

    ctl_buf_init(&plain);
    ctl_buf_init(&sealed);
    ctl_buf_init(&sql);

    ctl_buf_text(&sql, "DECLARE release NO SCROLL CURSOR FOR SELECT owner,"
                 " record, state, key_version, at");
    columns_add(r, &plain, &sealed, &sql);
    ctl_buf_text(&sql, " FROM pupil.anonymise($1, $2, $3::integer,"
                 " $4::uuid[], $5::text[], $6::text[])");

    params[0] = r->category->plugin->name;
    params[1] = event;
    params[2] = days;
    params[3] = held;
    params[4] = plain.data;
    params[5] = sealed.data;

    rc = ctl_exec(r->ctl->data, sql.data, 6, params);

    ctl_buf_free(&plain);
    ctl_buf_free(&sealed);
    ctl_buf_free(&sql);

    return rc;
}


static void
columns_add(const release_t *r, ctl_buf_t *plain, ctl_buf_t *sealed,
    ctl_buf_t *sql)
{
    uint32_t              i, values;
    const pupil_field_t  *fields, *value;

    fields = r->category->plugin->fields;
    value = &fields[r->fields.value];

    ctl_array_begin(plain);
    ctl_array_begin(sealed);

    if (value->flags & PUPIL_FIELD_SEALED) {
        ctl_array_text(sealed, ctl_str(value->name));
        ctl_buf_text(sql, ", sealed_values[1]");
    }

    for (i = 0; i < r->fields.count; i++) {
        ctl_array_text(plain, ctl_str(fields[r->fields.group[i]].name));
    }

    if (!(value->flags & PUPIL_FIELD_SEALED)) {
        ctl_array_text(plain, ctl_str(value->name));
        ctl_buf_printf(sql, ", texts[%u]", (unsigned) r->fields.count + 1);
    }

    for (i = 0; i < r->fields.count; i++) {
        ctl_buf_printf(sql, ", texts[%u]", (unsigned) i + 1);
    }

    if (r->category->bound) {
        values = (value->flags & PUPIL_FIELD_SEALED) != 0;
        ctl_bound_arrays(r->category, plain, r->fields.count + !values, sealed,
                         values, sql);
    }

    ctl_array_end(plain);
    ctl_array_end(sealed);
}


static int
release_batch(release_t *r, int *rows)
{
    int           rc, row;
    int64_t       changed;
    PGresult     *res;
    ctl_pool_t    pool;
    ctl_owner_t  *owners;

    *rows = 0;
    memset(&pool, 0, sizeof(ctl_pool_t));

    res = ctl_query(r->ctl->data, "FETCH " BATCH " FROM release", 0, NULL);
    if (res == NULL) {
        return -1;
    }

    *rows = PQntuples(res);
    r->records += *rows;
    rc = 0;

    if (*rows != 0) {
        owners = owners_read(r, res, &pool);
        rc = owners != NULL
             ? ctl_retention_record(r->ctl, r->category->plugin, res, *rows)
             : -1;

        ctl_buf_init(&r->whose);
        ctl_array_begin(&r->whose);
        changed = r->changed;

        for (row = 0; rc == 0 && row < *rows; row++) {
            rc = record_count(r, res, row, &owners[row], &pool);
        }

        ctl_array_end(&r->whose);

        if (rc == 0 && r->changed != changed) {
            rc = changed_record(r, r->changed - changed);
        }

        ctl_buf_free(&r->whose);
    }

    PQclear(res);
    ctl_pool_free(&pool);

    return rc;
}


/* Of each row, with the key.  NULL: the error is said. */
static ctl_owner_t *
owners_read(release_t *r, const PGresult *res, ctl_pool_t *pool)
{
    int            row, rows;
    size_t         count;
    ctl_owner_t   *owners, **distinct;

    rows = PQntuples(res);
    owners = ctl_pool_alloc(pool, (size_t) rows * sizeof(ctl_owner_t));
    distinct = ctl_pool_alloc(pool, (size_t) rows * sizeof(ctl_owner_t *));
    count = 0;

    for (row = 0; row < rows; row++) {
        memset(&owners[row], 0, sizeof(ctl_owner_t));

        if (ctl_get_uuid(res, row, ROW_OWNER, &owners[row].id) != 0) {
            return NULL;
        }

        if (row == 0
            || pupil_uuid_compare(&owners[row].id, &owners[row - 1].id) != 0)
        {
            distinct[count++] = &owners[row];
        }
    }

    if (ctl_owners_fetch(r->ctl, distinct, count) != 0) {
        return NULL;
    }

    /* they come in order, and whoever has several has them together */

    for (row = 1; row < rows; row++) {
        if (pupil_uuid_compare(&owners[row].id, &owners[row - 1].id) == 0) {
            owners[row] = owners[row - 1];
        }
    }

    return owners;
}


static int
record_count(release_t *r, const PGresult *res, int row,
    const ctl_owner_t *owner, ctl_pool_t *pool)
{
    int                  rc;
    int64_t              at;
    pupil_str_t          group, value;
    pupil_owner_state_t  state;

    state = pupil_owner_state(ctl_get_str(res, row, ROW_STATE));

    if (state != PUPIL_OWNER_STATE_ACTIVE
        || owner->state != PUPIL_OWNER_STATE_ACTIVE)
    {
        return 0;
    }

    rc = r->category->bound ? record_check(r, res, row, owner, pool) : 0;

    if (rc != 0 || PQgetisnull(res, row, ROW_VALUE)) {
        return rc < 0 ? -1 : 0;
    }

    if (group_read(r, res, row, pool, &group) != 0
        || value_read(r, res, row, owner, pool, &value) != 0)
    {
        return -1;
    }

    if (group.len != 0 && value.len != 0) {
        at = strtoll(PQgetvalue(res, row, ROW_AT), NULL, 10);
        ctl_tally_add(&r->tally, group, value, &owner->id, at);
    }

    return 0;
}


/* 0; 1: it is not what was stored, which is said; or -1. */
static int
record_check(release_t *r, const PGresult *res, int row,
    const ctl_owner_t *owner, ctl_pool_t *pool)
{
    int                 rc;
    char                text[PUPIL_UUID_TEXT_LEN + 1];
    const char         *why;
    pupil_uuid_t        record;
    pupil_bound_row_t  *bound;

    bound = ctl_pool_alloc(pool, sizeof(pupil_bound_row_t));

    if (ctl_get_uuid(res, row, ROW_RECORD, &record) != 0
        || ctl_bound_read(pool, r->category, res, row,
                          ROW_GROUP + (int) r->fields.count, bound) != 0)
    {
        return -1;
    }

    rc = ctl_bound_check(r->ctl, r->category, owner, &record, bound, &why);

    if (rc > 0) {
        ctl_note("data.%s: record %s: %s is not as it was stored, and is not"
                 " counted", r->category->plugin->name,
                 ctl_uuid_text(&record, text), why);
        ctl_array_uuid(&r->whose, &owner->id);
        r->changed++;
    }

    return rc;
}


static int
changed_record(release_t *r, int64_t changed)
{
    int           rc;
    ctl_buf_t     detail;
    ctl_access_t  access;

    ctl_buf_init(&detail);
    ctl_buf_printf(&detail, "retention changed=%lld", (long long) changed);

    access.category = r->category->plugin->name;
    access.fields = "";
    access.purpose = PUPIL_PURPOSE_LEGAL_OBLIGATION;
    access.operation = PUPIL_OPERATION_READ;
    access.about = "subjects";

    rc = ctl_record(r->ctl, &access, "tampered", r->whose.data, detail.data);
    ctl_buf_free(&detail);

    return rc;
}


/* Empty, where nothing stays of one of its fields. */
static int
group_read(release_t *r, const PGresult *res, int row, ctl_pool_t *pool,
    pupil_str_t *group)
{
    uint32_t     i;
    ctl_buf_t    buf;
    pupil_str_t  left;

    ctl_buf_init(&buf);
    left.len = 0;

    for (i = 0; i < r->fields.count; i++) {
        if (left_of(r, r->fields.group[i],
                    ctl_get_str(res, row, ROW_GROUP + (int) i), pool, &left)
            != 0)
        {
            ctl_buf_free(&buf);
            return -1;
        }

        if (left.len == 0) {
            break;
        }

        ctl_buf_text(&buf, i > 0 ? " " : "");
        ctl_buf_add(&buf, left.data, left.len);
    }

    *group = ctl_pool_str(pool, buf.data, left.len != 0 ? buf.len : 0);
    ctl_buf_free(&buf);

    return 0;
}


/* What somebody has changed opens nowhere, and is not counted. */
static int
value_read(release_t *r, const PGresult *res, int row,
    const ctl_owner_t *owner, ctl_pool_t *pool, pupil_str_t *value)
{
    size_t                size;
    uint8_t              *sealed;
    ctl_place_t           place;
    pupil_str_t           clear;
    pupil_uuid_t          record;
    const pupil_field_t  *field;

    field = &r->category->plugin->fields[r->fields.value];

    if (!(field->flags & PUPIL_FIELD_SEALED)) {
        return left_of(r, r->fields.value, ctl_get_str(res, row, ROW_VALUE),
                       pool, value);
    }

    size = (size_t) PQgetlength(res, row, ROW_VALUE) / 2 + 1;
    sealed = ctl_pool_alloc(pool, size);

    if (ctl_get_uuid(res, row, ROW_RECORD, &record) != 0
        || ctl_get_bytes(res, row, ROW_VALUE, sealed, size, &clear.len) != 0)
    {
        return -1;
    }

    place.owner = owner;
    place.category = r->category->plugin->name;
    place.field = field->name;
    place.record = &record;
    clear.data = sealed;
    value->len = 0;

    if (ctl_open(r->ctl, pool, &place, clear, &clear) != 0) {
        ctl_note("a value of %s.%s does not open, and is not counted",
                 place.category, place.field);
        return 0;
    }

    return left_of(r, r->fields.value, clear, pool, value);
}


static int
left_of(release_t *r, uint32_t field, pupil_str_t value, ctl_pool_t *pool,
    pupil_str_t *left)
{
    pupil_rc_t     rc;
    pupil_alloc_t  alloc;

    alloc.alloc = ctl_pool_alloc;
    alloc.ctx = pool;

    rc = pupil_value_anonymise(r->category, field, value, ctl_now(), &alloc,
                               left);

    return rc == PUPIL_OK ? 0
           : ctl_error("the plugin of %s cannot make %s anonymous",
                       r->category->plugin->name,
                       r->category->plugin->fields[field].name);
}


static int
release_store(release_t *r)
{
    const char  *params[6];

    ctl_array_begin(&r->groups);
    ctl_array_begin(&r->values);
    ctl_array_begin(&r->persons);

    ctl_tally_release(&r->tally, r->aggregate->threshold, release_say, r);

    ctl_array_end(&r->groups);
    ctl_array_end(&r->values);
    ctl_array_end(&r->persons);

    params[0] = r->ctl->tenant_text;
    params[1] = r->category->plugin->name;
    params[2] = r->day;
    params[3] = r->groups.data;
    params[4] = r->values.data;
    params[5] = r->persons.data;

    return ctl_exec(r->ctl->data, "INSERT INTO pupil.aggregate (tenant,"
                    " category, released, grouped, value, persons) SELECT"
                    " $1::uuid, $2, $3::date, g, v, p FROM unnest($4::text[],"
                    " $5::text[], $6::integer[]) AS a (g, v, p) ORDER BY g,"
                    " v", 6, params);
}


static void
release_say(void *data, pupil_str_t group, pupil_str_t value,
    uint32_t persons)
{
    release_t  *r = data;

    ctl_array_text(&r->groups, group);
    ctl_array_text(&r->values, value);
    ctl_array_int(&r->persons, persons);
}
