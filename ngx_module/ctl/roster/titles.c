/*
 * Copyright (C) the Pupil authors
 */

#include <string.h>

#include "ctl/base/literal.h"
#include "ctl/roster/titles.h"
#include "ctl/roster/unnest.h"
#include "ctl/store/record.h"


static const ctl_access_t  access_of[] = {
    [ROSTER_INSTITUTION] = {
        .category = "enrolment",
        .fields = "school_title",
        .purpose = PUPIL_PURPOSE_ROSTERING,
        .operation = PUPIL_OPERATION_WRITE,
        .about = "none"
    },
    [ROSTER_CLASS] = {
        .category = "enrolment",
        .fields = "class_title group_type department",
        .purpose = PUPIL_PURPOSE_ROSTERING,
        .operation = PUPIL_OPERATION_WRITE,
        .about = "none"
    }
};

static const char *const  write_sql[] = {
    [ROSTER_INSTITUTION] =
        "INSERT INTO pupil.institution (tenant, institution, title, source)"
        " SELECT $1::uuid, r.id, r.title, $2 FROM unnest($3::uuid[],"
        " $4::uuid[], $5::bytea[]) AS r(id, parent, title) ON CONFLICT"
        " (tenant, institution) DO UPDATE SET title = EXCLUDED.title,"
        " updated_at = now()",
    [ROSTER_CLASS] =
        "INSERT INTO pupil.class (tenant, class, institution, title,"
        " group_type, department, source) SELECT $1::uuid, r.id, r.parent,"
        " r.title, r.type, r.department, $2 FROM unnest($3::uuid[],"
        " $4::uuid[], $5::bytea[], $6::bytea[], $7::bytea[]) AS r(id, parent,"
        " title, type, department) ON CONFLICT (tenant, class) DO UPDATE SET"
        " institution = EXCLUDED.institution, title = EXCLUDED.title,"
        " group_type = EXCLUDED.group_type, department ="
        " EXCLUDED.department, updated_at = now()"
};

const char *const  roster_titles_sql[] = {
    [ROSTER_INSTITUTION] =
        "SELECT t.institution, t.institution, t.title FROM pupil.institution"
        " AS t WHERE t.institution = ANY ($1::uuid[])",
    [ROSTER_CLASS] =
        "SELECT t.class, t.institution, t.title, t.group_type, t.department"
        " FROM pupil.class AS t WHERE t.class = ANY ($1::uuid[])"
};


int
roster_titles_record(roster_t *roster, roster_kind_t kind)
{
    return ctl_record(roster->ctl, &access_of[kind], "allowed", "{}",
                      roster->detail);
}


/* A row of the batch; without a value there is nothing to seal. */
static int
row_add(roster_t *roster, roster_kind_t kind, roster_item_t *item,
    roster_unnest_t *rows)
{
    int             rc;
    unsigned        v;
    ctl_pool_t      pool;
    pupil_str_t     sealed;
    ctl_place_t     place;
    roster_item_t  *parent;

    parent = roster_parent(roster, item);
    if (parent == NULL) {
        parent = item;          /* an institution is nobody's */
    }

    ctl_array_uuid(&rows->columns[0], &item->owner.id);
    ctl_array_uuid(&rows->columns[1], &parent->owner.id);

    place.category = "enrolment";
    place.owner = &item->owner;
    place.record = &item->owner.id;

    rc = 0;
    memset(&pool, 0, sizeof(ctl_pool_t));

    for (v = 0; rc == 0 && v < roster_titles(kind); v++) {
        if (item->values[v].len == 0) {
            ctl_array_null(&rows->columns[2 + v]);
            continue;
        }

        place.field = roster_kinds[kind].titles[v];
        rc = ctl_seal(roster->ctl, &pool, &place, item->values[v], &sealed);

        if (rc == 0) {
            ctl_array_bytes(&rows->columns[2 + v], sealed.data, sealed.len);
        }
    }

    ctl_pool_free(&pool);

    return rc;
}


int
roster_titles_write(roster_t *roster, const roster_batch_t *batch)
{
    int              rc;
    unsigned         i;
    roster_unnest_t  rows;

    rc = 0;
    roster_unnest_begin(&rows, 2 + roster_titles(batch->kind));

    for (i = 0; rc == 0 && i < batch->count; i++) {
        rc = row_add(roster, batch->kind, batch->changes[i].item, &rows);
    }

    if (rc == 0) {
        rc = roster_unnest_exec(roster, &rows, write_sql[batch->kind],
                                roster->source, NULL);
    }

    roster_unnest_free(&rows);

    return rc;
}
