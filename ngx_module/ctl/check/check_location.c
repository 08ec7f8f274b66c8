/*
 * Copyright (C) the Pupil authors
 *
 * Locations: whether a handler can work where it is, and its statements, and
 * those that no policy shapes, planned as the gateway would have them planned.
 */

#include <string.h>
#include <strings.h>

#include "core/endpoints/access.h"
#include "core/endpoints/compose.h"
#include "core/endpoints/directive_tenant.h"
#include "ctl/base/buf.h"
#include "ctl/base/text.h"
#include "ctl/base/wait.h"
#include "ctl/check/found.h"


/* A location while its statements are prepared. */
typedef struct {
    check_t            *check;
    const nginxconf_t  *d;          /* the directive of its handler */
} location_t;


/* Asks for a plan, with which PostgreSQL looks at the privileges, too. */
static PGresult *
statement_plan(PGconn *conn, uint32_t n)
{
    uint32_t       i;
    PGresult      *res;
    ctl_buf_t      sql;
    ctl_holder_t   holder;

    ctl_buf_init(&sql);
    ctl_buf_text(&sql, "EXPLAIN EXECUTE checked (NULL");

    for (i = 1; i < n; i++) {
        ctl_buf_text(&sql, ", NULL");
    }

    ctl_buf_text(&sql, ")");

    res = ctl_wait(conn, sql.data, 0, NULL, &holder);

    ctl_buf_free(&sql);

    return res;
}


/* NULL: it fits, or there is no connection to ask; else what was said. */
static PGresult *
statement_try(check_t *check, pupil_database_id_t database, const char *sql,
    uint32_t n, const uint32_t *oids)
{
    PGconn        *conn;
    PGresult      *res;
    ctl_holder_t   holder;

    check->statements++;

    conn = check->conn[database];
    if (conn == NULL) {
        return NULL;
    }

    res = ctl_wait_prepare(conn, "checked", sql, (int) n, oids);

    if (PQresultStatus(res) != PGRES_COMMAND_OK) {
        return res;
    }

    PQclear(res);

    res = statement_plan(conn, n);
    PQclear(ctl_wait(conn, "DEALLOCATE checked", 0, NULL, &holder));

    if (PQresultStatus(res) == PGRES_TUPLES_OK) {
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

        res = statement_try(check, fixed->database, fixed->sql, n, oids);

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
    uint32_t     n, oids[PUPIL_STATEMENT_ALL];
    PGresult    *res;
    location_t  *location = ctx;

    if (!composed->granted) {
        return PUPIL_OK;
    }

    n = pupil_statement_oids(&composed->statement, oids);

    res = statement_try(location->check, PUPIL_DATABASE_DATA,
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
    return check_directive_find(d) == PUPIL_DIRECTIVE_DENY;
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


/*
 * The denials of a block and of all around it: each only narrows (I4).  What
 * is no denial was found already.
 */
static void
denies_read(check_t *check, const nginxconf_t *block, pupil_policy_t *policy)
{
    uint32_t            n;
    pupil_error_t       error;
    const nginxconf_t  *d;

    n = denies_count(block);

    policy->denies = ctl_pool_alloc(&check->ctl->pool,
                                    (n + 1) * sizeof(pupil_deny_t));
    policy->denies_count = 0;

    for ( /* void */ ; block != NULL; block = block->parent) {
        for (d = block->first; d != NULL; d = d->next) {
            if (is_deny(d)
                && pupil_deny_parse(policy, check_words(check, d),
                                    d->count - 1,
                                    &policy->denies[policy->denies_count],
                                    &error) == PUPIL_OK)
            {
                policy->denies_count++;
            }
        }
    }
}


/* location [ = | ^~ | ~ | ~* ] NAME, also as one word; or @NAME. */
static void
at_read(const nginxconf_t *d, pupil_handler_at_t *at)
{
    const char         *word;
    const nginxconf_t  *other;

    memset(at, 0, sizeof(pupil_handler_at_t));
    at->guard = check_directive_find(d) == PUPIL_DIRECTIVE_ACCESS;

    word = d->parent->count > 1 ? d->parent->words[1] : "";

    at->regex = word[0] == '~';
    at->named = word[0] == '@';

    if (d->parent->count == 2) {
        word += strcspn(word, "/@");

    } else if (d->parent->count == 3) {
        word = d->parent->words[2];
    }

    at->name = ctl_str(word);

    for (other = d->parent->first; other != d; other = other->next) {
        at->handled |= check_directive_find(other) < PUPIL_DIRECTIVE_COUNT
                       && pupil_directives[check_directive_find(other)].handler;
    }
}


/* The nearest that a handler inherits; NULL: none. */
static const nginxconf_t *
inherited_find(const nginxconf_t *block, const char *name)
{
    const nginxconf_t  *d;

    for ( /* void */ ; block != NULL; block = block->parent) {
        for (d = block->first; d != NULL; d = d->next) {
            if (strcmp(d->words[0], name) == 0 && d->count > 1) {
                return d;
            }
        }
    }

    return NULL;
}


/* The timeouts of a block and, where it has none, of what is around it. */
static void
timeouts_read(check_t *check, const nginxconf_t *block,
    pupil_handler_around_t *around)
{
    unsigned            row;
    pupil_words_t       words, nearest;
    pupil_error_t       error;
    const nginxconf_t  *d;

    pupil_words_init(&nearest);

    for ( /* void */ ; block != NULL; block = block->parent) {
        pupil_words_init(&words);

        for (d = block->first; d != NULL; d = d->next) {
            if (check_directive_find(d) == PUPIL_DIRECTIVE_SESSION_TIMEOUT) {
                (void) pupil_directive_read(PUPIL_DIRECTIVE_SESSION_TIMEOUT,
                                            check_words(check, d),
                                            d->count - 1, &words, &error);
            }
        }

        for (row = PUPIL_TIMEOUT_IDLE; row <= PUPIL_TIMEOUT_ABSOLUTE; row++) {
            nearest.number[row] = pupil_words_number(&nearest, row,
                                                     words.number[row]);
        }
    }

    around->idle = pupil_words_number(&nearest, PUPIL_TIMEOUT_IDLE,
                                      PUPIL_SESSION_IDLE);
    around->absolute = pupil_words_number(&nearest, PUPIL_TIMEOUT_ABSOLUTE,
                                          PUPIL_SESSION_ABSOLUTE);
}


static void
around_read(check_t *check, const nginxconf_t *block,
    pupil_handler_around_t *around)
{
    const char         *tenant;
    const nginxconf_t  *file;

    tenant = pupil_directives[PUPIL_DIRECTIVE_TENANT].name;
    file = inherited_find(block, "client_body_in_file_only");

    timeouts_read(check, block, around);

    around->tenant = inherited_find(block, tenant) != NULL;
    around->body_in_file = file != NULL
                           && strcasecmp(file->words[1], "off") != 0;
}


/* Has each provider of a level that says of schools a page to choose on? */
static int
providers_choose(check_t *check, const nginxconf_t *d)
{
    pupil_words_t  words;
    pupil_error_t  error;

    for ( /* void */ ; d != NULL; d = d->next) {
        pupil_words_init(&words);

        if (check_directive_find(d) == PUPIL_DIRECTIVE_LOGIN_PROVIDER
            && pupil_directive_read(PUPIL_DIRECTIVE_LOGIN_PROVIDER,
                                    check_words(check, d), d->count - 1,
                                    &words, &error) == PUPIL_OK
            && words.text[PUPIL_PROVIDER_CHOOSE].len == 0
            && pupil_profile_schools(pupil_profile_find(
                                         words.text[PUPIL_PROVIDER_PROFILE])))
        {
            return 0;
        }
    }

    return 1;
}


/* What pupil_login_tenant asks of a location that has some. */
static pupil_rc_t
tenants_around(check_t *check, const nginxconf_t *block, pupil_error_t *error)
{
    const char         *tenant, *provider;
    const nginxconf_t  *home, *providers;

    tenant = pupil_directives[PUPIL_DIRECTIVE_LOGIN_TENANT].name;
    provider = pupil_directives[PUPIL_DIRECTIVE_LOGIN_PROVIDER].name;
    home = inherited_find(block,
                          pupil_directives[PUPIL_DIRECTIVE_TENANT].name);

    if (home == NULL || inherited_find(block, tenant) == NULL) {
        return PUPIL_OK;
    }

    providers = inherited_find(block, provider);

    return pupil_login_tenants_around(ctl_str(home->words[1]),
                                      providers_choose(check, providers),
                                      error);
}


/*
 * What pupil_access says makes its endpoint.  *access: NULL for "off", or when
 * its words are no good, which was found already.
 */
static pupil_rc_t
access_read(check_t *check, const nginxconf_t *d, const pupil_policy_t *policy,
    pupil_access_t **access, pupil_error_t *error)
{
    pupil_words_t  words;

    *access = NULL;
    pupil_words_init(&words);

    if (pupil_directive_read(PUPIL_DIRECTIVE_ACCESS, check_words(check, d),
                             d->count - 1, &words, error) != PUPIL_OK
        || pupil_access_read(&words, &check->ctl->alloc, access) != PUPIL_OK
        || *access == NULL)
    {
        return PUPIL_OK;
    }

    return pupil_access_compose(*access, policy, &check->ctl->alloc, error);
}


/* What is served, prepared as a worker prepares it. */
static void
endpoint_check(check_t *check, const nginxconf_t *d,
    const pupil_endpoint_t *endpoint)
{
    pupil_rc_t        rc;
    location_t        location;
    pupil_error_t     error;
    pupil_access_t   *access;
    pupil_policy_t    policy;
    pupil_location_t  serves;

    policy = check->ctl->policy;
    denies_read(check, d->parent, &policy);

    rc = PUPIL_OK;

    if (endpoint == &pupil_access_endpoint) {
        rc = access_read(check, d, &policy, &access, &error);

        if (rc == PUPIL_OK && access == NULL) {
            return;
        }

        endpoint = &access->endpoint;
    }

    check->locations++;

    if (rc == PUPIL_OK) {
        rc = pupil_location_compose(endpoint, &policy, &check->ctl->alloc,
                                    &serves, &error);
    }

    if (rc != PUPIL_OK) {
        check_found_at(check, d, "%s", error.text);
        return;
    }

    location.check = check;
    location.d = d;

    (void) pupil_location_each(&serves, composed_check, &location);
}


static void
handler_check(check_t *check, const nginxconf_t *d,
    const pupil_endpoint_t *endpoint)
{
    pupil_error_t           error;
    pupil_handler_at_t      at;
    pupil_handler_around_t  around;

    at_read(d, &at);

    if (pupil_handler_place(d->words[0], &at, &error) != PUPIL_OK) {
        check_found_at(check, d, "%s", error.text);
        return;
    }

    if (endpoint == NULL) {
        return;
    }

    around_read(check, d->parent, &around);
    around.guard = at.guard;

    if (pupil_handler_around(&around, &error) != PUPIL_OK
        || tenants_around(check, d->parent, &error) != PUPIL_OK)
    {
        check_found_at(check, d, "%s", error.text);
    }

    endpoint_check(check, d, endpoint);
}


void
check_locations(check_t *check, const nginxconf_t *block)
{
    const nginxconf_t     *d;
    pupil_directive_id_t   id;

    for (d = block->first; d != NULL; d = d->next) {
        id = check_directive_find(d);

        if (id < PUPIL_DIRECTIVE_COUNT && pupil_directives[id].handler
            && block->parent != NULL
            && strcmp(block->words[0], "location") == 0)
        {
            handler_check(check, d, pupil_directives[id].endpoint);
        }

        if (d->block) {
            check_locations(check, d);
        }
    }
}
