/*
 * Copyright (C) the Pupil authors
 */

#include <stdlib.h>
#include <string.h>

#include "ctl/base/db.h"
#include "ctl/base/text.h"
#include "ctl/breach/found.h"


static json_t *how_json(const PGresult *res, const char *how);
static int totals_read(ctl_t *ctl, const breach_asked_t *asked, json_t *found);
static void how_print(const json_t *found, const char *how, const char *words,
    const char *by);
static void list_print(const json_t *how, const char *list, const char *name);


enum {
    FOUND_HOW = 0,
    FOUND_OF,                   /* "", category or school */
    FOUND_NAME,
    FOUND_SUBJECTS,
    FOUND_FIELDS                /* by spaces */
};

#define OF_SCOPE  " WHERE f.breach = $1::integer AND f.scope = $2::integer"

/* Who is of no school, as a data protection officer is, is of ''. */
static const char  counts_sql[] =
    "WITH found AS MATERIALIZED (SELECT f.how, f.subject, f.category, f.fields"
    " FROM pupil.breach_found AS f" OF_SCOPE "),"
    " person AS MATERIALIZED (SELECT DISTINCT f.how, f.subject FROM found AS f)"
    " SELECT p.how, '' AS of, '' AS name, count(*), '' FROM person AS p"
    " GROUP BY p.how UNION ALL"
    " SELECT f.how, 'category', f.category, count(DISTINCT f.subject),"
    " coalesce(string_agg(DISTINCT n.field, ' ' ORDER BY n.field), '')"
    " FROM found AS f LEFT JOIN LATERAL unnest(f.fields) AS n (field) ON true"
    " GROUP BY f.how, f.category UNION ALL"
    " SELECT p.how, 'school', coalesce(s.institution::text, ''),"
    " count(DISTINCT p.subject), '' FROM person AS p LEFT JOIN pupil.role AS s"
    " ON s.subject = p.subject AND s.institution <>"
    " '00000000-0000-0000-0000-000000000000' GROUP BY p.how, s.institution"
    " ORDER BY 1, 2, 3";

/* Of the scope before this, whom it had and had not. */
static const char  totals_sql[] =
    "WITH person AS MATERIALIZED (SELECT DISTINCT f.subject"
    " FROM pupil.breach_found AS f" OF_SCOPE "),"
    " before AS MATERIALIZED (SELECT DISTINCT f.subject"
    " FROM pupil.breach_found AS f WHERE f.breach = $1::integer"
    " AND f.scope = $2::integer - 1)"
    " SELECT (SELECT count(*) FROM person),"
    " (SELECT count(*) FROM person AS p JOIN pupil.owner AS o"
    " ON o.owner = p.subject WHERE o.state = 'erased'),"
    " (SELECT count(*) FROM person AS p JOIN pupil.owner AS o"
    " ON o.owner = p.subject JOIN pupil.subject AS s"
    " ON s.subject = p.subject WHERE o.state <> 'erased'"
    " AND s.status = 'closed'),"
    " (SELECT count(*) FROM (SELECT * FROM person EXCEPT SELECT * FROM before)"
    " AS e), (SELECT count(*) FROM (SELECT * FROM before EXCEPT SELECT * FROM"
    " person) AS e)";

static const char  hash_sql[] =
    "SELECT encode(sha256(convert_to(coalesce(string_agg(concat_ws(' ', f.how,"
    " f.subject, f.category, array_to_string(f.fields, ',')), E'\\n' ORDER BY"
    " f.how COLLATE \"C\", f.subject, f.category COLLATE \"C\"), ''), 'UTF8')),"
    " 'hex') FROM pupil.breach_found AS f" OF_SCOPE;

static const char  cursor_sql[] =
    "DECLARE found NO SCROLL CURSOR FOR SELECT json_build_object('subject',"
    " f.subject, 'how', f.how, 'category', f.category, 'fields', f.fields,"
    " 'state', o.state)::text FROM pupil.breach_found AS f LEFT JOIN"
    " pupil.owner AS o ON o.owner = f.subject WHERE f.breach = $1::integer"
    " ORDER BY f.subject, f.how, f.category";


json_t *
breach_found_read(ctl_t *ctl, const breach_asked_t *asked)
{
    json_t      *found;
    PGresult    *res;
    const char  *params[2];

    params[0] = asked->number;
    params[1] = asked->scope;

    res = ctl_query(ctl->data, counts_sql, 2, params);
    if (res == NULL) {
        return NULL;
    }

    /* null: nobody has looked for it, which is not that there was nothing */

    found = json_pack("{s:o,s:o,s:o,s:o,s:O}",
                      "shown", asked->log ? how_json(res, "shown")
                               : json_null(),
                      "changed", asked->log ? how_json(res, "changed")
                                 : json_null(),
                      "could", asked->could ? how_json(res, "could")
                               : json_null(),
                      "keys", asked->keys < 0 ? json_null()
                              : json_integer(asked->keys),
                      "notes", asked->notes);
    PQclear(res);

    if (totals_read(ctl, asked, found) != 0) {
        json_decref(found);
        return NULL;
    }

    return found;
}


static json_t *
how_json(const PGresult *res, const char *how)
{
    int          n;
    json_t      *out, *schools, *categories;
    json_int_t   subjects;
    const char  *of;

    schools = json_array();
    categories = json_array();
    out = json_pack("{s:i,s:o,s:o}", "subjects", 0, "categories", categories,
                    "schools", schools);

    for (n = 0; n < PQntuples(res); n++) {
        if (strcmp(PQgetvalue(res, n, FOUND_HOW), how) != 0) {
            continue;
        }

        of = PQgetvalue(res, n, FOUND_OF);
        subjects = strtoll(PQgetvalue(res, n, FOUND_SUBJECTS), NULL, 10);

        if (of[0] == '\0') {
            json_object_set_new(out, "subjects", json_integer(subjects));

        } else if (of[0] == 'c') {
            json_array_append_new(categories, json_pack("{s:s,s:I,s:s}",
                "category", PQgetvalue(res, n, FOUND_NAME), "subjects",
                subjects, "fields", PQgetvalue(res, n, FOUND_FIELDS)));

        } else {
            json_array_append_new(schools, json_pack("{s:s,s:I}", "school_id",
                PQgetvalue(res, n, FOUND_NAME), "subjects", subjects));
        }
    }

    return out;
}


static int
totals_read(ctl_t *ctl, const breach_asked_t *asked, json_t *found)
{
    int                       c;
    PGresult                 *res;
    const char               *params[2];
    static const char *const  names[] = {
        "subjects", "erased", "closed", "came", "went"
    };

    params[0] = asked->number;
    params[1] = asked->scope;

    res = ctl_query_one(ctl->data, totals_sql, 2, params);
    if (res == NULL) {
        return -1;
    }

    for (c = 0; c < (int) PUPIL_COUNT(names); c++) {
        json_object_set_new(found, names[c], json_integer(
            strtoll(PQgetvalue(res, 0, c), NULL, 10)));
    }

    PQclear(res);

    return 0;
}


const char *
breach_found_hash(ctl_t *ctl, const breach_asked_t *asked)
{
    PGresult    *res;
    const char  *hash, *params[2];

    params[0] = asked->number;
    params[1] = asked->scope;

    res = ctl_query_one(ctl->data, hash_sql, 2, params);
    if (res == NULL) {
        return NULL;
    }

    hash = ctl_pool_text(&ctl->pool, PQgetvalue(res, 0, 0),
                         (size_t) PQgetlength(res, 0, 0));
    PQclear(res);

    return hash;
}


void
breach_found_print(const json_t *found)
{
    size_t       i;
    json_t      *note;
    json_int_t   erased, closed, keys;

    how_print(found, "shown", "was shown, by the log",
              "a time, --account, --worker or --host");
    how_print(found, "changed", "was changed, by the log",
              "a time, --account, --worker or --host");
    how_print(found, "could", "could have been read",
              "--account, --host, --epoch or --backup");

    erased = json_integer_value(json_object_get(found, "erased"));
    closed = json_integer_value(json_object_get(found, "closed"));
    keys = json_integer_value(json_object_get(found, "keys"));

    printf("in all, of %lld people", (long long) json_integer_value(
           json_object_get(found, "subjects")));

    if (erased != 0) {
        printf(", of whom %lld are erased by now: their keys are destroyed, and"
               " nothing of theirs opens but by a backup of the key store of"
               " before", (long long) erased);
    }

    if (closed != 0) {
        printf("; %lld accounts are closed", (long long) closed);
    }

    putchar('\n');

    if (json_is_integer(json_object_get(found, "keys"))) {
        printf("keys fetched: %lld\n", (long long) keys);
    }

    json_array_foreach(json_object_get(found, "notes"), i, note) {
        puts(json_string_value(note));
    }
}


/* by: what looks for it. */
static void
how_print(const json_t *found, const char *how, const char *words,
    const char *by)
{
    json_t      *of;
    json_int_t   subjects;

    of = json_object_get(found, how);

    if (json_is_null(of)) {
        printf("what %s was not looked for: ask by %s\n", words, by);
        return;
    }

    subjects = json_integer_value(json_object_get(of, "subjects"));

    if (subjects == 0) {
        printf("nothing %s\n", words);
        return;
    }

    printf("of %lld %s %s\n", (long long) subjects,
           subjects == 1 ? "person" : "people", words);

    list_print(of, "categories", "category");
    list_print(of, "schools", "school_id");
}


static void
list_print(const json_t *how, const char *list, const char *name)
{
    size_t       i;
    json_t      *one;
    const char  *text;

    json_array_foreach(json_object_get(how, list), i, one) {
        text = json_string_value(json_object_get(one, name));

        printf("  %s %lld", text[0] != '\0' ? text : "of no school",
               (long long) json_integer_value(json_object_get(one,
                                                              "subjects")));

        text = json_string_value(json_object_get(one, "fields"));
        printf("%s%s\n", text != NULL && text[0] != '\0' ? ": " : "",
               text != NULL ? text : "");
    }
}


int
breach_found_write(ctl_t *ctl, const char *number, FILE *file)
{
    uint64_t     count;
    const char  *params[1];

    count = 0;
    params[0] = number;

    if (ctl_exec(ctl->data, cursor_sql, 1, params) != 0
        || ctl_fetch_lines(ctl->data, "FETCH 1000 FROM found", file, &count)
           != 0)
    {
        return -1;
    }

    return ferror(file) ? ctl_error("the file cannot be written") : 0;
}
