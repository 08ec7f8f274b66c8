/*
 * Copyright (C) the Pupil authors
 *
 * pupilctl recipient disclosures: what left this system, and to whom, by the
 * audit (GDPR articles 15(1)(c) and 19).  What an application was told, what
 * support was shown, and to which addresses mail went, is on record each time;
 * who is meant by that says the register.  That it is asked is on record, too.
 */

#include <string.h>

#include "core/base/time.h"
#include "ctl/base/db.h"
#include "ctl/base/list.h"
#include "ctl/base/text.h"
#include "ctl/recipient/entry.h"
#include "ctl/recipient/recipient.h"
#include "ctl/recipient/register.h"
#include "ctl/store/keys.h"
#include "ctl/store/plugins.h"
#include "ctl/store/record.h"


#define APPLICATION  "application "

enum {
    COLUMN_WAY = 0,
    COLUMN_CATEGORY,
    COLUMN_FIELDS,
    COLUMN_ACCESSES,
    COLUMN_SUBJECTS,
    COLUMN_FIRST,
    COLUMN_LAST
};


static int time_check(const char *text, const char *option);
static PGresult *disclosures_read(ctl_t *ctl);
static int asked_record(ctl_t *ctl);
static json_t *disclosures_json(const ctl_t *ctl, const json_t *all,
    const PGresult *res);
static json_t *whose(const json_t *all, const char *way);
static int entry_goes(const json_t *entry, const char *way);
static int names_hold(const json_t *names, const char *name);
static void disclosures_print(const json_t *told);
static void line_print(const json_t *row);


static const ctl_access_t  disclosures_access = {
    .category = "audit",
    .fields = "",
    .purpose = PUPIL_PURPOSE_ACCOUNTABILITY,
    .operation = PUPIL_OPERATION_READ,
    .about = "subjects"
};

#define TIME(time)                                                            \
    "to_char(" time " AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')"

/* $1: since, $2: until, $3: of whom; each may be NULL. */
static const char  disclosures_sql[] =
    "WITH told AS (SELECT r.at, r.request, a.category, a.fields, CASE a.about"
    " WHEN 'actor' THEN ARRAY[r.actor] WHEN 'subjects' THEN r.subjects END AS"
    " subjects, CASE WHEN g.name IS NOT NULL THEN '" APPLICATION "' || g.name"
    " WHEN a.relation = 'support_grant' THEN 'support' WHEN r.role = 'operator'"
    " AND a.category = 'contact' AND a.purpose = 'authentication' AND r.note ~"
    " ' mail=[a-z_]+$' THEN 'mail' END AS way FROM pupil.audit_record AS r"
    " JOIN pupil.audit_shape AS s USING (shape) LEFT JOIN LATERAL (SELECT"
    " b->'fields'->>0 AS name FROM jsonb_array_elements(s.accesses::jsonb) AS b"
    " WHERE b->>'category' = 'application' LIMIT 1) AS g ON true CROSS JOIN"
    " LATERAL jsonb_to_recordset(s.accesses::jsonb) AS a(category text, fields"
    " text[], purpose text, relation text, about text)"
    " WHERE r.outcome = 'allowed'"
    " AND ($1::timestamptz IS NULL OR r.at >= $1::timestamptz)"
    " AND ($2::timestamptz IS NULL OR r.at < $2::timestamptz))"
    " SELECT t.way, t.category, array_to_json(t.fields)::text,"
    " count(DISTINCT (t.at, t.request)), count(DISTINCT u.subject),"
    " " TIME("min(t.at)") ", " TIME("max(t.at)") " FROM told AS t LEFT JOIN"
    " LATERAL unnest(t.subjects) AS u (subject) ON true WHERE t.way IS NOT NULL"
    " AND ($3::uuid IS NULL OR u.subject = $3::uuid)"
    " GROUP BY t.way, t.category, t.fields ORDER BY t.way, t.category,"
    " t.fields";


int
ctl_cmd_recipient_disclosures(ctl_t *ctl)
{
    json_t    *all, *told;
    PGresult  *res;

    if ((ctl->args_count != 0 && ctl_recipient_name_check(ctl->args[0]) != 0)
        || ctl_id_check(ctl->opt.subject, "--subject") != 0
        || time_check(ctl->opt.since, "--since") != 0
        || time_check(ctl->opt.until, "--until") != 0)
    {
        return CTL_USAGE;
    }

    if (ctl_plugins_open(ctl) != 0 || ctl_keys_tenant(ctl) != 0) {
        return CTL_FAILED;
    }

    all = ctl_register_read(ctl);
    if (all == NULL) {
        return CTL_FAILED;
    }

    if (ctl->args_count != 0
        && ctl_register_find(all, ctl->args[0]) == NULL)
    {
        (void) ctl_error("%s is not in the register", ctl->args[0]);
        json_decref(all);
        return CTL_FAILED;
    }

    res = disclosures_read(ctl);
    if (res == NULL) {
        json_decref(all);
        return CTL_FAILED;
    }

    told = disclosures_json(ctl, all, res);
    PQclear(res);
    json_decref(all);

    if (ctl->opt.json) {
        ctl_json_print(told);
        return CTL_DONE;
    }

    disclosures_print(told);
    json_decref(told);

    return CTL_DONE;
}


static int
time_check(const char *text, const char *option)
{
    pupil_str_t   str;
    pupil_time_t  time;

    if (text == NULL) {
        return 0;
    }

    str = ctl_str(text);

    return pupil_time_parse(str.data, str.len, &time) == PUPIL_OK ? 0
           : ctl_error("%s is a time such as 2026-11-21T08:00:00Z", option);
}


/* Nothing is shown before it is on record that it was (invariant I19). */
static PGresult *
disclosures_read(ctl_t *ctl)
{
    PGresult    *res;
    const char  *params[3];

    params[0] = ctl->opt.since;
    params[1] = ctl->opt.until;
    params[2] = ctl->opt.subject;

    if (ctl_begin(ctl->data, &ctl->tenant) != 0) {
        return NULL;
    }

    res = ctl_query(ctl->data, disclosures_sql, 3, params);

    if (res == NULL || asked_record(ctl) != 0 || ctl_commit(ctl->data) != 0) {
        ctl_rollback(ctl->data);
        PQclear(res);
        return NULL;
    }

    return res;
}


static int
asked_record(ctl_t *ctl)
{
    pupil_uuid_t  subject;

    if (ctl->opt.subject == NULL) {
        return ctl_record_one(ctl, &disclosures_access, "allowed", NULL,
                              "disclosures");
    }

    (void) ctl_uuid_parse(ctl->opt.subject, &subject);

    return ctl_record_one(ctl, &disclosures_access, "allowed", &subject,
                          "disclosures");
}


/* Of one recipient, or of all; which ways are nobody's is said in any case. */
static json_t *
disclosures_json(const ctl_t *ctl, const json_t *all, const PGresult *res)
{
    int          row;
    json_t      *list, *unknown, *names;
    const char  *way;

    list = json_array();
    unknown = json_array();

    for (row = 0; row < PQntuples(res); row++) {
        way = PQgetvalue(res, row, COLUMN_WAY);
        names = whose(all, way);

        if (json_array_size(names) == 0 && !names_hold(unknown, way)) {
            json_array_append_new(unknown, json_string(way));
        }

        if (ctl->args_count != 0 && !names_hold(names, ctl->args[0])) {
            json_decref(names);
            continue;
        }

        json_array_append_new(list, json_pack("{s:o,s:s,s:s,s:o,s:I,s:I,s:s,"
            "s:s}", "recipients", names, "way", way,
            "category", PQgetvalue(res, row, COLUMN_CATEGORY),
            "fields", json_loads(PQgetvalue(res, row, COLUMN_FIELDS), 0, NULL),
            "accesses",
            (json_int_t) ctl_get_int(res, row, COLUMN_ACCESSES, 0),
            "subjects",
            (json_int_t) ctl_get_int(res, row, COLUMN_SUBJECTS, 0),
            "first", PQgetvalue(res, row, COLUMN_FIRST),
            "last", PQgetvalue(res, row, COLUMN_LAST)));
    }

    return json_pack("{s:o,s:o}", "disclosures", list, "unregistered",
                     unknown);
}


/* Those that have ended included: it may have gone to them. */
static json_t *
whose(const json_t *all, const char *way)
{
    size_t       i;
    json_t      *names, *entry;
    const char  *name;

    names = json_array();

    json_array_foreach(all, i, entry) {
        name = ctl_register_text(entry, "recipient");

        if (entry_goes(entry, way) && !names_hold(names, name)) {
            json_array_append_new(names, json_string(name));
        }
    }

    return names;
}


static int
entry_goes(const json_t *entry, const char *way)
{
    if (strncmp(way, APPLICATION, sizeof(APPLICATION) - 1) == 0) {
        return names_hold(json_object_get(entry, "applications"),
                          way + sizeof(APPLICATION) - 1);
    }

    return strcmp(way, ctl_register_text(entry, "kind")) == 0;
}


static int
names_hold(const json_t *names, const char *name)
{
    size_t   i;
    json_t  *entry;

    json_array_foreach(names, i, entry) {
        if (strcmp(json_string_value(entry), name) == 0) {
            return 1;
        }
    }

    return 0;
}


static void
disclosures_print(const json_t *told)
{
    size_t   i;
    json_t  *row, *way;

    json_array_foreach(json_object_get(told, "disclosures"), i, row) {
        line_print(row);
    }

    json_array_foreach(json_object_get(told, "unregistered"), i, way) {
        printf("%s: nobody in the register is that\n",
               json_string_value(way));
    }
}


static void
line_print(const json_t *row)
{
    size_t       i;
    json_t      *text;
    json_int_t   accesses, subjects;

    json_array_foreach(json_object_get(row, "recipients"), i, text) {
        printf("%s%s", i == 0 ? "" : ", ", json_string_value(text));
    }

    accesses = json_integer_value(json_object_get(row, "accesses"));
    subjects = json_integer_value(json_object_get(row, "subjects"));

    printf("%s%s, %s:", i == 0 ? "" : " by ", ctl_register_text(row, "way"),
           ctl_register_text(row, "category"));

    json_array_foreach(json_object_get(row, "fields"), i, text) {
        printf(" %s", json_string_value(text));
    }

    printf(", %lld time%s, of %lld person%s, %s to %s\n",
           (long long) accesses, ctl_plural((size_t) accesses),
           (long long) subjects, ctl_plural((size_t) subjects),
           ctl_register_text(row, "first"), ctl_register_text(row, "last"));
}
