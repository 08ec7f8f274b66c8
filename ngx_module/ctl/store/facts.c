/*
 * Copyright (C) the Pupil authors
 */

#include <string.h>

#include "ctl/base/db.h"
#include "ctl/base/text.h"
#include "ctl/store/facts.h"


/* What sends a plain column in binary. */
static const char *const  send[PUPIL_TYPE_COUNT] = {
    [PUPIL_TYPE_TEXT]      = "textsend",
    [PUPIL_TYPE_INTEGER]   = "int8send",
    [PUPIL_TYPE_BOOLEAN]   = "boolsend",
    [PUPIL_TYPE_UUID]      = "uuid_send",
    [PUPIL_TYPE_DATE]      = "date_send",
    [PUPIL_TYPE_TIMESTAMP] = "timestamptz_send",
    [PUPIL_TYPE_UUID_LIST] = "array_send"
};


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
            ctl_buf_printf(sql, ", %s(t.\"%s\")", send[field->type],
                           field->name);
        }
    }

    ctl_buf_text(sql, ", t.facts");
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
