/*
 * Copyright (C) the Pupil authors
 *
 * The statements of /v1/admin/imports.  No plugin grants it: who administers
 * the tenant sees what imports would do and have done, in counts, and decides;
 * what is decided is carried out by pupilctl work, and by nobody here.
 */

#include <string.h>

#include "core/base/number.h"
#include "core/base/text.h"
#include "core/endpoints/columns.h"
#include "core/endpoints/endpoint_sql.h"
#include "core/endpoints/endpoints.h"
#include "core/endpoints/imports.h"


/* For the record alone, as there is no category of that name. */
#define IMPORTS                                                               \
    .category = "import", .field = "",                                        \
    .purpose = PUPIL_PURPOSE_ADMINISTRATION,                                  \
    .relation = PUPIL_RELATION_TENANT_ADMIN, .about = PUPIL_ABOUT_NONE,       \
    .flags = PUPIL_WANT_ASKED


const pupil_argument_t  pupil_imports_arguments[] = {
    PUPIL_PAGE_ARGUMENTS(pupil_imports_query_t),
    { .name = NULL }
};


static const char  list_sql[] =
    "SELECT $1::bigint, p.id, p.plan, p.made_at, p.note, p.state, p.mac,"
    " d.what, d.decided_at, d.state"
    " FROM " PUPIL_SQL_ONE
    " LEFT JOIN (SELECT p.* FROM pupil.import_plan AS p WHERE p.tenant = $2"
    " AND (p.made_at, p.id) < ($8, $9)"
    " ORDER BY p.made_at DESC, p.id DESC LIMIT $10) AS p ON true"
    " LEFT JOIN pupil.import_decision AS d ON d.tenant = $2 AND d.id = p.id"
    " ORDER BY p.made_at DESC, p.id DESC";

/* Once: again is what was decided. */
static const char  decide_sql[] =
    "WITH there AS MATERIALIZED ("
    "SELECT p.id FROM pupil.import_plan AS p WHERE p.tenant = $2"
    " AND p.id = $8 AND p.kind = $12 AND p.state = 'open'),"
    " put AS ("
    "INSERT INTO pupil.import_decision (tenant, id, what, request,"
    " decided_at, mac) SELECT $2, t.id, $9, $3, $10, $11 FROM there AS t"
    " ON CONFLICT DO NOTHING),"
    " which AS MATERIALIZED ("
    "SELECT (NOT EXISTS (SELECT FROM there))::integer AS choice),"
    " audit AS ("
    "INSERT INTO pupil.audit_record ({audit}, number, mac, outcome, note)"
    " SELECT {audit_values}, {number}, " PUPIL_SQL_MAC("w.choice") ","
    " CASE w.choice WHEN 0 THEN 'allowed' ELSE 'not_found' END,"
    " 'import ' || $9 || ' ' || $8"
    " FROM which AS w RETURNING 1)"
    " SELECT " PUPIL_SQL_RECORDED("audit", "1", "SELECT 1 << w.choice"
                                                " FROM which AS w") ","
    " (SELECT count(*) FROM there)";


const pupil_audit_choice_t  pupil_imports_makes[PUPIL_IMPORTS_CHOICES] = {
    { .outcome = PUPIL_OUTCOME_ALLOWED },
    { .outcome = PUPIL_OUTCOME_NOT_FOUND, .choice = 1 }
};


static const pupil_want_t  list_wants[] = {
    { IMPORTS, .operation = PUPIL_OPERATION_READ }
};

static const pupil_want_t  decide_wants[] = {
    { IMPORTS, .operation = PUPIL_OPERATION_WRITE }
};


static const pupil_template_t  imports_templates[PUPIL_IMPORTS_COUNT] = {

    [PUPIL_IMPORTS_LIST] = {
        .name = "imports list",
        .sql = list_sql,
        .fixed = PUPIL_IL_COLUMNS,
        PUPIL_WANTS(list_wants),
        .params = { PUPIL_PARAM_TIMESTAMPTZ, PUPIL_PARAM_UUID,
                    PUPIL_PARAM_INT4 }
    },

    [PUPIL_IMPORTS_DECIDE] = {
        .name = "imports decide",
        .sql = decide_sql,
        .fixed = PUPIL_ID_COLUMNS,
        PUPIL_WANTS(decide_wants),
        .params = { PUPIL_PARAM_UUID, PUPIL_PARAM_TEXT,
                    PUPIL_PARAM_TIMESTAMPTZ, PUPIL_PARAM_BYTEA,
                    PUPIL_PARAM_TEXT },
        .records = PUPIL_IMPORTS_CHOICES
    }
};


const pupil_endpoint_t  pupil_imports_endpoint = {
    .name = "imports",
    .directive = "pupil_imports",
    .templates = imports_templates,
    .count = PUPIL_IMPORTS_COUNT
};


static int
line_next(pupil_str_t *rest, pupil_str_t *name, pupil_str_t *value)
{
    const uint8_t  *end, *blank;

    if (rest->len == 0) {
        return 0;
    }

    end = memchr(rest->data, '\n', rest->len);
    end = end != NULL ? end : rest->data + rest->len;

    name->data = rest->data;
    name->len = (size_t) (end - rest->data);

    /* the signature, behind an empty line */
    if (name->len == 0) {
        return 0;
    }

    rest->len -= name->len;
    rest->data = end;

    if (rest->len != 0) {
        rest->data++;
        rest->len--;
    }

    blank = memchr(name->data, ' ', name->len);
    blank = blank != NULL ? blank : end;
    value->data = blank < end ? blank + 1 : end;
    value->len = (size_t) (end - value->data);
    name->len = (size_t) (blank - name->data);

    return 1;
}


/* The first of this name; empty: there is none. */
static pupil_str_t
line_find(pupil_str_t note, const char *what)
{
    pupil_str_t  name, value;

    while (line_next(&note, &name, &value)) {
        if (pupil_str_is(name, what)) {
            return value;
        }
    }

    value.data = (const uint8_t *) "";
    value.len = 0;

    return value;
}


static void
counts_write(pupil_writer_t *out, pupil_str_t note)
{
    size_t       i;
    pupil_str_t  value;

    static const char *const  counts[] = {
        "joins", "leaves", "returns", "renamed", "logins", "schools", "roles",
        "classes", "people"
    };

    pupil_writer_key(out, "counts");
    pupil_writer_object_begin(out);

    for (i = 0; i < PUPIL_COUNT(counts); i++) {
        value = line_find(note, counts[i]);

        if (value.len != 0) {
            pupil_writer_key_len(out, counts[i], strlen(counts[i]));
            pupil_writer_raw(out, value.data, value.len);
        }
    }

    pupil_writer_object_end(out);
}


void
pupil_imports_note(pupil_writer_t *out, pupil_str_t note)
{
    pupil_str_t  name, value, rest;

    rest = note;
    pupil_writer_key(out, "kind");
    pupil_writer_cstr(out, line_next(&rest, &name, &value)
                           && pupil_str_is(name, PUPIL_IMPORTS_RUN)
                           ? "run" : "plan");

    value = line_find(note, "source");
    pupil_writer_key(out, "source");
    pupil_writer_str(out, &value);

    value = line_find(note, "by");
    pupil_writer_key(out, "by");
    pupil_writer_str(out, &value);

    pupil_writer_key(out, "held");
    pupil_writer_array_begin(out);

    for (rest = note; line_next(&rest, &name, &value); ) {
        if (pupil_str_is(name, "held")) {
            pupil_writer_str(out, &value);
        }
    }

    pupil_writer_array_end(out);
    counts_write(out, note);
}
