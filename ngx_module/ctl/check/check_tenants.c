/*
 * Copyright (C) the Pupil authors
 *
 * The tenants that a configuration names.  Is there such a tenant?  Which
 * categories wait for pupilctl facts, as they bind more than when it was made?
 * And which of its rows that authorise are below their subject's floor
 * (invariant I18)?  A restored database has them; they give nothing until a
 * roster or an officer writes them anew, and nobody else would say whose they
 * are.  Whose names are one by now?  Of whom do the two databases say that they
 * are closed, or restricted, and each something else?  Whose audit has ended,
 * as somebody says who writes the data database?  And where are the data?
 */

#include <string.h>

#include "core/base/text.h"
#include "core/endpoints/directive_tenant.h"
#include "core/endpoints/endpoint_sql.h"
#include "ctl/base/db.h"
#include "ctl/base/map.h"
#include "ctl/base/text.h"
#include "ctl/check/found.h"


#define NAMED  "10"             /* subjects that a finding names */

/* A table, and which of its rows would give something today. */
#define BELOW(table, live)                                                    \
    "SELECT '" table "', b.subject FROM " table " AS b"                       \
    " JOIN f ON f.subject = b.subject"                                        \
    " WHERE pupil.mac_number(b.mac) < f.authority AND " live

#define VALID                                                                 \
    "b.valid_from <= $3::date AND coalesce(b.valid_to, $3::date) >= $3::date"


/* The tenants that the configuration names, each once. */
typedef struct {
    check_t    *check;
    ctl_map_t   seen;
} tenants_t;


static void sealer_check(check_t *check);
static void tenants_check(tenants_t *tenants, const nginxconf_t *block);
static void login_tenant_check(tenants_t *tenants, const nginxconf_t *d);
static void sign_up_check(check_t *check, const nginxconf_t *d);
static void values_check(tenants_t *tenants, const char *variable);
static void tenant_check(tenants_t *tenants, const char *word);
static int rows_of(check_t *check, pupil_database_id_t database,
    const char *sql);
static int tenant_is(check_t *check, const char *word);
static int tenant_here(check_t *check, const char *word);
static int keys_are(check_t *check, const char *word);
static void ended_check(check_t *check, const char *word);
static void hosted_check(check_t *check, const char *word);
static void bound_check(check_t *check, const char *word);
static void floors_check(check_t *check);
static void spelled_check(check_t *check);
static void states_check(check_t *check);
static void states_find(check_t *check, const PGresult *states);
static PGresult *floors_read(PGconn *keys);
static void below_find(check_t *check, const PGresult *floors);


static const char  floors_sql[] =
    "SELECT array_agg(f.subject)::text, array_agg(f.authority)::text,"
    " (now() AT TIME ZONE coalesce((SELECT z.zone FROM keystore.zone AS z),"
    " 'UTC'))::date FROM keystore.floor AS f WHERE f.authority > 0";

/* $1: subjects, $2: the floors of their authority, $3: today. */
static const char  below_sql[] =
    "WITH f AS (SELECT * FROM unnest($1::uuid[], $2::integer[])"
    " AS f (subject, authority)), b (name, subject) AS ("
    BELOW("pupil.subject", "b.status = 'active'")
    " UNION ALL " BELOW("pupil.role", VALID)
    " UNION ALL " BELOW("pupil.enrolment", VALID) ")"
    " SELECT b.name, count(*), count(DISTINCT b.subject),"
    " array_to_string((array_agg(DISTINCT b.subject))[1:" NAMED "], ', ')"
    " FROM b GROUP BY b.name ORDER BY b.name";

static const char  spelled_sql[] =
    "SELECT b.owner, b.other FROM pupil.blind_index AS b"
    " WHERE b.other IS NOT NULL ORDER BY b.owner";

static const char  states_sql[] =
    "SELECT coalesce(array_agg(o.owner), '{}')::text,"
    " coalesce(array_agg(o.state), '{}')::text FROM pupil.owner AS o"
    " WHERE o.state <> 'active'";

/* As above.  An erasure that is not done is not of these. */
static const char  differ_sql[] =
    "SELECT count(*), array_to_string((array_agg(owner))[1:" NAMED "], ', ')"
    " FROM unnest($1::uuid[], $2::text[]) AS d (owner, state) FULL JOIN"
    " (SELECT k.owner, k.state FROM keystore.owner_key AS k WHERE k.state <>"
    " 'active') AS k USING (owner) WHERE d.state IS DISTINCT FROM k.state"
    " AND 'erased' NOT IN (coalesce(d.state, ''), coalesce(k.state, ''))"
    " HAVING count(*) > 0";

static const char  sealer_sql[] =
    "SELECT concat(to_char(until, 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'),"
    " CASE WHEN until > now() THEN ', which is not yet' END) FROM pupil.sealer"
    " WHERE until NOT BETWEEN now() - interval '1 minute'"
    " AND now() + interval '1 minute'";

static const char  ships_sql[] =
    "SELECT FROM pupil.sealer WHERE NOT ships";

static const char  hosted_sql[] =
    "SELECT FROM pupil.recipient AS r WHERE r.kind = 'hosting' AND (SELECT"
    " s.what FROM pupil.recipient_step AS s WHERE s.tenant = r.tenant AND"
    " s.recipient = r.recipient AND s.number = r.number ORDER BY s.step DESC"
    " LIMIT 1) = 'instructed'";

enum {
    BELOW_TABLE = 0,
    BELOW_ROWS,
    BELOW_SUBJECTS,
    BELOW_NAMED
};


void
check_tenants(check_t *check)
{
    tenants_t  tenants;

    if (check->conn[PUPIL_DATABASE_DATA] == NULL
        || check->conn[PUPIL_DATABASE_KEYSTORE] == NULL)
    {
        return;
    }

    memset(&tenants, 0, sizeof(tenants_t));
    tenants.check = check;

    tenants_check(&tenants, check->http);
    ctl_map_free(&tenants.seen);

    sealer_check(check);
}


/* Where there is one, it has to be at work, and to ship (invariant I9). */
static void
sealer_check(check_t *check)
{
    PGresult  *res;

    res = ctl_query(check->conn[PUPIL_DATABASE_DATA], sealer_sql, 0, NULL);

    if (res != NULL && PQntuples(res) == 1) {
        check_found(check, "the audit is sealed up to %s: look whether pupilctl"
                    " audit seal runs, and what it says",
                    PQgetvalue(res, 0, 0));
    }

    PQclear(res);

    res = ctl_query(check->conn[PUPIL_DATABASE_DATA], ships_sql, 0, NULL);

    if (res != NULL && PQntuples(res) == 1) {
        check_found(check, "the sealer ships no checkpoints: give pupilctl"
                    " audit seal --ship, a command that takes them off the"
                    " host");
    }

    PQclear(res);
}


static void
tenants_check(tenants_t *tenants, const nginxconf_t *block)
{
    const nginxconf_t  *d;

    for (d = block->first; d != NULL; d = d->next) {
        if (d->block) {
            tenants_check(tenants, d);

        } else if (check_directive_find(d) == PUPIL_DIRECTIVE_TENANT
                   && d->count == 2)
        {
            if (d->words[1][0] == '$') {
                values_check(tenants, d->words[1]);

            } else {
                tenant_check(tenants, d->words[1]);
            }

        } else if (check_directive_find(d) == PUPIL_DIRECTIVE_LOGIN_TENANT) {
            login_tenant_check(tenants, d);

        } else if (check_directive_find(d) == PUPIL_DIRECTIVE_SIGN_UP) {
            sign_up_check(tenants->check, d);
        }
    }
}


static void
login_tenant_check(tenants_t *tenants, const nginxconf_t *d)
{
    pupil_str_t    id;
    pupil_words_t  words;
    pupil_error_t  error;

    pupil_words_init(&words);

    if (pupil_directive_read(PUPIL_DIRECTIVE_LOGIN_TENANT,
                             check_words(tenants->check, d), d->count - 1,
                             &words, &error) == PUPIL_OK)
    {
        id = words.text[PUPIL_LOGIN_TENANT_ID];
        tenant_check(tenants, ctl_pool_text(&tenants->check->ctl->pool,
                                            (const char *) id.data, id.len));
    }
}


/* Or whoever signs up confirms, and pupilctl work makes no account of them. */
static void
sign_up_check(check_t *check, const nginxconf_t *d)
{
    PGconn         *data;
    PGresult       *res;
    const char     *params[1];
    pupil_str_t     id, school;
    pupil_uuid_t    tenant;
    pupil_words_t   words;
    pupil_error_t   error;

    pupil_words_init(&words);

    if (pupil_directive_read(PUPIL_DIRECTIVE_SIGN_UP, check_words(check, d),
                             d->count - 1, &words, &error) != PUPIL_OK
        || words.number[PUPIL_SIGN_UP_OFF] != PUPIL_WORD_UNSET)
    {
        return;
    }

    data = check->conn[PUPIL_DATABASE_DATA];
    id = words.text[PUPIL_SIGN_UP_TENANT];
    school = words.text[PUPIL_SIGN_UP_INSTITUTION];
    params[0] = ctl_pool_text(&check->ctl->pool, (const char *) school.data,
                              school.len);

    if (pupil_uuid_parse(id.data, id.len, &tenant) != PUPIL_OK
        || ctl_begin(data, &tenant) != 0)
    {
        return;
    }

    res = ctl_query(data, "SELECT FROM pupil.institution WHERE institution ="
                    " $1::uuid", 1, params);

    if (res != NULL && PQntuples(res) == 0) {
        check_found_at(check, d, "pupil_sign_up: the tenant has no such"
                       " institution, and nobody who signs up would have an"
                       " account");
    }

    PQclear(res);
    ctl_rollback(data);
}


/* Those that a map gives this variable. */
static void
values_check(tenants_t *tenants, const char *variable)
{
    const nginxconf_t  *d, *value;

    for (d = tenants->check->http->first; d != NULL; d = d->next) {
        if (!d->block || strcmp(d->words[0], "map") != 0 || d->count != 3
            || strcmp(d->words[2], variable) != 0)
        {
            continue;
        }

        for (value = d->first; value != NULL; value = value->next) {
            if (value->count == 2) {
                tenant_check(tenants, value->words[1]);
            }
        }
    }
}


static void
tenant_check(tenants_t *tenants, const char *word)
{
    int            fresh;
    PGconn        *data, *keys;
    pupil_str_t    name;
    pupil_uuid_t   tenant;

    name = ctl_str(word);

    if (pupil_uuid_parse(name.data, name.len, &tenant) != PUPIL_OK) {
        return;
    }

    ctl_map_put(&tenants->seen, name, &fresh);
    if (!fresh) {
        return;
    }

    data = tenants->check->conn[PUPIL_DATABASE_DATA];
    keys = tenants->check->conn[PUPIL_DATABASE_KEYSTORE];

    if (ctl_begin(keys, &tenant) != 0 || ctl_begin(data, &tenant) != 0) {
        return;
    }

    if (tenant_is(tenants->check, word) && tenant_here(tenants->check, word)
        && keys_are(tenants->check, word))
    {
        ended_check(tenants->check, word);
        hosted_check(tenants->check, word);
        bound_check(tenants->check, word);
        floors_check(tenants->check);
        spelled_check(tenants->check);
        states_check(tenants->check);
        check_due(tenants->check, word);
    }

    ctl_rollback(keys);
    ctl_rollback(data);
}


/* How many the tenant has; -1: an error that was said. */
static int
rows_of(check_t *check, pupil_database_id_t database, const char *sql)
{
    int        rows;
    PGresult  *res;

    res = ctl_query(check->conn[database], sql, 0, NULL);
    if (res == NULL) {
        return -1;
    }

    rows = PQntuples(res);
    PQclear(res);

    return rows;
}


static int
tenant_is(check_t *check, const char *word)
{
    int  rows;

    rows = rows_of(check, PUPIL_DATABASE_DATA, "SELECT FROM pupil.tenant");

    if (rows >= 0 && rows != 1) {
        check_found(check, "pupil_tenant: there is no tenant %s in the"
                    " database: if it has ended, take it out of the"
                    " configuration; pupilctl tenant list says which there"
                    " are", word);
    }

    return rows == 1;
}


/* Its row is there until it ends. */
static int
tenant_here(check_t *check, const char *word)
{
    int  rows;

    rows = rows_of(check, PUPIL_DATABASE_KEYSTORE,
                   "SELECT FROM keystore.moved");

    if (rows > 0) {
        check_found(check, "pupil_tenant: the tenant %s was moved, and its"
                    " requests are answered 421: take it out of the"
                    " configuration", word);
    }

    return rows == 0;
}


/* Of one whose end is not done the row is there, and no key. */
static int
keys_are(check_t *check, const char *word)
{
    int  rows;

    rows = rows_of(check, PUPIL_DATABASE_KEYSTORE,
                   "SELECT FROM keystore.tenant_key");

    if (rows == 0) {
        check_found(check, "pupil_tenant: the tenant %s has no key in the key"
                    " store: if it has ended, take it out of the"
                    " configuration, and run pupilctl work", word);
    }

    return rows > 0;
}


/* It has keys, and nothing of it goes on record: it is not served. */
static void
ended_check(check_t *check, const char *word)
{
    int  entered;

    if (rows_of(check, PUPIL_DATABASE_DATA, "SELECT FROM pupil.audit_end")
        != 1)
    {
        return;
    }

    entered = rows_of(check, PUPIL_DATABASE_DATA, "SELECT FROM pupil.ledger"
                      " AS l WHERE l.kind <> 'erasure'");

    if (entered == 0) {
        check_found(check, "pupil.audit_end has a row of the tenant %s, and the"
                    " ledger no entry: somebody has written the data database,"
                    " and nothing of the tenant is answered.  As its superuser,"
                    " DELETE that row", word);

    } else if (entered > 0) {
        check_found(check, "the end of the tenant %s is not done: take it out"
                    " of the configuration, and run pupilctl work", word);
    }
}


/* Whose machines these are, and where, nobody but the operator can say. */
static void
hosted_check(check_t *check, const char *word)
{
    if (rows_of(check, PUPIL_DATABASE_DATA, hosted_sql) == 0) {
        check_remark(check, "the register of the tenant %s has no recipient of"
                     " kind hosting that the controller has instructed, so that"
                     " nobody can be told where the data are: pupilctl"
                     " recipient add, and instruct", word);
    }
}


/* Nothing is shown of a record without facts, whoever took them away. */
static void
bound_check(check_t *check, const char *word)
{
    uint32_t                 i;
    PGresult                *res;
    const char              *params[1];
    const pupil_policy_t    *policy;
    const pupil_category_t  *category;

    policy = &check->ctl->policy;

    for (i = 0; i < policy->count; i++) {
        category = policy->categories[i];

        if (!category->bound) {
            continue;
        }

        params[0] = category->plugin->name;
        res = ctl_query(check->conn[PUPIL_DATABASE_KEYSTORE],
                        "SELECT FROM keystore.bound WHERE category = $1", 1,
                        params);
        if (res == NULL) {
            return;
        }

        if (PQntuples(res) == 0) {
            check_found(check, "data.%s of the tenant %s: its records have no"
                        " facts, and are not shown: run pupilctl facts",
                        category->plugin->name, word);
        }

        PQclear(res);
    }
}


static void
floors_check(check_t *check)
{
    PGresult  *floors;

    floors = floors_read(check->conn[PUPIL_DATABASE_KEYSTORE]);

    if (floors != NULL) {
        below_find(check, floors);
        PQclear(floors);
    }
}


/*
 * Accounts from before names were compared without case and composition, which
 * differ by nothing else: neither is found by the other's spelling.
 */
static void
spelled_check(check_t *check)
{
    int        n;
    PGresult  *res;

    res = ctl_query(check->conn[PUPIL_DATABASE_DATA], spelled_sql, 0, NULL);

    for (n = 0; n < PQntuples(res); n++) {
        check_found(check, "%s and %s log in by names that differ in case or"
                    " composition alone: give one of them another",
                    PQgetvalue(res, n, 0), PQgetvalue(res, n, 1));
    }

    PQclear(res);
}


/* Whoever was killed between the two databases has left one of them. */
static void
states_check(check_t *check)
{
    PGresult  *states;

    states = ctl_query_one(check->conn[PUPIL_DATABASE_DATA], states_sql, 0,
                           NULL);

    if (states != NULL) {
        states_find(check, states);
        PQclear(states);
    }
}


static void
states_find(check_t *check, const PGresult *states)
{
    PGresult    *res;
    const char  *params[2];

    params[0] = PQgetvalue(states, 0, 0);
    params[1] = PQgetvalue(states, 0, 1);

    res = ctl_query(check->conn[PUPIL_DATABASE_KEYSTORE], differ_sql, 2,
                    params);

    if (res != NULL && PQntuples(res) == 1) {
        check_found(check, "%s accounts are closed or restricted in one of the"
                    " two databases alone, and the stricter is in force: unless"
                    " a command is at work on them, pupilctl subject close,"
                    " reopen, restrict or unrestrict says what they are: %s",
                    PQgetvalue(res, 0, 0), PQgetvalue(res, 0, 1));
    }

    PQclear(res);
}


/* NULL: nobody was ever revoked anything, or the error was said. */
static PGresult *
floors_read(PGconn *keys)
{
    PGresult  *res;

    res = ctl_query_one(keys, floors_sql, 0, NULL);

    if (res != NULL && PQgetisnull(res, 0, 0)) {
        PQclear(res);
        return NULL;
    }

    return res;
}


static void
below_find(check_t *check, const PGresult *floors)
{
    int          n;
    PGresult    *res;
    const char  *params[3];

    params[0] = PQgetvalue(floors, 0, 0);
    params[1] = PQgetvalue(floors, 0, 1);
    params[2] = PQgetvalue(floors, 0, 2);

    res = ctl_query(check->conn[PUPIL_DATABASE_DATA], below_sql, 3, params);
    if (res == NULL) {
        return;
    }

    for (n = 0; n < PQntuples(res); n++) {
        check_found(check, "%s: rows below the floor of their subject, as a"
                    " restored backup has them: %s of %s subjects; they give"
                    " nothing until a roster is imported or the role is added"
                    " again: %s", PQgetvalue(res, n, BELOW_TABLE),
                    PQgetvalue(res, n, BELOW_ROWS),
                    PQgetvalue(res, n, BELOW_SUBJECTS),
                    PQgetvalue(res, n, BELOW_NAMED));
    }

    PQclear(res);
}
