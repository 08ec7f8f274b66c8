/*
 * Copyright (C) the Pupil authors
 *
 * pupilctl check nginx.conf: loads the plugins that it names, composes the
 * statements of every location under its policy, prepares them as the role
 * that nginx will be, and compares databases and key file with what the
 * module expects.
 */

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "core/audit/audit.h"
#include "ctl/check/check.h"
#include "core/endpoints/endpoints.h"


#define DENIES_MAX  256

typedef struct {
    const char           *directive;
    pupil_endpoint_id_t   endpoint;
} handler_t;


static const handler_t  handlers[] = {
    { "pupil_login", PUPIL_ENDPOINT_LOGIN },
    { "pupil_session", PUPIL_ENDPOINT_SESSION },
    { "pupil_homework", PUPIL_ENDPOINT_HOMEWORK },
    { "pupil_progress", PUPIL_ENDPOINT_PROGRESS },
    { "pupil_data", PUPIL_ENDPOINT_DATA },
    { NULL, 0 }
};


void
check_found(check_t *check, const char *format, ...)
{
    int      n;
    char     text[1024];
    va_list  args;

    va_start(args, format);
    n = vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    if (n >= (int) sizeof(text)) {
        n = sizeof(text) - 1;
    }
    while (n > 0 && text[n - 1] == '\n') {
        text[--n] = '\0';
    }

    json_array_append_new(check->findings, json_string(text));
}


static nginxconf_t *
child_find(const nginxconf_t *parent, const char *name)
{
    nginxconf_t  *d;

    for (d = parent->first; d != NULL; d = d->next) {
        if (strcmp(d->words[0], name) == 0) {
            return d;
        }
    }

    return NULL;
}


static const char *
path_full(check_t *check, const char *path)
{
    size_t      len;
    char       *full;
    ctl_buf_t   buf = { NULL, 0, 0 };

    if (path == NULL || path[0] == '/') {
        return path;
    }

    ctl_buf_printf(&buf, "%s/%s", check->folder, path);
    full = realpath(buf.data, NULL);
    len = strlen(full != NULL ? full : buf.data);
    path = ctl_pool_text(&check->ctl->pool, full != NULL ? full : buf.data,
                         len);
    free(full);
    ctl_buf_free(&buf);

    return path;
}


/* pupil_plugin FILE [sha256=HEX] [option=value]... */
static void
plugin_load(check_t *check, const nginxconf_t *d)
{
    uint8_t            pin[32];
    size_t             len;
    unsigned           i;
    const char        *path, *hex = NULL;
    pupil_error_t      error;
    pupil_category_t  *category;

    if (d->count < 2) {
        check_found(check, "%s:%u: pupil_plugin names no file", d->file,
                    d->line);
        return;
    }

    for (i = 2; i < d->count; i++) {
        if (strncmp(d->words[i], "sha256=", 7) == 0) {
            hex = d->words[i] + 7;
        }
    }
    if (hex != NULL
        && (pupil_hex_decode((const uint8_t *) hex, strlen(hex), pin,
                             sizeof(pin), &len) != PUPIL_OK || len != 32))
    {
        check_found(check, "%s:%u: sha256= is followed by 64 hexadecimal"
                    " digits", d->file, d->line);
        return;
    }

    path = path_full(check, d->words[1]);
    if (pupil_category_load(path, hex != NULL ? pin : NULL,
                            &check->ctl->alloc, &category, &error)
        != PUPIL_OK)
    {
        check_found(check, "%s:%u: %s", d->file, d->line, error.text);
        return;
    }

    for (i = 2; i < d->count; i++) {
        if (strncmp(d->words[i], "sha256=", 7) != 0
            && pupil_category_option(category, ctl_str(d->words[i]), &error)
               != PUPIL_OK)
        {
            check_found(check, "%s:%u: %s", d->file, d->line, error.text);
        }
    }

    if (pupil_policy_add(&check->ctl->policy, category, &error) != PUPIL_OK) {
        check_found(check, "%s:%u: %s", d->file, d->line, error.text);
        pupil_category_unload(category);
        return;
    }
    check->ctl->plugin_files[check->ctl->policy.count - 1] = path;
}


/* The denials of a block and of all around it: each only narrows (I4). */
static void
denies_read(check_t *check, const nginxconf_t *block, pupil_policy_t *policy)
{
    unsigned       i;
    pupil_str_t    words[8];
    pupil_error_t  error;
    nginxconf_t   *d;

    for ( /* void */ ; block != NULL; block = block->parent) {
        for (d = block->first; d != NULL; d = d->next) {
            if (strcmp(d->words[0], "pupil_deny") != 0) {
                continue;
            }
            for (i = 1; i < d->count && i <= 8; i++) {
                words[i - 1] = ctl_str(d->words[i]);
            }
            if (d->count > 9 || policy->denies_count == DENIES_MAX) {
                check_found(check, "%s:%u: too long a pupil_deny, or too"
                            " many", d->file, d->line);
            } else if (pupil_deny_parse(policy, words, d->count - 1,
                           &policy->denies[policy->denies_count], &error)
                       != PUPIL_OK)
            {
                check_found(check, "%s:%u: %s", d->file, d->line, error.text);
            } else {
                policy->denies_count++;
            }
        }
    }
}


/* A statement as the gateway would prepare it. */
static void
sql_prepare(check_t *check, const nginxconf_t *d, const char *name,
    const char *sql, uint32_t n, const uint32_t *oids)
{
    PGresult    *res;
    const char  *state, *text;

    check->statements++;
    if (check->data == NULL) {
        return;
    }

    res = PQprepare(check->data, "", sql, (int) n, oids);
    if (PQresultStatus(res) != PGRES_COMMAND_OK) {
        state = PQresultErrorField(res, PG_DIAG_SQLSTATE);
        text = PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY);
        check_found(check, "%s:%u: the statement \"%s\" does not fit the data"
                    " database: %s (SQLSTATE %s); run pupilctl migrate",
                    d->file, d->line, name,
                    text != NULL ? text : "connection lost",
                    state != NULL ? state : "none");
    }
    PQclear(res);
}


/* 0: composed, and what the database said is a finding; 1: not granted. */
static int
template_check(check_t *check, const nginxconf_t *d,
    const pupil_template_t *template, const pupil_policy_t *policy,
    const uint8_t hash[32], pupil_error_t *error)
{
    uint32_t           n;
    uint32_t           oids[PUPIL_STATEMENT_COMMON + PUPIL_STATEMENT_PARAMS];
    pupil_statement_t  statement;

    if (pupil_statement_compose(template, policy, hash, &check->ctl->alloc,
                                &statement, error) != PUPIL_OK)
    {
        return 1;
    }

    n = pupil_statement_oids(&statement, oids);
    sql_prepare(check, d, template->name, (const char *) statement.sql.data,
                n, oids);

    return 0;
}


/* The insert of audit records that no write carries. */
static void
audit_check(check_t *check, const nginxconf_t *d)
{
    uint32_t  i, oids[PUPIL_AUDIT_GROUP_PARAMS];

    for (i = 0; i < PUPIL_AUDIT_GROUP_PARAMS; i++) {
        oids[i] = pupil_param_oid(pupil_audit_group_params[i]);
    }

    sql_prepare(check, d, "audit", pupil_audit_group_sql,
                PUPIL_AUDIT_GROUP_PARAMS, oids);
}


/*
 * As the module does it: required, it cannot work without any of them; else
 * one suffices, and the others are refused when asked for.
 */
static void
endpoint_check(check_t *check, const nginxconf_t *d,
    const pupil_endpoint_t *endpoint, const pupil_policy_t *policy,
    const uint8_t hash[32], int required)
{
    int            refused, wanting = 0, granted = 0;
    uint32_t       i;
    pupil_error_t  error, first;

    first.text[0] = '\0';
    for (i = 0; i < endpoint->count; i++) {
        refused = template_check(check, d, &endpoint->templates[i], policy,
                                 hash, &error);
        wanting += endpoint->templates[i].wants_count != 0;
        granted += !refused && endpoint->templates[i].wants_count != 0;
        if (refused && first.text[0] == '\0') {
            first = error;
        }
    }

    if (first.text[0] != '\0' && (required || (wanting && !granted))) {
        check_found(check, "%s:%u: %s", d->file, d->line, first.text);
    }
}


static void
generic_check(check_t *check, const nginxconf_t *d,
    const pupil_policy_t *policy, const uint8_t hash[32])
{
    uint32_t          c, relation;
    pupil_error_t     error;
    pupil_generic_t  *generic;

    for (c = 0; c < policy->count; c++) {
        for (relation = 1; relation < PUPIL_RELATION_COUNT; relation++) {
            if (pupil_generic_read(policy, c, relation, &check->ctl->alloc,
                                   &generic) == PUPIL_OK && generic != NULL)
            {
                template_check(check, d, &generic->template, policy, hash,
                               &error);
            }
            if (pupil_generic_write(policy, c, relation, &check->ctl->alloc,
                                    &generic) == PUPIL_OK && generic != NULL)
            {
                template_check(check, d, &generic->template, policy, hash,
                               &error);
            }
        }
    }
}


static void
location_check(check_t *check, const nginxconf_t *d,
    pupil_endpoint_id_t endpoint)
{
    uint8_t         hash[32];
    pupil_str_t     document;
    pupil_policy_t  policy = check->ctl->policy;

    policy.denies = ctl_pool_alloc(&check->ctl->pool,
                                   DENIES_MAX * sizeof(pupil_deny_t));
    policy.denies_count = 0;
    denies_read(check, d->parent, &policy);
    if (pupil_policy_document(&policy, &check->ctl->alloc, &document, hash)
        != PUPIL_OK)
    {
        check_found(check, "%s:%u: the policy cannot be written", d->file,
                    d->line);
        return;
    }

    check->locations++;
    audit_check(check, d);

    /* every location loads sessions */
    endpoint_check(check, d, &pupil_endpoints[PUPIL_ENDPOINT_SESSION],
                   &policy, hash, 1);
    if (endpoint != PUPIL_ENDPOINT_SESSION) {
        endpoint_check(check, d, &pupil_endpoints[endpoint], &policy, hash,
                       endpoint == PUPIL_ENDPOINT_LOGIN);
    }

    if (endpoint == PUPIL_ENDPOINT_DATA) {
        generic_check(check, d, &policy, hash);
    }
}


static void
locations_check(check_t *check, const nginxconf_t *block)
{
    nginxconf_t      *d;
    const handler_t  *handler;

    for (d = block->first; d != NULL; d = d->next) {
        for (handler = handlers; handler->directive != NULL; handler++) {
            if (strcmp(d->words[0], handler->directive) == 0) {
                location_check(check, d, handler->endpoint);
            }
        }
        if (d->block) {
            locations_check(check, d);
        }
    }
}


/* One directive of http, or a finding. */
static const char *
directive_value(check_t *check, const char *name, nginxconf_t **found)
{
    *found = child_find(check->http, name);
    if (*found == NULL || (*found)->count < 2) {
        check_found(check, "%s: http has no %s; add it", check->ctl->args[0],
                    name);
        return NULL;
    }

    return (*found)->words[1];
}


static int
conf_read(check_t *check)
{
    unsigned      i;
    nginxconf_t  *d;
    const char   *path = check->ctl->args[0], *slash;

    check->root = nginxconf_read(&check->ctl->pool, path);
    if (check->root == NULL) {
        return -1;
    }

    slash = strrchr(path, '/');
    check->folder = slash == NULL ? "."
                    : ctl_pool_text(&check->ctl->pool, path,
                                    (size_t) (slash - path));
    check->http = child_find(check->root, "http");
    if (check->http == NULL || !check->http->block) {
        return ctl_error("%s has no http block", path);
    }

    check->database = directive_value(check, "pupil_database", &d);
    check->keystore = directive_value(check, "pupil_keystore", &d);
    for (i = 2; d != NULL && i < d->count; i++) {
        check->same_cluster |= strcmp(d->words[i], "same_cluster") == 0
                               || strcmp(d->words[i], "same_cluster=on") == 0;
    }
    check->master_key = directive_value(check, "pupil_master_key", &d);
    if (check->master_key != NULL) {
        check->master_key = path_full(check, check->master_key);
    }

    for (d = check->http->first; d != NULL; d = d->next) {
        if (strcmp(d->words[0], "pupil_plugin") == 0) {
            plugin_load(check, d);
        }
    }
    if (check->ctl->policy.count == 0) {
        check_found(check, "%s: http loads no pupil_plugin; add the plugins"
                    " of the categories that it shall serve", path);
    }

    return 0;
}


int
ctl_cmd_check(ctl_t *ctl)
{
    size_t    i, n;
    check_t   check;
    json_t   *entry;

    memset(&check, 0, sizeof(check));
    check.ctl = ctl;
    check.findings = json_array();

    if (conf_read(&check) != 0) {
        json_decref(check.findings);
        return CTL_FAILED;
    }

    check_data(&check);
    check_plugins(&check);
    check_keystore(&check);
    check_clusters(&check);
    check_key(&check);
    locations_check(&check, check.root);
    if (check.locations == 0) {
        check_found(&check, "%s: no location has a handler of Pupil",
                    ctl->args[0]);
    }

    PQfinish(check.data);
    PQfinish(check.keys);

    n = json_array_size(check.findings);
    if (ctl->opt.json) {
        ctl_json_print(json_pack("{s:b,s:i,s:i,s:O}", "ok", n == 0,
                                 "locations", (int) check.locations,
                                 "statements", (int) check.statements,
                                 "findings", check.findings));
    } else {
        json_array_foreach(check.findings, i, entry) {
            printf("%s\n", json_string_value(entry));
        }
        printf("%s: %u locations, %u statements, %zu findings\n",
               ctl->args[0], check.locations, check.statements, n);
    }
    json_decref(check.findings);

    return n == 0 ? CTL_DONE : CTL_FAILED;
}
