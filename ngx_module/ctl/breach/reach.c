/*
 * Copyright (C) the Pupil authors
 *
 * What was shown is on record: by whom, of whom, which fields.  What could have
 * been is what an account's relations grant it, by all plugins that are
 * installed, and what a key opens, of whom something is held.  All of it is
 * computed where the rows are, whatever their number.
 */

#include <string.h>

#include "core/plugin/names.h"
#include "ctl/base/db.h"
#include "ctl/base/literal.h"
#include "ctl/base/text.h"
#include "ctl/breach/reach.h"


/* Of the grants below: of whom nothing decides but a key. */
#define ANY  "any"

/* Parameters of both statements, from $1 on. */
enum {
    PARAM_TENANT = 0,
    PARAM_BREACH,
    PARAM_SCOPE,
    PARAM_SINCE,
    PARAM_UNTIL,
    PARAM_ACCOUNTS,
    PARAM_LAST,                 /* workers, or what follows */
    PARAM_OWNERS = PARAM_LAST,
    PARAM_ALL,
    PARAM_BACKUP,
    PARAM_RELATIONS,            /* a grant each: beside each other */
    PARAM_CATEGORIES,
    PARAM_FIELDS,               /* by spaces */
    PARAM_COUNT
};

#define LOG_WHERE                                                             \
    " WHERE r.at >= $4::timestamptz AND r.at < $5::timestamptz"               \
    " AND r.outcome = 'allowed'"                                              \
    " AND ($6::uuid[] IS NULL OR r.actor = ANY ($6::uuid[]))"                 \
    " AND ($7::bigint[] IS NULL OR r.writer = ANY ($7::bigint[]))"

/* A record has a shape, of which there are few: each is read once. */
static const char  log_sql[] =
    "WITH shape AS MATERIALIZED (SELECT s.shape, a.about, a.category,"
    " CASE a.operation WHEN 'read' THEN 'shown' ELSE 'changed' END AS how,"
    " coalesce(a.fields, '{}') AS fields FROM pupil.audit_shape AS s"
    " CROSS JOIN LATERAL jsonb_to_recordset(s.accesses::jsonb) AS a"
    " (category text, fields text[], operation text, about text)"
    " WHERE a.about IN ('actor', 'subjects') AND a.category IS NOT NULL),"
    " seen AS MATERIALIZED (SELECT r.shape, 'subjects' AS about, u.subject"
    " FROM pupil.audit_record AS r CROSS JOIN LATERAL unnest(r.subjects) AS"
    " u (subject)" LOG_WHERE " GROUP BY r.shape, u.subject UNION ALL"
    " SELECT r.shape, 'actor', r.actor FROM pupil.audit_record AS r" LOG_WHERE
    " AND r.actor IS NOT NULL GROUP BY r.shape, r.actor)"
    " INSERT INTO pupil.breach_found (tenant, breach, scope, how, subject,"
    " category, fields) SELECT $1::uuid, $2::integer, $3::integer, s.how,"
    " n.subject, s.category, coalesce(array_agg(DISTINCT f.field ORDER BY"
    " f.field) FILTER (WHERE f.field IS NOT NULL), '{}')"
    " FROM seen AS n JOIN shape AS s ON s.shape = n.shape AND s.about = n.about"
    " LEFT JOIN LATERAL unnest(s.fields) AS f (field) ON true"
    " GROUP BY s.how, n.subject, s.category";

#define LIVE(row)                                                             \
    row ".valid_from <= $5::timestamptz::date AND coalesce(" row ".valid_to," \
    " 'infinity') >= $4::timestamptz::date"

#define CLASSMATES(mine, theirs, relation)                                    \
    " UNION SELECT e.subject, '" relation "' FROM pupil.enrolment AS m"       \
    " JOIN account AS a ON a.id = m.subject JOIN pupil.enrolment AS e"        \
    " ON e.class = m.class AND e.role = '" theirs "' WHERE m.role = '" mine   \
    "' AND " LIVE("m") " AND " LIVE("e")                                      \
    " AND e.valid_from <= coalesce(m.valid_to, 'infinity')"                   \
    " AND m.valid_from <= coalesce(e.valid_to, 'infinity')"

/*
 * Whom an account stood to, at some time of the breach, and all whose keys are
 * meant.  Who was erased by the time of a backup is not in it.
 */
static const char  reach_sql[] =
    "WITH account AS (SELECT u.id FROM unnest($6::uuid[]) AS u (id)),"
    " acts AS (SELECT r.role, r.institution FROM pupil.role AS r"
    " JOIN account AS a ON a.id = r.subject WHERE " LIVE("r") "),"
    " gone AS (SELECT l.subject, min(l.at) AS at FROM pupil.ledger AS l"
    " WHERE l.kind = 'erasure' GROUP BY l.subject),"
    " person AS (SELECT s.subject, s.created_at FROM pupil.subject AS s"
    " WHERE s.subject <> (SELECT t.decoy FROM pupil.tenant AS t"
    " WHERE t.tenant = $1::uuid)),"
    " reach AS MATERIALIZED (SELECT a.id AS subject, 'self' AS relation"
    " FROM account AS a"
    CLASSMATES("teacher", "pupil", "teaches")
    CLASSMATES("pupil", "teacher", "taught_by")
    " UNION SELECT r.subject, 'school_admin' FROM acts AS a JOIN pupil.role AS"
    " r ON r.institution = a.institution WHERE a.role = 'school_admin' AND "
    LIVE("r")
    " UNION SELECT p.subject, a.role FROM (SELECT DISTINCT role FROM acts WHERE"
    " role IN ('tenant_admin', 'dpo')) AS a JOIN person AS p"
    " ON p.created_at < $5::timestamptz"
    " UNION SELECT g.subject, 'support_grant' FROM pupil.support_grant AS g"
    " JOIN account AS a ON a.id = g.actor WHERE g.redeemed_at < "
    "$5::timestamptz AND g.expires_at > $4::timestamptz"
    " UNION SELECT p.subject, '" ANY "' FROM person AS p"
    " LEFT JOIN gone AS g USING (subject) WHERE (p.subject IN"
    " (SELECT unnest($7::uuid[])) OR ($8::boolean AND p.created_at <"
    " coalesce($9::timestamptz, $5::timestamptz))) AND (g.at IS NULL"
    " OR g.at > coalesce($9::timestamptz, $4::timestamptz))),"
    " granted AS (SELECT * FROM unnest($10::text[], $11::text[], $12::text[])"
    " AS g (relation, category, fields)),"
    " held (category, owner) AS (";

/* What was held of who was erased since is in what their erasure deleted. */
static const char  reach_end_sql[] =
    " UNION SELECT substr(e.name, 6), l.subject FROM pupil.ledger AS l"
    " JOIN pupil.erasure AS e ON e.tenant = l.tenant AND e.number = l.number"
    " AND e.name LIKE 'data.%' AND e.records > 0 WHERE l.kind = 'erasure')"
    " INSERT INTO pupil.breach_found (tenant, breach, scope, how, subject,"
    " category, fields) SELECT $1::uuid, $2::integer, $3::integer, 'could',"
    " r.subject, g.category, coalesce(array_agg(DISTINCT f.field ORDER BY"
    " f.field) FILTER (WHERE f.field <> ''), '{}') FROM reach AS r"
    " JOIN granted AS g ON g.relation = r.relation"
    " JOIN held AS h ON h.category = g.category AND h.owner = r.subject"
    " LEFT JOIN LATERAL unnest(string_to_array(g.fields, ' ')) AS f (field)"
    " ON true GROUP BY r.subject, g.category";


static int log_reach(ctl_t *ctl, const breach_asked_t *asked,
    const char *params[PARAM_COUNT]);
static int could_reach(ctl_t *ctl, const breach_asked_t *asked,
    const char *params[PARAM_COUNT]);
static void held_text(const ctl_t *ctl, ctl_buf_t *sql);
static void grants_text(const ctl_t *ctl, int plain, ctl_buf_t grants[3]);
static void grant_add(ctl_buf_t grants[3], const char *relation,
    const pupil_plugin_t *plugin, const char *fields);
static void all_add(ctl_buf_t grants[3], const pupil_plugin_t *plugin,
    int plain);


int
breach_reach(ctl_t *ctl, const breach_asked_t *asked)
{
    const char  *params[PARAM_COUNT] = { NULL };

    params[PARAM_TENANT] = ctl->tenant_text;
    params[PARAM_BREACH] = asked->number;
    params[PARAM_SCOPE] = asked->scope;
    params[PARAM_SINCE] = asked->since;
    params[PARAM_UNTIL] = asked->until;
    params[PARAM_ACCOUNTS] = asked->accounts;

    return log_reach(ctl, asked, params) == 0
           ? could_reach(ctl, asked, params) : -1;
}


static int
log_reach(ctl_t *ctl, const breach_asked_t *asked,
    const char *params[PARAM_COUNT])
{
    if (!asked->log) {
        return 0;
    }

    params[PARAM_LAST] = asked->workers;

    return ctl_exec(ctl->data, log_sql, PARAM_LAST + 1, params);
}


static int
could_reach(ctl_t *ctl, const breach_asked_t *asked,
    const char *params[PARAM_COUNT])
{
    int        i, rc;
    ctl_buf_t  sql, grants[3];

    if (asked->accounts == NULL && asked->owners == NULL && !asked->all) {
        return 0;
    }

    grants_text(ctl, asked->plain, grants);

    params[PARAM_OWNERS] = asked->owners;
    params[PARAM_ALL] = asked->all ? "true" : "false";
    params[PARAM_BACKUP] = asked->backup;
    params[PARAM_RELATIONS] = grants[0].data;
    params[PARAM_CATEGORIES] = grants[1].data;
    params[PARAM_FIELDS] = grants[2].data;

    ctl_buf_init(&sql);
    ctl_buf_text(&sql, reach_sql);
    held_text(ctl, &sql);
    ctl_buf_text(&sql, reach_end_sql);

    rc = ctl_exec(ctl->data, sql.data, PARAM_COUNT, params);
    ctl_buf_free(&sql);

    for (i = 0; i < 3; i++) {
        ctl_buf_free(&grants[i]);
    }

    return rc;
}


/* Of whom there are records, by category: those that are of persons. */
static void
held_text(const ctl_t *ctl, ctl_buf_t *sql)
{
    uint32_t               i;
    const char            *between;
    const pupil_plugin_t  *plugin;

    between = "";

    for (i = 0; i < ctl->policy.count; i++) {
        plugin = ctl->policy.categories[i]->plugin;

        if (plugin->owner == PUPIL_OWNER_SUBJECT) {
            ctl_buf_printf(sql, "%sSELECT '%s', d.owner FROM data.\"%s\" AS d",
                           between, plugin->name, plugin->name);
            between = " UNION ";
        }
    }
}


static void
grants_text(const ctl_t *ctl, int plain, ctl_buf_t grants[3])
{
    uint32_t               i, k;
    const pupil_grant_t   *grant;
    const pupil_plugin_t  *plugin;

    for (i = 0; i < 3; i++) {
        ctl_buf_init(&grants[i]);
        ctl_array_begin(&grants[i]);
    }

    for (i = 0; i < ctl->policy.count; i++) {
        plugin = ctl->policy.categories[i]->plugin;

        if (plugin->owner != PUPIL_OWNER_SUBJECT) {
            continue;
        }

        for (k = 0; k < plugin->grants_count; k++) {
            grant = &plugin->grants[k];

            if (grant->operation == PUPIL_OPERATION_READ
                && grant->relation != PUPIL_RELATION_SYSTEM)
            {
                grant_add(grants, pupil_relation_name(grant->relation), plugin,
                          grant->fields);
            }
        }

        all_add(grants, plugin, plain);
    }

    for (i = 0; i < 3; i++) {
        ctl_array_end(&grants[i]);
    }
}


static void
grant_add(ctl_buf_t grants[3], const char *relation,
    const pupil_plugin_t *plugin, const char *fields)
{
    ctl_array_text(&grants[0], ctl_str(relation));
    ctl_array_text(&grants[1], ctl_str(plugin->name));
    ctl_array_text(&grants[2], ctl_str(fields));
}


/* Whoever has the key is bound by no grant. */
static void
all_add(ctl_buf_t grants[3], const pupil_plugin_t *plugin, int plain)
{
    uint32_t   i;
    ctl_buf_t  fields;

    ctl_buf_init(&fields);
    ctl_buf_text(&fields, "");

    for (i = 0; i < plugin->fields_count; i++) {
        if (!plain || !(plugin->fields[i].flags & PUPIL_FIELD_SEALED)) {
            ctl_buf_printf(&fields, "%s%s", fields.len == 0 ? "" : " ",
                           plugin->fields[i].name);
        }
    }

    grant_add(grants, ANY, plugin, fields.data);
    ctl_buf_free(&fields);
}
