/*
 * Copyright (C) the Pupil authors
 *
 * The statements of locations, and those that no policy shapes, prepared as
 * the gateway would prepare them.
 */

#include <string.h>

#include "core/endpoints/compose.h"
#include "ctl/base/buf.h"
#include "ctl/base/text.h"
#include "ctl/check/found.h"


/* A location while its statements are prepared. */
typedef struct {
    check_t            *check;
    const nginxconf_t  *d;          /* the directive of its handler */
} location_t;


/* NULL: it fits, or there is no connection to ask; else what was said. */
static PGresult *
statement_prepare(check_t *check, pupil_database_id_t database,
    const char *sql, uint32_t n, const uint32_t *oids)
{
    PGresult  *res;

    check->statements++;

    if (check->conn[database] == NULL) {
        return NULL;
    }

    res = PQprepare(check->conn[database], "", sql, (int) n, oids);

    if (PQresultStatus(res) == PGRES_COMMAND_OK) {
        PQclear(res);
        return NULL;
    }

    return res;
}


/* The rest of the sentence about a statement that does not fit. */
static const char *
statement_why(check_t *check, pupil_database_id_t database,
    const PGresult *res)
{
    ctl_buf_t    buf = { NULL, 0, 0 };
    const char  *state, *text, *why;

    state = PQresultErrorField(res, PG_DIAG_SQLSTATE);
    text = PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY);

    ctl_buf_printf(&buf, "does not fit the %s: %s (SQLSTATE %s); run pupilctl"
                   " migrate", pupil_databases[database].name,
                   text != NULL ? text : "connection lost",
                   state != NULL ? state : "none");

    why = ctl_pool_text(&check->ctl->pool, buf.data, buf.len);
    ctl_buf_free(&buf);

    return why;
}


void
check_fixed(check_t *check)
{
    uint32_t              i, n, oids[PUPIL_STATEMENT_PARAMS];
    PGresult             *res;
    const pupil_fixed_t  *fixed;

    for (i = 0; i < PUPIL_FIXED_COUNT; i++) {
        fixed = &pupil_fixed[i];
        n = pupil_fixed_oids(fixed, oids);

        res = statement_prepare(check, fixed->database, fixed->sql, n, oids);

        if (res != NULL) {
            check_found(check, "the statement \"%s\" %s", fixed->name,
                        statement_why(check, fixed->database, res));
            PQclear(res);
        }
    }
}


/* What is not granted is not prepared: it is refused when it is asked for. */
static pupil_rc_t
composed_check(void *ctx, pupil_composed_t *composed)
{
    uint32_t     n, oids[PUPIL_STATEMENT_COMMON + PUPIL_STATEMENT_PARAMS];
    PGresult    *res;
    location_t  *location = ctx;

    if (!composed->granted) {
        return PUPIL_OK;
    }

    n = pupil_statement_oids(&composed->statement, oids);

    res = statement_prepare(location->check, PUPIL_DATABASE_DATA,
                            (const char *) composed->statement.sql.data, n,
                            oids);

    if (res != NULL) {
        check_found_at(location->check, location->d, "the statement \"%s\" %s",
                       composed->statement.from->name,
                       statement_why(location->check, PUPIL_DATABASE_DATA,
                                     res));
        PQclear(res);
    }

    return PUPIL_OK;
}


static int
is_deny(const nginxconf_t *d)
{
    return strcmp(d->words[0], "pupil_deny") == 0;
}


static uint32_t
denies_count(const nginxconf_t *block)
{
    uint32_t            n;
    const nginxconf_t  *d;

    for (n = 0; block != NULL; block = block->parent) {
        for (d = block->first; d != NULL; d = d->next) {
            n += (uint32_t) is_deny(d);
        }
    }

    return n;
}


static void
deny_read(check_t *check, const nginxconf_t *d, pupil_policy_t *policy)
{
    unsigned       i;
    pupil_str_t   *words;
    pupil_error_t  error;

    words = ctl_pool_alloc(&check->ctl->pool, d->count * sizeof(pupil_str_t));

    for (i = 1; i < d->count; i++) {
        words[i - 1] = ctl_str(d->words[i]);
    }

    if (pupil_deny_parse(policy, words, d->count - 1,
                         &policy->denies[policy->denies_count], &error)
        != PUPIL_OK)
    {
        check_found_at(check, d, "%s", error.text);
        return;
    }

    policy->denies_count++;
}


/* The denials of a block and of all around it: each only narrows (I4). */
static void
denies_read(check_t *check, const nginxconf_t *block, pupil_policy_t *policy)
{
    uint32_t            n;
    const nginxconf_t  *d;

    n = denies_count(block);

    policy->denies = ctl_pool_alloc(&check->ctl->pool,
                                    (n + 1) * sizeof(pupil_deny_t));
    policy->denies_count = 0;

    for ( /* void */ ; block != NULL; block = block->parent) {
        for (d = block->first; d != NULL; d = d->next) {
            if (is_deny(d)) {
                deny_read(check, d, policy);
            }
        }
    }
}


static void
location_check(check_t *check, const nginxconf_t *d,
    const pupil_endpoint_t *endpoint)
{
    location_t        location;
    pupil_error_t     error;
    pupil_policy_t    policy;
    pupil_location_t  serves;

    check->locations++;

    policy = check->ctl->policy;
    denies_read(check, d->parent, &policy);

    if (pupil_location_compose(endpoint, &policy, &check->ctl->alloc, &serves,
                               &error) != PUPIL_OK)
    {
        check_found_at(check, d, "%s", error.text);
        return;
    }

    location.check = check;
    location.d = d;

    (void) pupil_location_each(&serves, composed_check, &location);
}


/* NULL: the directive makes no location an endpoint. */
static const pupil_endpoint_t *
endpoint_find(const char *directive)
{
    uint32_t  i;

    for (i = 0; i < PUPIL_ENDPOINT_COUNT; i++) {
        if (strcmp(pupil_endpoints[i]->directive, directive) == 0) {
            return pupil_endpoints[i];
        }
    }

    return NULL;
}


void
check_locations(check_t *check, const nginxconf_t *block)
{
    const nginxconf_t       *d;
    const pupil_endpoint_t  *endpoint;

    for (d = block->first; d != NULL; d = d->next) {
        endpoint = endpoint_find(d->words[0]);

        if (endpoint != NULL) {
            location_check(check, d, endpoint);
        }

        if (d->block) {
            check_locations(check, d);
        }
    }
}
