/*
 * Copyright (C) the Pupil authors
 *
 * That the authority was notified is somebody's word, with its own reference:
 * nothing leaves from here but notices to people, in the platform.
 */

#include <string.h>

#include "ctl/base/clock.h"
#include "ctl/base/db.h"
#include "ctl/base/file.h"
#include "ctl/breach/breach.h"
#include "ctl/breach/draft.h"
#include "ctl/breach/notify.h"
#include "ctl/breach/tell.h"


#define PATH_SIZE  4096


static int notify_check(const ctl_t *ctl);
static int scope_check(ctl_t *ctl, const char *number);
static int sent_write(ctl_t *ctl, const char *number);
static int drafts_write(ctl_t *ctl, const char *number);
static void draft_free(breach_draft_t *draft);
static int draft_read(ctl_t *ctl, const char *number, breach_draft_t *draft);
static const char *text_of(ctl_t *ctl, const PGresult *res, int col);
static int files_write(ctl_t *ctl, const breach_draft_t *draft);
static int file_write(ctl_t *ctl, const char *name, const char *language,
    const ctl_buf_t *text, json_t *files);


static const char  sent_sql[] =
    "UPDATE pupil.breach SET authority_at = $2::timestamptz,"
    " authority_reference = $3 WHERE breach = $1::integer";

#define LOCAL(column)                                                         \
    "to_char(" column " AT TIME ZONE $2, 'YYYY-MM-DD HH24:MI') || ' (' || $2"  \
    " || ')'"

/* Who has several roles counts by the first of them. */
static const char  last_sql[] =
    "SELECT s.found, t.name, (SELECT json_object_agg(c.role, c.n)"
    " FROM (SELECT coalesce(p.role, '') AS role, count(*) AS n"
    " FROM (SELECT DISTINCT ON (f.subject) f.subject, r.role"
    " FROM pupil.breach_found AS f LEFT JOIN pupil.role AS r"
    " ON r.subject = f.subject WHERE f.breach = $1::integer"
    " ORDER BY f.subject, r.role = 'pupil', r.role) AS p"
    " GROUP BY p.role ORDER BY count(*) DESC, p.role) AS c), "
    LOCAL("b.since") ", " LOCAL("b.until") ", " LOCAL("b.noticed_at")
    " FROM pupil.breach_scope AS s JOIN pupil.tenant AS t"
    " ON t.tenant = s.tenant JOIN pupil.breach AS b ON b.breach = s.breach"
    " WHERE s.breach = $1::integer"
    " ORDER BY s.scope DESC LIMIT 1";

/* Of last_sql. */
enum {
    LAST_FOUND = 0,
    LAST_TENANT,
    LAST_ROLES,
    LAST_SINCE,
    LAST_UNTIL,
    LAST_NOTICED
};


int
ctl_cmd_breach_notify(ctl_t *ctl)
{
    int          rc;
    const char  *number;

    number = breach_number(ctl);

    if (number == NULL || notify_check(ctl) != 0) {
        return CTL_USAGE;
    }

    if (breach_begin(ctl) != 0) {
        return CTL_FAILED;
    }

    if (ctl->opt.drafts != NULL) {
        rc = drafts_write(ctl, number);

    } else if (ctl->opt.tell != NULL) {
        rc = scope_check(ctl, number) == 0
             ? breach_tell(ctl, number, strcmp(ctl->opt.tell, "shown") == 0)
             : -1;

    } else {
        rc = sent_write(ctl, number) == 0 ? breach_answer(ctl, number) : -1;
    }

    return rc == 0 ? CTL_DONE : CTL_FAILED;
}


static int
notify_check(const ctl_t *ctl)
{
    pupil_time_t          sent;
    const ctl_options_t  *opt;

    opt = &ctl->opt;
    sent = 0;

    if ((opt->sent != NULL) + (opt->drafts != NULL) + (opt->tell != NULL) != 1)
    {
        return ctl_error("one of --drafts FOLDER, --tell shown|all, and --sent"
                         " TIME: when the authority was notified");
    }

    if (opt->tell != NULL && strcmp(opt->tell, "shown") != 0
        && strcmp(opt->tell, "all") != 0)
    {
        return ctl_error("--tell is shown, of whom something is on record, or"
                         " all, of whom something could have been read, too");
    }

    if (opt->sent == NULL) {
        return 0;
    }

    if (ctl_reference_given(ctl) != 0
        || breach_time(opt->sent, "--sent", &sent) != 0)
    {
        return -1;
    }

    return sent <= ctl_now() ? 0 : ctl_error("--sent is not to come");
}


static int
scope_check(ctl_t *ctl, const char *number)
{
    breach_draft_t  draft;

    memset(&draft, 0, sizeof(draft));

    if (draft_read(ctl, number, &draft) != 0) {
        return -1;
    }

    draft_free(&draft);

    return 0;
}


/* In phases, too, the first of them stops the clock: article 33(4). */
static int
sent_write(ctl_t *ctl, const char *number)
{
    int          known, early;
    PGresult    *res, *is;
    const char  *params[3];

    res = breach_read(ctl, number, 1);
    if (res == NULL) {
        return -1;
    }

    params[0] = ctl->opt.sent;
    params[1] = PQgetvalue(res, 0, BREACH_NOTICED);

    is = ctl_query_one(ctl->data, "SELECT $1::timestamptz < $2::timestamptz", 2,
                       params);
    early = is != NULL && PQgetvalue(is, 0, 0)[0] == 't';
    known = !PQgetisnull(res, 0, BREACH_AUTHORITY);

    PQclear(is);
    PQclear(res);

    if (is == NULL || early) {
        return early ? ctl_error("--sent is before breach %s was noticed",
                                 number) : -1;
    }

    if (known) {
        return ctl_error("that the authority was notified of breach %s is said"
                         " already: pupilctl breach show %s", number, number);
    }

    params[0] = number;
    params[1] = ctl->opt.sent;
    params[2] = ctl->opt.reference;

    return ctl_exec(ctl->data, sent_sql, 3, params) == 0
           ? breach_record(ctl, PUPIL_OPERATION_WRITE, number, "notified") : -1;
}


static int
drafts_write(ctl_t *ctl, const char *number)
{
    int              rc;
    PGresult        *res;
    breach_draft_t   draft;

    memset(&draft, 0, sizeof(draft));

    res = breach_read(ctl, number, 1);
    if (res == NULL) {
        return -1;
    }

    if (draft_read(ctl, number, &draft) != 0) {
        PQclear(res);
        return -1;
    }

    draft.breach = res;

    rc = breach_record(ctl, PUPIL_OPERATION_READ, number, "drafts") == 0
         && ctl_commit(ctl->data) == 0 ? files_write(ctl, &draft) : -1;

    draft_free(&draft);
    PQclear(res);

    return rc;
}


static void
draft_free(breach_draft_t *draft)
{
    json_decref(draft->found);
    json_decref(draft->roles);
}


/* Of the last scope, into what is zeroed; without one nobody is told. */
static int
draft_read(ctl_t *ctl, const char *number, breach_draft_t *draft)
{
    PGresult    *res;
    const char  *params[2];

    params[0] = number;
    params[1] = ctl->zone;

    res = ctl_query(ctl->data, last_sql, 2, params);
    if (res == NULL) {
        return -1;
    }

    if (PQntuples(res) == 0) {
        PQclear(res);
        return ctl_error("whom breach %s reached is not known: pupilctl breach"
                         " scope %s", number, number);
    }

    draft->found = json_loads(PQgetvalue(res, 0, LAST_FOUND), 0, NULL);
    draft->tenant = text_of(ctl, res, LAST_TENANT);
    draft->since = text_of(ctl, res, LAST_SINCE);
    draft->until = text_of(ctl, res, LAST_UNTIL);
    draft->noticed = text_of(ctl, res, LAST_NOTICED);
    draft->roles = PQgetisnull(res, 0, LAST_ROLES) ? json_object()
                   : json_loads(PQgetvalue(res, 0, LAST_ROLES), 0, NULL);
    PQclear(res);

    return draft->found != NULL && draft->roles != NULL ? 0
           : ctl_error("pupil.breach_scope: what is kept is no JSON");
}


/* NULL where it is. */
static const char *
text_of(ctl_t *ctl, const PGresult *res, int col)
{
    return PQgetisnull(res, 0, col) ? NULL
           : ctl_pool_text(&ctl->pool, PQgetvalue(res, 0, col),
                           (size_t) PQgetlength(res, 0, col));
}


static int
files_write(ctl_t *ctl, const breach_draft_t *draft)
{
    int        rc;
    size_t     i;
    json_t    *files;
    ctl_buf_t  text;

    files = json_array();
    ctl_buf_init(&text);

    for (i = 0, rc = 0; rc == 0 && i < BREACH_LANGUAGES; i++) {
        ctl_buf_reset(&text);
        breach_draft_authority(draft, i, &text);
        rc = file_write(ctl, "authority", breach_languages[i], &text,
                        files);

        if (rc == 0) {
            ctl_buf_reset(&text);
            breach_draft_people(draft, i, &text);
            rc = file_write(ctl, "people", breach_languages[i], &text, files);
        }
    }

    ctl_buf_free(&text);

    if (rc == 0 && ctl->opt.json) {
        ctl_json_print(json_pack("{s:O}", "files", files));
    }

    json_decref(files);

    return rc;
}


static int
file_write(ctl_t *ctl, const char *name, const char *language,
    const ctl_buf_t *text, json_t *files)
{
    int   n;
    char  path[PATH_SIZE];

    n = snprintf(path, sizeof(path), "%s/%s.%s.txt", ctl->opt.drafts, name,
                 language);

    if (n < 0 || (size_t) n >= sizeof(path)) {
        return ctl_error("--drafts is too long");
    }

    if (ctl_file_write(path, text->data, 0600, 1) != 0) {
        return -1;
    }

    json_array_append_new(files, json_string(path));

    if (!ctl->opt.json) {
        puts(path);
    }

    return 0;
}
