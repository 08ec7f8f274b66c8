/*
 * Copyright (C) the Pupil authors
 */

#include <stdlib.h>
#include <string.h>

#include "ctl/base/buf.h"
#include "ctl/base/db.h"
#include "ctl/base/join.h"
#include "ctl/base/literal.h"
#include "ctl/base/text.h"
#include "ctl/roster/titles.h"
#include "ctl/roster/values.h"


#define FIRST  2                /* column of values */

/* What is read, and where it goes. */
typedef struct {
    roster_t           *roster;
    ctl_pool_t         *pool;
    roster_kind_t       kind;
    roster_record_t     record;
    const char         *category;
    const ctl_owner_t  *owners;
    roster_opened_t    *opened;
    unsigned            count;          /* of columns of values */
    unsigned            places[ROSTER_OPENED];  /* in values */
} reading_t;


/* Only what is sealed under keys that are there is opened with them. */
static void
owner_lend(ctl_owner_t *owner)
{
    if (owner->wrapped_len != 0
        && owner->state != PUPIL_OWNER_STATE_ERASED)
    {
        owner->state = PUPIL_OWNER_STATE_ACTIVE;
    }
}


ctl_owner_t *
roster_values_owners(roster_t *roster, const pupil_uuid_t *ids, size_t count)
{
    int            rc;
    size_t         i;
    ctl_owner_t   *owners, **list;

    owners = ctl_memory((count + 1) * sizeof(ctl_owner_t));
    list = ctl_memory((count + 1) * sizeof(ctl_owner_t *));
    memset(owners, 0, (count + 1) * sizeof(ctl_owner_t));

    for (i = 0; i < count; i++) {
        owners[i].id = ids[i];
        owners[i].state = PUPIL_OWNER_STATE_ERASED;
        list[i] = &owners[i];
    }

    rc = ctl_owners_fetch(roster->ctl, list, count);
    free(list);

    if (rc != 0) {
        free(owners);
        return NULL;
    }

    for (i = 0; i < count; i++) {
        owner_lend(&owners[i]);
    }

    return owners;
}


static const char *
field_of(const reading_t *reading, unsigned place)
{
    return reading->kind != ROSTER_USER
           ? roster_kinds[reading->kind].titles[place]
           : roster_values[roster_records[reading->record].values[place]]
             .field;
}


/* The columns that are granted. */
static void
columns_find(reading_t *reading)
{
    unsigned                    i;
    const roster_record_def_t  *def;

    if (reading->kind != ROSTER_USER) {
        for (i = 0; i < roster_titles(reading->kind); i++) {
            reading->places[reading->count++] = i;
        }
        return;
    }

    def = &roster_records[reading->record];

    for (i = 0; i < def->count; i++) {
        if (roster_granted(reading->roster, def->category,
                           field_of(reading, i), NULL) >= 0)
        {
            reading->places[reading->count++] = i;
        }
    }
}


static void
record_sql(const reading_t *reading, ctl_buf_t *sql)
{
    unsigned  i;

    if (reading->kind != ROSTER_USER) {
        ctl_buf_text(sql, roster_titles_sql[reading->kind]);
        return;
    }

    ctl_buf_text(sql, "SELECT t.owner, t.record");

    for (i = 0; i < reading->count; i++) {
        ctl_buf_printf(sql, ", t.\"%s\"",
                       field_of(reading, reading->places[i]));
    }

    ctl_buf_printf(sql, " FROM data.\"%s\" AS t WHERE t.owner = ANY"
                   " ($1::uuid[]) AND t.record = t.owner",
                   reading->category);
}


static int
cell_read(reading_t *reading, const PGresult *res, int row, int column,
    pupil_str_t *cell)
{
    size_t    size;
    uint8_t  *data;

    memset(cell, 0, sizeof(pupil_str_t));

    if (PQgetisnull(res, row, column)) {
        return 0;
    }

    size = (size_t) PQgetlength(res, row, column) / 2 + 1;
    data = ctl_pool_alloc(reading->pool, size);
    cell->data = data;

    return ctl_get_bytes(res, row, column, data, size, &cell->len);
}


static int
row_open(void *ctx, uint32_t index, const PGresult *res, int row)
{
    unsigned            i;
    reading_t          *reading = ctx;
    ctl_place_t         place;
    pupil_str_t         sealed;
    roster_opened_t    *opened;
    const ctl_owner_t  *owner;

    owner = &reading->owners[index];
    opened = &reading->opened[index];
    opened->is = ROSTER_VALUES_THERE;

    if (ctl_get_uuid(res, row, 1, &opened->parent) != 0) {
        return ctl_error("a stored record is malformed");
    }

    place.owner = owner;
    place.category = reading->category;
    place.record = &owner->id;

    for (i = 0; i < reading->count; i++) {
        place.field = field_of(reading, reading->places[i]);

        if (cell_read(reading, res, row, (int) (FIRST + i), &sealed) != 0
            || (sealed.len != 0
                && ctl_open(reading->roster->ctl, reading->pool, &place,
                            sealed, &opened->values[reading->places[i]])
                   != 0))
        {
            opened->is = ROSTER_VALUES_UNREADABLE;
        }
    }

    return 0;
}


int
roster_values_open(roster_t *roster, ctl_pool_t *pool, roster_kind_t kind,
    roster_record_t record, const ctl_owner_t *owners, size_t count,
    roster_opened_t *opened)
{
    int          rc;
    size_t       i;
    reading_t    reading = { roster, pool, kind, record,
                             roster_category(kind, record), owners, opened,
                             0, { 0 } };
    PGresult    *res;
    ctl_buf_t    sql, ids;
    ctl_join_t   join;
    const char  *params[1];

    memset(opened, 0, count * sizeof(roster_opened_t));
    memset(&join, 0, sizeof(ctl_join_t));
    join.key_len = PUPIL_UUID_LEN;

    columns_find(&reading);
    if (reading.count == 0 || count == 0) {
        return 0;
    }

    ctl_buf_init(&sql);
    ctl_buf_init(&ids);
    ctl_array_begin(&ids);

    for (i = 0; i < count; i++) {
        ctl_array_uuid(&ids, &owners[i].id);
        ctl_join_add(&join, owners[i].id.b, (uint32_t) i);
    }

    ctl_array_end(&ids);
    record_sql(&reading, &sql);
    params[0] = ids.data;

    res = ctl_query(roster->ctl->data, sql.data, 1, params);
    rc = res == NULL ? -1 : ctl_join_rows(&join, res, row_open, &reading);

    PQclear(res);
    ctl_join_free(&join);
    ctl_buf_free(&sql);
    ctl_buf_free(&ids);

    return rc;
}
