/*
 * Copyright (C) the Pupil authors
 */

#include <string.h>

#include "ctl/base/db.h"
#include "ctl/base/join.h"
#include "ctl/base/literal.h"
#include "ctl/base/text.h"
#include "ctl/store/facts.h"


/* Where the rows of owners go. */
typedef struct {
    ctl_t                   *ctl;
    ctl_pool_t              *pool;
    const pupil_category_t  *category;
    ctl_owner_t *const      *owners;
    pupil_bound_row_t       *bound;
} stored_t;


/* What sends a plain column in binary, and what it is of. */
static const struct {
    const char  *name;
    const char  *type;
} send[PUPIL_TYPE_COUNT] = {
    [PUPIL_TYPE_TEXT]      = { "textsend", "text" },
    [PUPIL_TYPE_INTEGER]   = { "int8send", "bigint" },
    [PUPIL_TYPE_BOOLEAN]   = { "boolsend", "boolean" },
    [PUPIL_TYPE_UUID]      = { "uuid_send", "uuid" },
    [PUPIL_TYPE_DATE]      = { "date_send", "date" },
    [PUPIL_TYPE_TIMESTAMP] = { "timestamptz_send", "timestamptz" },
    [PUPIL_TYPE_UUID_LIST] = { "array_send", "uuid[]" }
};


static int stored_read(void *ctx, uint32_t index, const PGresult *res,
    int row);
static int stored_check(const stored_t *stored, const ctl_owner_t *owner,
    const pupil_bound_row_t *bound);
static int cell_read(ctl_pool_t *pool, const PGresult *res, int row,
    int column, pupil_str_t *cell);


void
ctl_bound_columns(const pupil_category_t *category, ctl_buf_t *sql)
{
    uint32_t              i;
    const pupil_field_t  *field;

    for (i = 0; i < category->plugin->fields_count; i++) {
        field = &category->plugin->fields[i];

        if (pupil_bound_sealed(field)) {
            ctl_buf_printf(sql, ", t.\"%s\"", field->name);

        } else if (pupil_bound_plain(field)) {
            ctl_buf_printf(sql, ", %s(t.\"%s\")", send[field->type].name,
                           field->name);
        }
    }

    ctl_buf_text(sql, ", t.facts");
}


void
ctl_bound_arrays(const pupil_category_t *category, ctl_buf_t *plain,
    unsigned plain_count, ctl_buf_t *sealed, unsigned sealed_count,
    ctl_buf_t *sql)
{
    uint32_t              i;
    const pupil_field_t  *field;

    for (i = 0; i < category->plugin->fields_count; i++) {
        field = &category->plugin->fields[i];

        if (pupil_bound_sealed(field)) {
            ctl_array_text(sealed, ctl_str(field->name));
            ctl_buf_printf(sql, ", sealed_values[%u]", ++sealed_count);

        } else if (pupil_bound_plain(field)) {
            ctl_array_text(plain, ctl_str(field->name));
            ctl_buf_printf(sql, ", %s(texts[%u]::%s)", send[field->type].name,
                           ++plain_count, send[field->type].type);
        }
    }

    ctl_array_text(sealed, ctl_str("facts"));
    ctl_buf_printf(sql, ", sealed_values[%u]", sealed_count + 1);
}


int
ctl_bound_read(ctl_pool_t *pool, const pupil_category_t *category,
    const PGresult *res, int row, int column, pupil_bound_row_t *bound)
{
    uint32_t              i;
    const pupil_field_t  *field;

    memset(bound, 0, sizeof(pupil_bound_row_t));

    for (i = 0; i < category->plugin->fields_count; i++) {
        field = &category->plugin->fields[i];

        if (!pupil_bound_sealed(field) && !pupil_bound_plain(field)) {
            continue;
        }

        bound->has[i] = 1;

        if (cell_read(pool, res, row, column++, &bound->cells[i]) != 0) {
            return -1;
        }
    }

    return cell_read(pool, res, row, column, &bound->facts);
}


static int
cell_read(ctl_pool_t *pool, const PGresult *res, int row, int column,
    pupil_str_t *cell)
{
    size_t    size;
    uint8_t  *data;

    if (PQgetisnull(res, row, column)) {
        return 0;
    }

    size = (size_t) PQgetlength(res, row, column) / 2 + 1;
    data = ctl_pool_alloc(pool, size);

    if (ctl_get_bytes(res, row, column, data, size, &cell->len) != 0) {
        return ctl_error("a column of a record cannot be read");
    }

    cell->data = data;

    return 0;
}


int
ctl_bound_stored(ctl_t *ctl, ctl_pool_t *pool,
    const pupil_category_t *category, ctl_owner_t *const *owners,
    size_t count, pupil_bound_row_t *bound)
{
    int          rc;
    size_t       i;
    stored_t     stored = { ctl, pool, category, owners, bound };
    PGresult    *res;
    ctl_buf_t    sql, ids;
    ctl_join_t   join;
    const char  *params[2];

    memset(bound, 0, count * sizeof(pupil_bound_row_t));
    memset(&join, 0, sizeof(ctl_join_t));
    join.key_len = PUPIL_UUID_LEN;

    ctl_buf_init(&ids);
    ctl_array_begin(&ids);

    for (i = 0; i < count; i++) {
        ctl_array_uuid(&ids, &owners[i]->id);
        ctl_join_add(&join, owners[i]->id.b, (uint32_t) i);
    }

    ctl_array_end(&ids);

    ctl_buf_init(&sql);
    ctl_buf_text(&sql, "SELECT t.owner");
    ctl_bound_columns(category, &sql);
    ctl_buf_printf(&sql, " FROM data.\"%s\" AS t WHERE t.tenant = $1::uuid"
                   " AND t.owner = ANY ($2::uuid[]) AND t.record = t.owner"
                   " ORDER BY t.owner FOR UPDATE", category->plugin->name);

    params[0] = ctl->tenant_text;
    params[1] = ids.data;

    res = ctl_query(ctl->data, sql.data, 2, params);
    rc = res == NULL ? -1 : ctl_join_rows(&join, res, stored_read, &stored);

    PQclear(res);
    ctl_join_free(&join);
    ctl_buf_free(&sql);
    ctl_buf_free(&ids);

    return rc;
}


static int
stored_read(void *ctx, uint32_t index, const PGresult *res, int row)
{
    stored_t  *stored = ctx;

    if (ctl_bound_read(stored->pool, stored->category, res, row, 1,
                       &stored->bound[index]) != 0)
    {
        return -1;
    }

    return stored_check(stored, stored->owners[index],
                        &stored->bound[index]);
}


/* What somebody changed is not bound anew. */
static int
stored_check(const stored_t *stored, const ctl_owner_t *owner,
    const pupil_bound_row_t *bound)
{
    int          rc;
    char         id[PUPIL_UUID_TEXT_LEN + 1];
    const char  *why;

    rc = ctl_bound_check(stored->ctl, stored->category, owner, &owner->id,
                         bound, &why);
    if (rc <= 0) {
        return rc;
    }

    return ctl_error("data.%s of %s: %s is not as it was stored%s",
                     stored->category->plugin->name,
                     ctl_uuid_text(&owner->id, id), why,
                     bound->facts.data == NULL
                     ? ": if there never were facts, run pupilctl facts"
                     : ": somebody changed the database behind Pupil");
}


int
ctl_bound_check(ctl_t *ctl, const pupil_category_t *category,
    const ctl_owner_t *owner, const pupil_uuid_t *record,
    const pupil_bound_row_t *bound, const char **why)
{
    ctl_place_t            place;
    pupil_place_t          where;
    const pupil_subkey_t  *key;

    place.owner = owner;
    place.category = category->plugin->name;
    place.field = NULL;
    place.record = record;

    if (ctl_place_key(ctl, &place, 1, &where, &key) != 0) {
        return -1;
    }

    return pupil_bound_check(category, key, &where, bound, why) != PUPIL_OK;
}


void
ctl_bound_set(const pupil_category_t *category, const char *field,
    pupil_str_t sealed, pupil_bound_row_t *bound)
{
    int32_t  i;

    i = pupil_category_field(category, ctl_str(field));
    bound->cells[i] = sealed;
    bound->has[i] = 1;
}


int
ctl_facts_make(ctl_t *ctl, ctl_pool_t *pool,
    const pupil_category_t *category, const ctl_owner_t *owner,
    const pupil_uuid_t *record, const pupil_bound_row_t *bound,
    pupil_str_t *facts)
{
    uint8_t               *out;
    ctl_place_t            place;
    pupil_place_t          where;
    const pupil_subkey_t  *key;

    place.owner = owner;
    place.category = category->plugin->name;
    place.field = NULL;
    place.record = record;

    if (ctl_place_key(ctl, &place, 1, &where, &key) != 0) {
        return -1;
    }

    facts->len = pupil_bound_size(category);
    facts->data = out = ctl_pool_alloc(pool, facts->len);

    if (pupil_bound_make(category, key, &where, bound, out) != PUPIL_OK) {
        return ctl_error("a record of %s holds what is no sealed value",
                         place.category);
    }

    facts->len = pupil_bound_trim(out, facts->len);

    return 0;
}


int
ctl_facts_note(ctl_t *ctl, const pupil_category_t *category)
{
    const char  *params[2];

    params[0] = ctl->tenant_text;
    params[1] = category->plugin->name;

    return ctl_exec(ctl->keys, "INSERT INTO keystore.bound (tenant, category)"
                    " VALUES ($1::uuid, $2) ON CONFLICT DO NOTHING", 2,
                    params);
}


int
ctl_facts_noted(ctl_t *ctl, const pupil_category_t *category)
{
    int          noted;
    PGresult    *res;
    const char  *params[2];

    params[0] = ctl->tenant_text;
    params[1] = category->plugin->name;

    res = ctl_query(ctl->keys, "SELECT FROM keystore.bound WHERE tenant ="
                    " $1::uuid AND category = $2", 2, params);
    if (res == NULL) {
        return -1;
    }

    noted = PQntuples(res);
    PQclear(res);

    return noted;
}
