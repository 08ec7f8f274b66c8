/*
 * Copyright (C) the Pupil authors
 */

#include <string.h>

#include "ctl/base/db.h"
#include "ctl/base/literal.h"
#include "ctl/base/text.h"
#include "ctl/people/account.h"
#include "ctl/store/facts.h"
#include "ctl/store/plugins.h"
#include "ctl/store/subject.h"


#define COLUMNS  4              /* of every category's record */
#define VALUES   8

typedef struct {
    int          count;
    const char  *params[COLUMNS + VALUES + 1];
    ctl_buf_t    names, places;
} row_t;


static void row_add(ctl_t *ctl, row_t *row, const char *name,
    pupil_str_t value);
static int row_write(ctl_t *ctl, const char *category, const row_t *row);


int
ctl_account_named(ctl_t *ctl, const char *login)
{
    int           rc;
    pupil_uuid_t  other;

    rc = ctl_subject_find(ctl, login, &other);

    if (rc == 0) {
        rc = ctl_subject_linked(ctl, login);
    }

    /* a log-in asks for a name first: it would be the other's no more */
    return rc == 0 ? ctl_subject_address(ctl, login) : rc;
}


int
ctl_account_values(ctl_t *ctl, const ctl_owner_t *owner, const char *category,
    const char *source, const ctl_account_value_t *values, size_t count)
{
    int                 rc;
    char                version[16], id[PUPIL_UUID_TEXT_LEN + 1];
    row_t               row;
    size_t              i;
    pupil_str_t         sealed, facts;
    ctl_place_t         place;
    pupil_category_t   *of;
    pupil_bound_row_t  *bound;

    of = ctl_plugin_find(ctl, category);
    bound = ctl_pool_alloc(&ctl->pool, sizeof(pupil_bound_row_t));
    memset(bound, 0, sizeof(pupil_bound_row_t));
    snprintf(version, sizeof(version), "%u", owner->version);

    ctl_buf_init(&row.names);
    ctl_buf_init(&row.places);
    row.params[0] = ctl->tenant_text;
    row.params[1] = ctl_uuid_text(&owner->id, id);
    row.params[2] = version;
    row.params[3] = source;
    row.count = COLUMNS;

    place.owner = owner;
    place.category = category;
    place.record = &owner->id;

    rc = 0;

    for (i = 0; rc == 0 && i < count; i++) {
        if (values[i].clear.len == 0
            || pupil_category_field(of, ctl_str(values[i].field)) < 0)
        {
            continue;
        }

        place.field = values[i].field;
        rc = ctl_seal(ctl, &ctl->pool, &place, values[i].clear, &sealed);

        if (rc == 0) {
            ctl_bound_set(of, values[i].field, sealed, bound);
            row_add(ctl, &row, values[i].field, sealed);
        }
    }

    if (rc == 0 && of->bound) {
        rc = ctl_facts_make(ctl, &ctl->pool, of, owner, &owner->id, bound,
                            &facts);

        if (rc == 0) {
            row_add(ctl, &row, "facts", facts);
        }
    }

    if (rc == 0) {
        rc = row_write(ctl, category, &row);
    }

    ctl_buf_free(&row.names);
    ctl_buf_free(&row.places);

    return rc;
}


static void
row_add(ctl_t *ctl, row_t *row, const char *name, pupil_str_t value)
{
    char  *text;

    text = ctl_pool_alloc(&ctl->pool, CTL_BYTEA_SIZE(value.len));
    row->params[row->count++] = ctl_bytea(value.data, value.len, text);

    ctl_buf_printf(&row->names, ", \"%s\"", name);
    ctl_buf_printf(&row->places, ", $%d::bytea", row->count);
}


static int
row_write(ctl_t *ctl, const char *category, const row_t *row)
{
    int        rc;
    ctl_buf_t  sql;

    ctl_buf_init(&sql);
    ctl_buf_printf(&sql, "INSERT INTO data.\"%s\" (tenant, owner, record,"
                   " key_version, source%s) VALUES ($1::uuid, $2::uuid,"
                   " $2::uuid, $3::integer, $4%s)", category, row->names.data,
                   row->places.data);

    rc = ctl_exec(ctl->data, sql.data, row->count, row->params);
    ctl_buf_free(&sql);

    return rc;
}
