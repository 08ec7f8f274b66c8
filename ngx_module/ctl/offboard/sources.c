/*
 * Copyright (C) the Pupil authors
 */

#include <string.h>

#include "ctl/base/buf.h"
#include "ctl/base/db.h"
#include "ctl/offboard/sources.h"
#include "ctl/store/plugins.h"


/* Of each category, before its fields. */
enum {
    MEMBER_OWNER = 0,
    MEMBER_RECORD,
    MEMBER_SOURCE,
    MEMBER_UPDATED,
    MEMBER_FIELDS
};

#define TIME(column)                                                          \
    "to_char(" column " AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US"    \
    "\"Z\"')"


static int source_make(ctl_t *ctl, const char *name, int table,
    ctl_source_t *source);
static ctl_member_t *members_make(ctl_t *ctl, const pupil_plugin_t *plugin,
    int table, uint32_t *count);
static const char *member_sql(ctl_t *ctl, const pupil_field_t *field);


static const ctl_member_t  common[MEMBER_FIELDS] = {
    [MEMBER_OWNER] = {
        .name = "owner", .sql = "t.owner::text", .type = PUPIL_TYPE_UUID },
    [MEMBER_RECORD] = {
        .name = "record", .sql = "t.record::text", .type = PUPIL_TYPE_UUID },
    [MEMBER_SOURCE] = {
        .name = "source", .sql = "t.source", .type = PUPIL_TYPE_TEXT },
    [MEMBER_UPDATED] = {
        .name = "updated_at", .sql = TIME("t.updated_at"),
        .type = PUPIL_TYPE_TIMESTAMP }
};

static const ctl_member_t  accounts[] = {
    { .name = "id", .sql = "t.subject::text", .type = PUPIL_TYPE_UUID },
    { .name = "status", .sql = "t.status", .type = PUPIL_TYPE_TEXT },
    { .name = "source", .sql = "t.source", .type = PUPIL_TYPE_TEXT },
    { .name = "created_at", .sql = TIME("t.created_at"),
      .type = PUPIL_TYPE_TIMESTAMP },
    { .name = "roles", .sql = "(SELECT coalesce(json_agg(json_build_object("
      "'role', r.role, 'school_id', r.institution, 'from', r.valid_from, 'to',"
      " r.valid_to) ORDER BY r.role, r.institution), '[]') FROM pupil.role AS"
      " r WHERE r.tenant = t.tenant AND r.subject = t.subject)::text",
      .type = PUPIL_TYPE_JSON }
};

static const ctl_member_t  schools[] = {
    { .name = "id", .sql = "t.institution::text", .type = PUPIL_TYPE_UUID },
    { .name = "source", .sql = "t.source", .type = PUPIL_TYPE_TEXT },
    { .name = "school_title", .sql = "t.title", .type = PUPIL_TYPE_TEXT,
      .sealed = 1 }
};

static const ctl_member_t  classes[] = {
    { .name = "id", .sql = "t.class::text", .type = PUPIL_TYPE_UUID },
    { .name = "school_id", .sql = "t.institution::text",
      .type = PUPIL_TYPE_UUID },
    { .name = "source", .sql = "t.source", .type = PUPIL_TYPE_TEXT },
    { .name = "class_title", .sql = "t.title", .type = PUPIL_TYPE_TEXT,
      .sealed = 1 },
    { .name = "group_type", .sql = "t.group_type", .type = PUPIL_TYPE_TEXT,
      .sealed = 1 },
    { .name = "department", .sql = "t.department", .type = PUPIL_TYPE_TEXT,
      .sealed = 1 }
};

static const ctl_member_t  releases[] = {
    { .name = "category", .sql = "t.category", .type = PUPIL_TYPE_TEXT },
    { .name = "released", .sql = "t.released::text", .type = PUPIL_TYPE_DATE }
};

static const ctl_member_t  statistics[] = {
    { .name = "category", .sql = "t.category", .type = PUPIL_TYPE_TEXT },
    { .name = "released", .sql = "t.released::text", .type = PUPIL_TYPE_DATE },
    { .name = "group", .sql = "t.grouped", .type = PUPIL_TYPE_TEXT },
    { .name = "value", .sql = "t.value", .type = PUPIL_TYPE_TEXT },
    { .name = "persons", .sql = "t.persons::text", .type = PUPIL_TYPE_INTEGER }
};

static const ctl_member_t  notices[] = {
    { .name = "owner", .sql = "t.subject::text", .type = PUPIL_TYPE_UUID },
    { .name = "kind", .sql = "t.kind", .type = PUPIL_TYPE_TEXT },
    { .name = "at", .sql = TIME("t.at"), .type = PUPIL_TYPE_TIMESTAMP },
    { .name = "seen_at", .sql = TIME("t.seen_at"),
      .type = PUPIL_TYPE_TIMESTAMP }
};

static const ctl_member_t  breaches[] = {
    { .name = "breach", .sql = "t.breach::text", .type = PUPIL_TYPE_INTEGER },
    { .name = "what", .sql = "t.what", .type = PUPIL_TYPE_TEXT },
    { .name = "reference", .sql = "t.reference", .type = PUPIL_TYPE_TEXT },
    { .name = "since", .sql = TIME("t.since"), .type = PUPIL_TYPE_TIMESTAMP },
    { .name = "until", .sql = TIME("t.until"), .type = PUPIL_TYPE_TIMESTAMP },
    { .name = "noticed_at", .sql = TIME("t.noticed_at"),
      .type = PUPIL_TYPE_TIMESTAMP },
    { .name = "authority_at", .sql = TIME("t.authority_at"),
      .type = PUPIL_TYPE_TIMESTAMP },
    { .name = "authority_reference", .sql = "t.authority_reference",
      .type = PUPIL_TYPE_TEXT },
    { .name = "told", .sql = "t.told::text", .type = PUPIL_TYPE_INTEGER },
    { .name = "closed_at", .sql = TIME("t.closed_at"),
      .type = PUPIL_TYPE_TIMESTAMP },
    { .name = "reason", .sql = "t.reason", .type = PUPIL_TYPE_TEXT },
    { .name = "scopes", .sql = "(SELECT coalesce(json_agg(json_build_object("
      "'made_at', s.made_at, 'asked', s.asked::json, 'found', s.found::json)"
      " ORDER BY s.scope), '[]') FROM pupil.breach_scope AS s WHERE s.tenant ="
      " t.tenant AND s.breach = t.breach)::text", .type = PUPIL_TYPE_JSON }
};

static const ctl_member_t  recipients[] = {
    { .name = "recipient", .sql = "t.recipient", .type = PUPIL_TYPE_TEXT },
    { .name = "number", .sql = "t.number::text", .type = PUPIL_TYPE_INTEGER },
    { .name = "title", .sql = "t.title", .type = PUPIL_TYPE_TEXT },
    { .name = "kind", .sql = "t.kind", .type = PUPIL_TYPE_TEXT },
    { .name = "countries", .sql = "to_json(t.countries)::text",
      .type = PUPIL_TYPE_JSON },
    { .name = "transfer", .sql = "t.transfer", .type = PUPIL_TYPE_TEXT },
    { .name = "fields", .sql = "to_json(t.fields)::text",
      .type = PUPIL_TYPE_JSON },
    { .name = "applications", .sql = "to_json(t.applications)::text",
      .type = PUPIL_TYPE_JSON },
    { .name = "why", .sql = "t.why", .type = PUPIL_TYPE_TEXT },
    { .name = "evidence", .sql = "t.evidence", .type = PUPIL_TYPE_TEXT },
    { .name = "evidence_on", .sql = "t.evidence_on::text",
      .type = PUPIL_TYPE_DATE },
    { .name = "evidence_sha256", .sql = "encode(t.evidence_hash, 'hex')",
      .type = PUPIL_TYPE_TEXT },
    { .name = "added_at", .sql = TIME("t.added_at"),
      .type = PUPIL_TYPE_TIMESTAMP },
    { .name = "decisions", .sql = "(SELECT coalesce(json_agg("
      "json_build_object('what', s.what, 'reference', s.reference, 'date',"
      " s.decided_on::text, 'at', " TIME("s.at") ") ORDER BY s.step), '[]')"
      " FROM pupil.recipient_step AS s WHERE s.tenant = t.tenant AND"
      " s.recipient = t.recipient AND s.number = t.number)::text",
      .type = PUPIL_TYPE_JSON }
};

static const ctl_member_t  requests[] = {
    { .name = "owner", .sql = "t.subject::text", .type = PUPIL_TYPE_UUID },
    { .name = "id", .sql = "t.request::text", .type = PUPIL_TYPE_UUID },
    { .name = "kind", .sql = "t.kind", .type = PUPIL_TYPE_TEXT },
    { .name = "state", .sql = "t.state", .type = PUPIL_TYPE_TEXT },
    { .name = "condition", .sql = "t.condition", .type = PUPIL_TYPE_TEXT },
    { .name = "reference", .sql = "t.reference", .type = PUPIL_TYPE_TEXT },
    { .name = "received_on", .sql = "t.received_on::text",
      .type = PUPIL_TYPE_DATE },
    { .name = "due_on", .sql = "t.due_on::text", .type = PUPIL_TYPE_DATE },
    { .name = "created_at", .sql = TIME("t.created_at"),
      .type = PUPIL_TYPE_TIMESTAMP },
    { .name = "changed_at", .sql = TIME("t.changed_at"),
      .type = PUPIL_TYPE_TIMESTAMP }
};

/* As they are sealed: the names are those of their places. */
static const ctl_member_t  request_texts[] = {
    { .name = "owner", .sql = "t.subject::text", .type = PUPIL_TYPE_UUID },
    { .name = "id", .sql = "t.request::text", .type = PUPIL_TYPE_UUID },
    { .name = "categories", .sql = "t.categories", .type = PUPIL_TYPE_TEXT,
      .sealed = 1 },
    { .name = "text", .sql = "t.text", .type = PUPIL_TYPE_TEXT, .sealed = 1 },
    { .name = "extension", .sql = "t.extension", .type = PUPIL_TYPE_TEXT,
      .sealed = 1 },
    { .name = "reason", .sql = "t.reason", .type = PUPIL_TYPE_TEXT,
      .sealed = 1 },
    { .name = "behalf", .sql = "t.behalf", .type = PUPIL_TYPE_TEXT,
      .sealed = 1 }
};

/* Of a row that has none. */
#define ID(columns)  "md5(json_build_array(" columns ")::text)::uuid"

#define RELEASE_ID     ID("t.category, t.released")
#define BREACH_ID      ID("'breach', t.breach")
#define RECIPIENT_ID   ID("t.recipient, t.number")
#define STATISTICS_ID  ID("t.category, t.released, t.grouped, t.value")

/* Whom unknown log-in names meet is nobody. */
#define NOBODY  "(SELECT n.decoy FROM pupil.tenant AS n WHERE n.tenant = $1)"

static const ctl_source_t  host[] = {
    {
        .name = "accounts", .category = "enrolment",
        .rows = "pupil.subject AS t WHERE t.tenant = $1 AND t.subject <> "
                NOBODY,
        .owner = "t.subject", .record = "t.subject", .persons = 1,
        .members = accounts, .count = PUPIL_COUNT(accounts)
    }, {
        .name = "notices", .category = "enrolment",
        .rows = "pupil.notice AS t WHERE t.tenant = $1",
        .owner = "t.subject", .record = "t.notice", .persons = 1,
        .members = notices, .count = PUPIL_COUNT(notices)
    }, {
        .name = "requests", .category = "request",
        .rows = "pupil.request AS t WHERE t.tenant = $1 AND t.subject IS NOT"
                " NULL",
        .owner = "t.subject", .record = "t.request", .persons = 1,
        .members = requests, .count = PUPIL_COUNT(requests)
    }, {
        .name = "request_texts", .category = "request",
        .rows = "pupil.request_text AS t WHERE t.tenant = $1",
        .owner = "t.subject", .record = "t.request", .persons = 1,
        .members = request_texts, .count = PUPIL_COUNT(request_texts)
    }, {
        .name = "requests_without_person", .category = "request",
        .rows = "pupil.request AS t WHERE t.tenant = $1 AND NOT EXISTS (SELECT"
                " FROM pupil.owner AS o WHERE o.tenant = $1 AND o.owner ="
                " t.subject AND o.state <> 'erased')",
        .owner = "t.request", .record = "t.request", .nobodys = 1,
        .members = requests, .count = PUPIL_COUNT(requests)
    }, {
        .name = "schools", .category = "enrolment",
        .rows = "pupil.institution AS t WHERE t.tenant = $1",
        .owner = "t.institution", .record = "t.institution",
        .members = schools, .count = PUPIL_COUNT(schools)
    }, {
        .name = "classes", .category = "enrolment",
        .rows = "pupil.class AS t WHERE t.tenant = $1",
        .owner = "t.class", .record = "t.class",
        .members = classes, .count = PUPIL_COUNT(classes)
    }, {
        .name = "releases", .category = "statistics",
        .rows = "pupil.release AS t WHERE t.tenant = $1",
        .owner = RELEASE_ID, .record = RELEASE_ID, .nobodys = 1,
        .members = releases, .count = PUPIL_COUNT(releases)
    }, {
        .name = "breaches", .category = "enrolment",
        .rows = "pupil.breach AS t WHERE t.tenant = $1",
        .owner = BREACH_ID, .record = BREACH_ID, .nobodys = 1,
        .members = breaches, .count = PUPIL_COUNT(breaches)
    }, {
        .name = "statistics", .category = "statistics",
        .rows = "pupil.aggregate AS t WHERE t.tenant = $1",
        .owner = STATISTICS_ID, .record = STATISTICS_ID, .nobodys = 1,
        .members = statistics, .count = PUPIL_COUNT(statistics)
    }, {
        .name = "recipients", .category = "recipient",
        .rows = "pupil.recipient AS t WHERE t.tenant = $1",
        .owner = RECIPIENT_ID, .record = RECIPIENT_ID, .nobodys = 1,
        .members = recipients, .count = PUPIL_COUNT(recipients)
    }
};

/* What has rows of owners; a view shows the host's, by its plugin. */
static const char  categories_sql[] =
    "SELECT c.relname, c.relkind <> 'v' FROM pg_class AS c JOIN pg_attribute"
    " AS a ON a.attrelid = c.oid AND a.attname = 'owner' AND NOT"
    " a.attisdropped WHERE c.relnamespace = 'data'::regnamespace AND c.relkind"
    " IN ('r', 'p', 'v') AND NOT c.relispartition ORDER BY c.relname";


int
ctl_sources_read(ctl_t *ctl, const ctl_source_t **list, size_t *count)
{
    int            rc, row;
    PGresult      *res;
    ctl_source_t  *sources;

    res = ctl_ask(ctl, ctl->data, categories_sql, 0, NULL);
    if (res == NULL) {
        return -1;
    }

    *count = (size_t) PQntuples(res) + PUPIL_COUNT(host);
    sources = ctl_pool_alloc(&ctl->pool, *count * sizeof(ctl_source_t));
    memcpy(sources, host, sizeof(host));

    for (row = 0, rc = 0; rc == 0 && row < PQntuples(res); row++) {
        rc = source_make(ctl, PQgetvalue(res, row, 0),
                         PQgetvalue(res, row, 1)[0] == 't',
                         &sources[PUPIL_COUNT(host) + (size_t) row]);
    }

    PQclear(res);
    *list = sources;

    return rc;
}


static int
source_make(ctl_t *ctl, const char *name, int table, ctl_source_t *source)
{
    ctl_buf_t          rows;
    pupil_category_t  *category;

    category = ctl_plugin_find(ctl, name);

    if (category == NULL) {
        return ctl_error("the plugin of %s is not in %s, so that nobody knows"
                         " what it holds: put it there", name,
                         ctl->opt.plugins);
    }

    ctl_buf_init(&rows);
    ctl_buf_printf(&rows, "data.\"%s\" AS t WHERE t.tenant = $1 AND t.owner"
                   " <> " NOBODY, name);

    memset(source, 0, sizeof(ctl_source_t));
    source->name = category->plugin->name;
    source->category = category->plugin->name;
    source->rows = ctl_pool_text(&ctl->pool, rows.data, rows.len);
    source->owner = "t.owner";
    source->record = "t.record";
    source->persons = category->plugin->owner == PUPIL_OWNER_SUBJECT;
    source->members = members_make(ctl, category->plugin, table,
                                   &source->count);
    ctl_buf_free(&rows);

    return 0;
}


/*
 * What no client ever sees is the host's alone.  What a view has that is sealed
 * is somebody else's, who has it in a list of their own.
 */
static ctl_member_t *
members_make(ctl_t *ctl, const pupil_plugin_t *plugin, int table,
    uint32_t *count)
{
    uint32_t              i, n;
    ctl_member_t         *members;
    const pupil_field_t  *field;

    members = ctl_pool_alloc(&ctl->pool,
                             (MEMBER_FIELDS + (size_t) plugin->fields_count)
                             * sizeof(ctl_member_t));
    memcpy(members, common, sizeof(common));

    for (i = 0, n = MEMBER_FIELDS; i < plugin->fields_count; i++) {
        field = &plugin->fields[i];

        if ((field->flags & PUPIL_FIELD_INTERNAL)
            || (!table && (field->flags & PUPIL_FIELD_SEALED)))
        {
            continue;
        }

        members[n].name = field->name;
        members[n].sql = member_sql(ctl, field);
        members[n].type = field->type;
        members[n].sealed = (field->flags & PUPIL_FIELD_SEALED) != 0;
        n++;
    }

    *count = n;

    return members;
}


/* As include/pupil_plugin.h says what a clear value is. */
static const char *
member_sql(ctl_t *ctl, const pupil_field_t *field)
{
    ctl_buf_t    sql;
    const char  *text;

    ctl_buf_init(&sql);

    if (field->flags & PUPIL_FIELD_SEALED) {
        ctl_buf_printf(&sql, "t.\"%s\"", field->name);

    } else if (field->type == PUPIL_TYPE_TIMESTAMP) {
        ctl_buf_printf(&sql, TIME("t.\"%s\""), field->name);

    } else if (field->type == PUPIL_TYPE_UUID_LIST) {
        ctl_buf_printf(&sql, "array_to_string(t.\"%s\", ' ')", field->name);

    } else {
        ctl_buf_printf(&sql, "t.\"%s\"::text", field->name);
    }

    text = ctl_pool_text(&ctl->pool, sql.data, sql.len);
    ctl_buf_free(&sql);

    return text;
}
