/*
 * Copyright (C) the Pupil authors
 *
 * Our directives, in the order of the file: what core says of their words, and
 * in nginx's own words what nginx says of a directive before a module sees it.
 */

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/endpoints/directive_tenant.h"
#include "core/endpoints/directive_url.h"
#include "core/lifecycle/ledger.h"
#include "core/login/chosen.h"
#include "core/plugin/accepted.h"
#include "ctl/base/buf.h"
#include "ctl/base/text.h"
#include "ctl/check/found.h"


/* A block that can hold directives of ours, or blocks that can. */
typedef struct {
    const char  *name;
    uint32_t     where;         /* PUPIL_IN_*; 0: none of ours is allowed */
} block_t;


static const block_t  blocks[] = {
    { "http",         PUPIL_IN_HTTP },
    { "server",       PUPIL_IN_SERVER },
    { "location",     PUPIL_IN_LOCATION },
    { "if",           0 },
    { "limit_except", 0 },
    { NULL,           0 }
};

/* What the module calls its pools. */
static const char *const  pools[PUPIL_DATABASE_COUNT] = {
    [PUPIL_DATABASE_DATA] = "data",
    [PUPIL_DATABASE_KEYSTORE] = "keys"
};


pupil_directive_id_t
check_directive_find(const nginxconf_t *d)
{
    unsigned  id;

    for (id = 0; id < PUPIL_DIRECTIVE_COUNT; id++) {
        if (strcmp(pupil_directives[id].name, d->words[0]) == 0) {
            break;
        }
    }

    return id;
}


pupil_str_t *
check_words(check_t *check, const nginxconf_t *d)
{
    unsigned      i;
    pupil_str_t  *words;

    words = ctl_pool_alloc(&check->ctl->pool, d->count * sizeof(pupil_str_t));

    for (i = 1; i < d->count; i++) {
        words[i - 1] = ctl_str(d->words[i]);
    }

    return words;
}


/* As nginx has it: from the folder of the main file. */
static const char *
path_full(check_t *check, const char *path)
{
    char        *full;
    ctl_buf_t    buf;
    const char  *found;

    if (path[0] == '/') {
        return path;
    }

    ctl_buf_init(&buf);
    ctl_buf_printf(&buf, "%s/%s", check->folder, path);
    full = realpath(buf.data, NULL);

    found = full != NULL ? full : buf.data;
    path = ctl_pool_text(&check->ctl->pool, found, strlen(found));

    free(full);
    ctl_buf_free(&buf);

    return path;
}


/* The same directive before d in its block. */
static const nginxconf_t *
earlier_find(const nginxconf_t *d, const nginxconf_t *from)
{
    for ( /* void */ ; from != d; from = from->next) {
        if (strcmp(from->words[0], d->words[0]) == 0) {
            return from;
        }
    }

    return NULL;
}


/* A pool is there once by its name, other directives by their own. */
static int
is_duplicate(pupil_directive_id_t id, const nginxconf_t *d)
{
    const nginxconf_t  *earlier;

    earlier = earlier_find(d, d->parent->first);

    if (id != PUPIL_DIRECTIVE_POOL) {
        return pupil_directives[id].once && earlier != NULL;
    }

    while (earlier != NULL
           && (earlier->count < 2
               || strcasecmp(earlier->words[1], d->words[1]) != 0))
    {
        earlier = earlier_find(d, earlier->next);
    }

    return earlier != NULL;
}


/* Timeouts may be said in two directives of a block, each once. */
static void
earlier_read(check_t *check, const nginxconf_t *d, pupil_words_t *words)
{
    pupil_error_t       error;
    const nginxconf_t  *earlier;

    for (earlier = earlier_find(d, d->parent->first); earlier != NULL;
         earlier = earlier_find(d, earlier->next))
    {
        (void) pupil_directive_read(PUPIL_DIRECTIVE_SESSION_TIMEOUT,
                                    check_words(check, earlier),
                                    earlier->count - 1, words, &error);
    }
}


/* -1: it cannot be beside one of those before it in its block. */
static int
apart_check(check_t *check, pupil_directive_id_t id, const nginxconf_t *d,
    const pupil_words_t *words)
{
    pupil_rc_t             rc;
    pupil_words_t          other;
    pupil_error_t          error;
    const nginxconf_t     *earlier;
    pupil_login_tenant_t   one, two;

    if (id != PUPIL_DIRECTIVE_LOGIN_PROVIDER
        && id != PUPIL_DIRECTIVE_LOGIN_TENANT)
    {
        return 0;
    }

    for (earlier = earlier_find(d, d->parent->first); earlier != NULL;
         earlier = earlier_find(d, earlier->next))
    {
        pupil_words_init(&other);

        if (pupil_directive_read(id, check_words(check, earlier),
                                 earlier->count - 1, &other, &error)
            != PUPIL_OK)
        {
            continue;
        }

        if (id == PUPIL_DIRECTIVE_LOGIN_PROVIDER) {
            rc = pupil_providers_apart(words, &other, &error);

        } else {
            pupil_login_tenant_of(words, &one);
            pupil_login_tenant_of(&other, &two);
            rc = pupil_tenants_apart(&one, &two, &error);
        }

        if (rc != PUPIL_OK) {
            check_found_at(check, d, "%s: %s", d->words[0], error.text);
            return -1;
        }
    }

    return 0;
}


/* -1: nginx would not hand it to the module. */
static int
shape_check(check_t *check, pupil_directive_id_t id, const nginxconf_t *d,
    uint32_t where)
{
    const pupil_directive_t  *row;

    if (id == PUPIL_DIRECTIVE_COUNT) {
        check_found_at(check, d, "unknown directive \"%s\"", d->words[0]);
        return -1;
    }

    row = &pupil_directives[id];

    if (!(row->where & where)) {
        check_found_at(check, d, "\"%s\" directive is not allowed here",
                       row->name);
        return -1;
    }

    if (d->block) {
        check_found_at(check, d, "directive \"%s\" is not terminated by"
                       " \";\"", row->name);
        return -1;
    }

    if (d->count - 1 < row->least || d->count - 1 > row->most) {
        check_found_at(check, d, "invalid number of arguments in \"%s\""
                       " directive", row->name);
        return -1;
    }

    return 0;
}


/* -1: with a finding. */
static int
words_check(check_t *check, pupil_directive_id_t id, const nginxconf_t *d)
{
    pupil_words_t  words;
    pupil_error_t  error;

    pupil_words_init(&words);

    if (id == PUPIL_DIRECTIVE_SESSION_TIMEOUT) {
        earlier_read(check, d, &words);
    }

    if (pupil_directive_read(id, check_words(check, d), d->count - 1, &words,
                             &error)
        != PUPIL_OK)
    {
        check_found_at(check, d, "%s: %s", d->words[0], error.text);
        return -1;
    }

    if (is_duplicate(id, d)) {
        check_found_at(check, d, "\"%s\" directive is duplicate",
                       d->words[0]);
        return -1;
    }

    if (apart_check(check, id, d, &words) != 0) {
        return -1;
    }

    if (words.number[PUPIL_KEYSTORE_SAME_CLUSTER] == 1
        && id == PUPIL_DIRECTIVE_KEYSTORE)
    {
        check->same_cluster = 1;
    }

    return 0;
}


/* libpq's reader quotes what it cannot read, which may be the password. */
static void
conninfo_read(check_t *check, const nginxconf_t *d,
    pupil_database_id_t database)
{
    PQconninfoOption  *options;

    options = PQconninfoParse(d->words[1], NULL);

    if (options == NULL) {
        check_found_at(check, d, "the connection string of \"%s\" is not one"
                       " that libpq understands: write \"host=... dbname=..."
                       " user=...\" or a postgresql:// URI, and quote values"
                       " that hold spaces", pools[database]);
        return;
    }

    PQconninfoFree(options);
    check->conninfo[database] = d->words[1];
}


static void
plugin_read(check_t *check, const nginxconf_t *d)
{
    ctl_t             *ctl;
    const char        *path;
    pupil_error_t      error;
    pupil_category_t  *category;

    ctl = check->ctl;
    path = path_full(check, d->words[1]);

    if (pupil_directive_plugin(&ctl->policy, path, check_words(check, d) + 1,
                               d->count - 2, &ctl->alloc, &category, &error)
        != PUPIL_OK)
    {
        check_found_at(check, d, "pupil_plugin: %s", error.text);
        return;
    }

    ctl->plugin_files[ctl->policy.count - 1] = path;
}


static void
accepted_read(check_t *check, const nginxconf_t *d)
{
    pupil_error_t  error;

    if (pupil_accepted_read(path_full(check, d->words[1]),
                            &check->ctl->alloc, &check->accepted, &error)
        != PUPIL_OK)
    {
        check->accepted.data = NULL;
        check_found_at(check, d, "pupil_accepted: %s", error.text);
    }
}


static void
password_new_read(check_t *check, const nginxconf_t *d)
{
    pupil_str_t    lines;
    pupil_error_t  error;

    if (pupil_common_read(path_full(check, d->words[1]), &check->ctl->alloc,
                          &lines, &error)
        != PUPIL_OK)
    {
        check_found_at(check, d, "pupil_password_new: %s", error.text);
    }
}


static void
ledger_read(check_t *check, const nginxconf_t *d)
{
    pupil_words_t  words;
    pupil_error_t  error;

    pupil_words_init(&words);
    (void) pupil_directive_read(PUPIL_DIRECTIVE_LEDGER, check_words(check, d),
                                d->count - 1, &words, &error);

    if (pupil_ledger_read(path_full(check, d->words[1]),
                          words.text[PUPIL_LEDGER_SIGNER], &check->ctl->alloc,
                          &check->entered, &error)
        != PUPIL_OK)
    {
        check_found_at(check, d, "pupil_ledger: %s", error.text);
    }
}


/* Of what is loaded so far, as the module reads it. */
static void
deny_read(check_t *check, const nginxconf_t *d)
{
    pupil_deny_t   deny;
    pupil_error_t  error;

    if (pupil_deny_parse(&check->ctl->policy, check_words(check, d),
                         d->count - 1, &deny, &error)
        != PUPIL_OK)
    {
        check_found_at(check, d, "pupil_deny: %s", error.text);
    }
}


static void
directive_read(check_t *check, pupil_directive_id_t id, const nginxconf_t *d)
{
    switch (id) {

    case PUPIL_DIRECTIVE_DATABASE:
        conninfo_read(check, d, PUPIL_DATABASE_DATA);
        return;

    case PUPIL_DIRECTIVE_KEYSTORE:
        conninfo_read(check, d, PUPIL_DATABASE_KEYSTORE);
        return;

    case PUPIL_DIRECTIVE_MASTER_KEY:
        check->master_key = path_full(check, d->words[1]);
        return;

    case PUPIL_DIRECTIVE_PLUGIN:
        plugin_read(check, d);
        return;

    case PUPIL_DIRECTIVE_ACCEPTED:
        accepted_read(check, d);
        return;

    case PUPIL_DIRECTIVE_LEDGER:
        ledger_read(check, d);
        return;

    case PUPIL_DIRECTIVE_PASSWORD_NEW:
        password_new_read(check, d);
        return;

    case PUPIL_DIRECTIVE_DENY:
        deny_read(check, d);
        return;

    default:
        check->handlers += pupil_directives[id].handler;

        if (pupil_directives[id].endpoint != NULL) {
            check->used = 1;
        }
    }
}


static void
directive_check(check_t *check, const nginxconf_t *d, uint32_t where)
{
    pupil_directive_id_t  id;

    id = check_directive_find(d);

    if (shape_check(check, id, d, where) != 0) {
        return;
    }

    check->seen[id] = 1;

    if (words_check(check, id, d) == 0) {
        directive_read(check, id, d);
    }
}


/* NULL: what is inside is somebody else's, such as of a map. */
static const block_t *
block_find(const nginxconf_t *d)
{
    const block_t  *block;

    for (block = blocks; block->name != NULL; block++) {
        if (d->block && strcmp(d->words[0], block->name) == 0) {
            return block;
        }
    }

    return NULL;
}


void
check_directives(check_t *check, const nginxconf_t *block)
{
    uint32_t            where;
    const block_t      *known;
    const nginxconf_t  *d;

    known = block->parent != NULL ? block_find(block) : NULL;
    where = known != NULL ? known->where : 0;

    for (d = block->first; d != NULL; d = d->next) {
        if (strncmp(d->words[0], "pupil_", sizeof("pupil_") - 1) == 0) {
            directive_check(check, d, where);

        } else if (block_find(d) != NULL) {
            check_directives(check, d);
        }
    }
}
