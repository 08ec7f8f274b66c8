/*
 * Copyright (C) the Pupil authors
 *
 * A key-encryption key opens what it wraps now, and with a backup of the key
 * store what it wrapped then; a backup without one opens nothing that is sealed
 * (invariant I5).  Which keys a host fetched the key store does not know, but
 * how many, for a day.
 */

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "core/base/time.h"
#include "ctl/base/clock.h"
#include "ctl/base/db.h"
#include "ctl/base/literal.h"
#include "ctl/base/text.h"
#include "ctl/breach/asked.h"
#include "ctl/breach/breach.h"
#include "ctl/store/plugins.h"


#define WRITER_DIGITS  16
#define EPOCH_DIGITS   9

/* For so long workers keep keys, unless pupil_key_cache says another time. */
#define KEPT  "interval '10 minutes'"


static int is_address(const char *text);
static int accounts_read(ctl_t *ctl, breach_asked_t *asked);
static int workers_read(ctl_t *ctl, breach_asked_t *asked);
static const char *pool_text(ctl_t *ctl, ctl_buf_t *buf);
static int times_know(ctl_t *ctl, breach_asked_t *asked);
static int accounts_know(ctl_t *ctl, breach_asked_t *asked);
static int host_know(ctl_t *ctl, breach_asked_t *asked);
static int epoch_know(ctl_t *ctl, breach_asked_t *asked);
static int plugins_know(ctl_t *ctl, breach_asked_t *asked);
static void note(breach_asked_t *asked, const char *text);
static const char *copied(ctl_t *ctl, const PGresult *res, int col);


static const char  times_sql[] =
    "SELECT coalesce($2::timestamptz, b.since)::text,"
    " least(coalesce($3::timestamptz, b.until, now()), now())::text,"
    " coalesce($2::timestamptz, b.since) < least(coalesce($3::timestamptz,"
    " b.until, now()), now()), $4::timestamptz > now()"
    " FROM pupil.breach AS b WHERE b.breach = $1::integer";

/* What the log has lost to its age is not in it. */
static const char  log_sql[] =
    "SELECT FROM (SELECT r.at FROM pupil.audit_record AS r ORDER BY r.at LIMIT"
    " 1) AS f WHERE f.at > $1::timestamptz AND EXISTS (SELECT FROM"
    " pupil.seal_retained)";

/* $1: since when. */
static const char  erased_sql[] =
    "SELECT count(DISTINCT l.subject) FROM pupil.ledger AS l"
    " WHERE l.kind = 'erasure' AND l.at >= $1::timestamptz";

static const char  host_sql[] =
    "SELECT coalesce(sum(f.keys), 0), $2::timestamptz - " KEPT
    " >= now() - interval '1 day' FROM keystore.fetch AS f"
    " WHERE f.client = $1::inet AND f.minute >= date_bin('1 minute',"
    " $2::timestamptz - " KEPT ", 'epoch') AND f.minute <= $3::timestamptz";

static const char  epoch_sql[] =
    "SELECT (SELECT count(*) FROM keystore.kek_epoch AS e WHERE e.epoch ="
    " $1::integer), array_agg(o.owner)::text, (SELECT min(t.created_at)::text"
    " FROM keystore.tenant_key AS t)"
    " FROM keystore.owner_key AS o JOIN keystore.tenant_key AS t ON t.tenant ="
    " o.tenant AND t.version = o.tenant_version AND t.epoch = $1::integer"
    " WHERE o.wrapped IS NOT NULL";

/* What has rows of owners, as in ctl/offboard/sources.c. */
static const char  categories_sql[] =
    "SELECT c.relname FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid ="
    " c.oid AND a.attname = 'owner' AND NOT a.attisdropped WHERE c.relnamespace"
    " = 'data'::regnamespace AND c.relkind IN ('r', 'p', 'v') AND NOT"
    " c.relispartition ORDER BY c.relname";


int
breach_asked_read(ctl_t *ctl, breach_asked_t *asked)
{
    char                 *end;
    pupil_time_t          time;
    const ctl_options_t  *opt;

    opt = &ctl->opt;
    asked->notes = json_array();
    asked->keys = -1;

    if (breach_time(opt->since, "--since", &time) != 0
        || breach_time(opt->until, "--until", &time) != 0
        || breach_time(opt->backup, "--backup", &time) != 0
        || accounts_read(ctl, asked) != 0 || workers_read(ctl, asked) != 0)
    {
        return -1;
    }

    if (opt->epoch != NULL
        && (opt->epoch[0] < '1' || opt->epoch[0] > '9'
            || strlen(opt->epoch) > EPOCH_DIGITS
            || (strtol(opt->epoch, &end, 10), *end != '\0')))
    {
        return ctl_error("--epoch is the number of an epoch of the key file:"
                         " pupilctl key status");
    }

    if (opt->host != NULL && !is_address(opt->host)) {
        return ctl_error("--host is an address as keystore.fetch has it, which"
                         " is 0.0.0.0 for a socket of Unix");
    }

    asked->host = opt->host;
    asked->epoch = opt->epoch;
    asked->backup = opt->backup;

    asked->could = asked->accounts != NULL || asked->host != NULL
                   || asked->epoch != NULL || asked->backup != NULL;

    /* what was stolen passes no log, unless that is asked, too */
    asked->log = opt->since != NULL || opt->until != NULL
                 || asked->accounts != NULL || asked->workers != NULL
                 || asked->host != NULL
                 || (asked->epoch == NULL && asked->backup == NULL);

    return 0;
}


static int
is_address(const char *text)
{
    uint8_t  bytes[16];

    return inet_pton(AF_INET, text, bytes) == 1
           || inet_pton(AF_INET6, text, bytes) == 1;
}


static int
accounts_read(ctl_t *ctl, breach_asked_t *asked)
{
    char          id[PUPIL_UUID_TEXT_LEN + 1];
    size_t        len;
    ctl_buf_t     list;
    const char   *p;
    pupil_uuid_t  uuid;

    if (ctl->opt.account == NULL) {
        return 0;
    }

    ctl_buf_init(&list);
    ctl_array_begin(&list);

    for (p = ctl->opt.account; ; p += len + 1) {
        len = strcspn(p, ",");
        (void) snprintf(id, sizeof(id), "%.*s", (int) len, p);

        if (len != PUPIL_UUID_TEXT_LEN || ctl_uuid_parse(id, &uuid) != 0) {
            ctl_buf_free(&list);
            return ctl_error("--account is ids, separated by commas: pupilctl"
                             " user show says them");
        }

        ctl_array_uuid(&list, &uuid);

        if (p[len] == '\0') {
            break;
        }
    }

    ctl_array_end(&list);
    asked->accounts = pool_text(ctl, &list);

    return 0;
}


/* As pupilctl audit verify writes them. */
static int
workers_read(ctl_t *ctl, breach_asked_t *asked)
{
    char        *end;
    uint64_t     writer;
    ctl_buf_t    list;
    const char  *p;

    if (ctl->opt.worker == NULL) {
        return 0;
    }

    ctl_buf_init(&list);
    ctl_array_begin(&list);

    for (p = ctl->opt.worker; ; p = end + 1) {
        writer = strtoull(p, &end, 16);

        if (end - p != WRITER_DIGITS || (*end != ',' && *end != '\0')
            || strspn(p, "0123456789abcdef") < WRITER_DIGITS
            || writer > INT64_MAX)
        {
            ctl_buf_free(&list);
            return ctl_error("--worker is writers of the log, of %d digits"
                             " each, separated by commas", WRITER_DIGITS);
        }

        ctl_array_int(&list, (int64_t) writer);

        if (*end == '\0') {
            break;
        }
    }

    ctl_array_end(&list);
    asked->workers = pool_text(ctl, &list);

    return 0;
}


static const char *
pool_text(ctl_t *ctl, ctl_buf_t *buf)
{
    const char  *text;

    text = ctl_pool_text(&ctl->pool, buf->data, buf->len);
    ctl_buf_free(buf);

    return text;
}


int
breach_asked_know(ctl_t *ctl, breach_asked_t *asked)
{
    if (times_know(ctl, asked) != 0
        || (asked->accounts != NULL && accounts_know(ctl, asked) != 0)
        || (asked->host != NULL && host_know(ctl, asked) != 0)
        || (asked->epoch != NULL && epoch_know(ctl, asked) != 0))
    {
        return -1;
    }

    if (asked->backup == NULL) {
        return plugins_know(ctl, asked);
    }

    asked->all = 1;
    asked->plain = asked->epoch == NULL && asked->host == NULL;

    if (asked->plain) {
        note(asked, "A backup opens nothing that is sealed without a"
             " key-encryption key and a backup of the key store: what is"
             " counted is who is in it, by pseudonym.");
    }

    return plugins_know(ctl, asked);
}


/* What could have been read is by what plugins declare. */
static int
plugins_know(ctl_t *ctl, breach_asked_t *asked)
{
    int          n;
    PGresult    *res;
    ctl_buf_t    text;
    const char  *name;

    if (asked->accounts == NULL && asked->owners == NULL && !asked->all) {
        return 0;
    }

    res = ctl_query(ctl->data, categories_sql, 0, NULL);
    if (res == NULL) {
        return -1;
    }

    ctl_buf_init(&text);

    for (n = 0; n < PQntuples(res); n++) {
        name = PQgetvalue(res, n, 0);

        if (ctl_plugin_find(ctl, name) == NULL) {
            ctl_buf_reset(&text);
            ctl_buf_printf(&text, "The plugin of %s is not in --plugins: what"
                           " of it could have been read is not counted.", name);
            note(asked, text.data);
        }
    }

    ctl_buf_free(&text);
    PQclear(res);

    return 0;
}


static int
times_know(ctl_t *ctl, breach_asked_t *asked)
{
    PGresult    *res;
    const char  *params[4];

    params[0] = asked->number;
    params[1] = ctl->opt.since;
    params[2] = ctl->opt.until;
    params[3] = asked->backup;

    res = ctl_query_one(ctl->data, times_sql, 4, params);
    if (res == NULL) {
        return -1;
    }

    asked->since = copied(ctl, res, 0);
    asked->until = copied(ctl, res, 1);

    if (PQgetvalue(res, 0, 2)[0] != 't' || PQgetvalue(res, 0, 3)[0] == 't') {
        PQclear(res);
        return ctl_error("--until is after --since, and nothing of it to come");
    }

    PQclear(res);

    params[0] = asked->since;
    res = ctl_query(ctl->data, log_sql, 1, params);
    if (res == NULL) {
        return -1;
    }

    if (asked->log && PQntuples(res) == 1) {
        note(asked, "The log begins later, as what is older is gone by its"
             " period: what was shown before that is not on record any more.");
    }

    PQclear(res);

    return 0;
}


/* An erasure takes what an account stood to somebody by. */
static int
accounts_know(ctl_t *ctl, breach_asked_t *asked)
{
    PGresult    *res;
    ctl_buf_t    text;
    const char  *params[1];

    params[0] = asked->since;

    res = ctl_query_one(ctl->data, erased_sql, 1, params);
    if (res == NULL) {
        return -1;
    }

    ctl_buf_init(&text);
    ctl_buf_printf(&text, "Whom an account stood to is by the classes, roles"
                   " and support grants that are there now. People who were"
                   " erased since the breach began, and may be missing: %s.",
                   PQgetvalue(res, 0, 0));
    note(asked, text.data);

    ctl_buf_free(&text);
    PQclear(res);

    return 0;
}


/* Row security of the key store is by the same tenant. */
static int
host_know(ctl_t *ctl, breach_asked_t *asked)
{
    int          known;
    PGresult    *res;
    const char  *params[3];

    params[0] = asked->host;
    params[1] = asked->since;
    params[2] = asked->until;

    res = ctl_ask_one(ctl, ctl->keys, host_sql, 3, params);
    if (res == NULL) {
        return -1;
    }

    known = PQgetvalue(res, 0, 1)[0] == 't';
    asked->keys = known ? strtoll(PQgetvalue(res, 0, 0), NULL, 10) : -1;
    asked->all = asked->keys != 0;
    PQclear(res);

    note(asked, !known
         ? "How many keys the host fetched is known for a day alone, and is not"
           " any more: it could have fetched each."
         : asked->keys == 0
         ? "The host fetched no key of this tenant meanwhile, nor in the ten"
           " minutes before."
         : "The host fetched as many keys as is said; which ones the key store"
           " does not know.");

    if (asked->workers == NULL && asked->accounts == NULL) {
        note(asked, "The log does not say by which host something was shown:"
             " what is counted as shown is what all hosts did.");
    }

    return 0;
}


static int
epoch_know(ctl_t *ctl, breach_asked_t *asked)
{
    int          known, wraps;
    PGresult    *res;
    const char  *params[1];

    params[0] = asked->epoch;

    res = ctl_ask_one(ctl, ctl->keys, epoch_sql, 1, params);
    if (res == NULL) {
        return -1;
    }

    known = strcmp(PQgetvalue(res, 0, 0), "1") == 0;
    wraps = !PQgetisnull(res, 0, 1);

    if (wraps && asked->backup == NULL) {
        asked->owners = copied(ctl, res, 1);
        note(asked, "The epoch wraps keys that are in force: whoever has the"
             " key store, too, or a backup of it, opens what is sealed.");

    } else if (known && asked->backup == NULL) {
        asked->backup = copied(ctl, res, 2);
        note(asked, "The epoch wraps no key of this tenant any more: it opens"
             " backups of the key store from before that, and data of whom was"
             " held then.");
    }

    PQclear(res);

    return known ? 0 : ctl_error("there is no epoch %s: pupilctl key status",
                                 asked->epoch);
}


static void
note(breach_asked_t *asked, const char *text)
{
    json_array_append_new(asked->notes, json_string(text));
}


static const char *
copied(ctl_t *ctl, const PGresult *res, int col)
{
    return ctl_pool_text(&ctl->pool, PQgetvalue(res, 0, col),
                         (size_t) PQgetlength(res, 0, col));
}


json_t *
breach_asked_json(const ctl_t *ctl, const breach_asked_t *asked)
{
    const ctl_options_t  *opt;

    opt = &ctl->opt;

    return json_pack("{s:s*,s:s*,s:s*,s:s*,s:s*,s:s*,s:s*}",
                     "since", asked->log ? asked->since : NULL,
                     "until", asked->log ? asked->until : NULL,
                     "account", opt->account, "worker", opt->worker,
                     "host", opt->host, "epoch", opt->epoch,
                     "backup", opt->backup);
}


void
breach_asked_free(breach_asked_t *asked)
{
    json_decref(asked->notes);
}
