/*
 * Copyright (C) the Pupil authors
 *
 * Rows are added, and never changed.  They authorise nothing, and so they have
 * no MAC: what they said when they were written is in the sealed audit, by its
 * hash.
 */

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "ctl/base/buf.h"
#include "ctl/base/db.h"
#include "ctl/recipient/register.h"
#include "ctl/store/record.h"


#define HEX_SIZE  (2 * crypto_hash_sha256_BYTES + 1)


static json_t *rows_read(PGresult *res);
static int hashes_set(json_t *entry);
static int hash_of(json_t *said, char hex[HEX_SIZE]);
static json_t *entry_said(const json_t *entry);
static json_t *step_said(const char *hash, const json_t *step);
static int register_record(ctl_t *ctl, const json_t *entry, int number,
    const char *done, const char *hash);


static const ctl_access_t  register_access = {
    .category = "recipient",
    .fields = "",
    .purpose = PUPIL_PURPOSE_ACCOUNTABILITY,
    .operation = PUPIL_OPERATION_WRITE,
    .about = "none"
};

#define TIME(column)                                                          \
    "to_char(" column " AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')"

static const char  entries_sql[] =
    "SELECT json_build_object('recipient', r.recipient, 'number', r.number,"
    " 'title', r.title, 'kind', r.kind, 'countries', r.countries, 'transfer',"
    " r.transfer, 'fields', r.fields, 'applications', r.applications, 'why',"
    " r.why, 'evidence', json_build_object('file', r.evidence, 'date',"
    " r.evidence_on::text, 'sha256', encode(r.evidence_hash, 'hex')),"
    " 'added_at', " TIME("r.added_at") ", 'steps', (SELECT"
    " coalesce(json_agg(json_build_object('what', s.what, 'reference',"
    " s.reference, 'date', s.decided_on::text, 'at', " TIME("s.at") ")"
    " ORDER BY s.step), '[]') FROM pupil.recipient_step AS s WHERE s.tenant ="
    " r.tenant AND s.recipient = r.recipient AND s.number = r.number))::text"
    " FROM pupil.recipient AS r WHERE r.tenant = $1::uuid"
    " ORDER BY r.recipient COLLATE \"C\", r.number";

/* $2: an entry, $3: its number. */
static const char  add_sql[] =
    "INSERT INTO pupil.recipient (tenant, recipient, number, title, kind,"
    " countries, transfer, fields, applications, why, evidence, evidence_on,"
    " evidence_hash) SELECT $1::uuid, e->>'recipient', $3::integer,"
    " e->>'title', e->>'kind', ARRAY(SELECT json_array_elements_text("
    "e->'countries')), e->>'transfer', ARRAY(SELECT json_array_elements_text("
    "e->'fields')), ARRAY(SELECT json_array_elements_text(e->'applications')),"
    " e->>'why', e#>>'{evidence,file}', (e#>>'{evidence,date}')::date,"
    " decode(e#>>'{evidence,sha256}', 'hex') FROM (SELECT $2::json) AS j (e)";

static const char  step_sql[] =
    "INSERT INTO pupil.recipient_step (tenant, recipient, number, step, what,"
    " reference, decided_on) VALUES ($1::uuid, $2, $3::integer, $4::integer,"
    " $5, $6, $7::date)";


json_t *
ctl_register_read(ctl_t *ctl)
{
    const char  *params[1];

    params[0] = ctl->tenant_text;

    return rows_read(ctl_ask(ctl, ctl->data, entries_sql, 1, params));
}


int
ctl_register_begin(ctl_t *ctl, json_t **all)
{
    const char  *params[1];

    params[0] = ctl->tenant_text;

    if (ctl_begin(ctl->data, &ctl->tenant) == 0
        && ctl_exec(ctl->data, "SELECT pg_advisory_xact_lock(hashtextextended("
                    "'pupil.recipient ' || $1, 0))", 1, params) == 0)
    {
        *all = rows_read(ctl_query(ctl->data, entries_sql, 1, params));

        if (*all != NULL) {
            return 0;
        }
    }

    ctl_rollback(ctl->data);

    return -1;
}


/* Ownership: takes res; NULL is an error that was said. */
static json_t *
rows_read(PGresult *res)
{
    int      row;
    json_t  *all, *entry;

    if (res == NULL) {
        return NULL;
    }

    all = json_array();

    for (row = 0; row < PQntuples(res); row++) {
        entry = json_loads(PQgetvalue(res, row, 0), 0, NULL);

        if (entry == NULL || hashes_set(entry) != 0) {
            (void) ctl_error("pupil.recipient: a row of it cannot be read");
            json_decref(entry);
            json_decref(all);
            all = NULL;
            break;
        }

        json_array_append_new(all, entry);
    }

    PQclear(res);

    return all;
}


/* With the state, which is that of the last step. */
static int
hashes_set(json_t *entry)
{
    char     hash[HEX_SIZE], decided[HEX_SIZE];
    size_t   i;
    json_t  *steps, *step;

    if (hash_of(entry_said(entry), hash) != 0) {
        return -1;
    }

    json_object_set_new(entry, "sha256", json_string(hash));
    json_object_set_new(entry, "state", json_string("added"));
    steps = json_object_get(entry, "steps");

    json_array_foreach(steps, i, step) {
        if (hash_of(step_said(hash, step), decided) != 0) {
            return -1;
        }

        json_object_set_new(step, "sha256", json_string(decided));
        json_object_set(entry, "state", json_object_get(step, "what"));
    }

    return 0;
}


/* Takes the reference; NULL: that is not how it was written. */
static int
hash_of(json_t *said, char hex[HEX_SIZE])
{
    char     *text;
    uint8_t   hash[crypto_hash_sha256_BYTES];

    text = json_dumps(said, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENSURE_ASCII);
    json_decref(said);

    if (text == NULL) {
        return -1;
    }

    crypto_hash_sha256(hash, (const uint8_t *) text, strlen(text));
    hex[pupil_hex_encode(hash, sizeof(hash), (uint8_t *) hex)] = '\0';
    free(text);

    return 0;
}


/* What was told of it, without what the register adds. */
static json_t *
entry_said(const json_t *entry)
{
    size_t   i;
    json_t  *said;

    static const char *const  members[] = {
        "recipient", "title", "kind", "countries", "transfer", "fields",
        "applications", "why", "evidence"
    };

    said = json_object();

    for (i = 0; i < PUPIL_COUNT(members); i++) {
        json_object_set(said, members[i], json_object_get(entry, members[i]));
    }

    return said;
}


static json_t *
step_said(const char *hash, const json_t *step)
{
    return json_pack("{s:s,s:s,s:s,s:s}", "entry", hash,
                     "what", ctl_register_text(step, "what"),
                     "reference", ctl_register_text(step, "reference"),
                     "date", ctl_register_text(step, "date"));
}


json_t *
ctl_register_find(const json_t *all, const char *name)
{
    size_t   i;
    json_t  *entry, *found;

    found = NULL;

    json_array_foreach(all, i, entry) {
        if (strcmp(ctl_register_text(entry, "recipient"), name) == 0) {
            found = entry;
        }
    }

    return found;
}


const char *
ctl_register_state(const json_t *entry)
{
    return ctl_register_text(entry, "state");
}


const char *
ctl_register_text(const json_t *entry, const char *member)
{
    const char  *text;

    text = json_string_value(json_object_get(entry, member));

    return text != NULL ? text : "";
}


int
ctl_register_same(const json_t *a, const json_t *b)
{
    int      same;
    json_t  *left, *right;

    left = entry_said(a);
    right = entry_said(b);
    same = json_equal(left, right);
    json_decref(left);
    json_decref(right);

    return same;
}


int
ctl_register_add(ctl_t *ctl, const json_t *entry, int number)
{
    int          rc;
    char         hash[HEX_SIZE], digits[16];
    char        *text;
    const char  *params[3];

    text = json_dumps(entry, JSON_COMPACT);

    if (text == NULL || hash_of(entry_said(entry), hash) != 0) {
        free(text);
        return ctl_error("out of memory");
    }

    snprintf(digits, sizeof(digits), "%d", number);
    params[0] = ctl->tenant_text;
    params[1] = text;
    params[2] = digits;

    rc = ctl_exec(ctl->data, add_sql, 3, params);
    free(text);

    return rc == 0 ? register_record(ctl, entry, number, "done=added", hash)
                   : -1;
}


int
ctl_register_step(ctl_t *ctl, const json_t *entry, const char *what,
    const char *reference, const char *date)
{
    int          number;
    char         hash[HEX_SIZE], digits[16], step[16], done[64];
    json_t      *said;
    const char  *params[7];

    number = (int) json_integer_value(json_object_get(entry, "number"));
    snprintf(digits, sizeof(digits), "%d", number);
    snprintf(step, sizeof(step), "%d",
             (int) json_array_size(json_object_get(entry, "steps")) + 1);
    snprintf(done, sizeof(done), "done=%s step=%s", what, step);

    said = json_pack("{s:s,s:s,s:s}", "what", what, "reference", reference,
                     "date", date);

    if (said == NULL
        || hash_of(step_said(ctl_register_text(entry, "sha256"), said), hash)
           != 0)
    {
        json_decref(said);
        return ctl_error("out of memory");
    }

    json_decref(said);

    params[0] = ctl->tenant_text;
    params[1] = ctl_register_text(entry, "recipient");
    params[2] = digits;
    params[3] = step;
    params[4] = what;
    params[5] = reference;
    params[6] = date;

    return ctl_exec(ctl->data, step_sql, 7, params) == 0
           ? register_record(ctl, entry, number, done, hash) : -1;
}


/* Names of organisations, and what was said by its hash. */
static int
register_record(ctl_t *ctl, const json_t *entry, int number, const char *done,
    const char *hash)
{
    int        rc;
    ctl_buf_t  detail;

    ctl_buf_init(&detail);
    ctl_buf_printf(&detail, "recipient=%s number=%d %s sha256=%s",
                   ctl_register_text(entry, "recipient"), number, done, hash);

    rc = ctl_record_one(ctl, &register_access, "allowed", NULL, detail.data);
    ctl_buf_free(&detail);

    return rc;
}
