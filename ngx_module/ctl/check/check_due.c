/*
 * Copyright (C) the Pupil authors
 *
 * What a controller has to do by a day that the law says, of each tenant that
 * the configuration names: which breach is open for longer than it may be, and
 * who waits for longer for what they asked of their data?  It is said, and is
 * no reason not to load a configuration: a mend may be in that.
 */

#include <string.h>

#include "core/endpoints/endpoint_sql.h"
#include "core/lifecycle/request.h"
#include "ctl/base/db.h"
#include "ctl/base/text.h"
#include "ctl/check/found.h"


#define SOON  PUPIL_SQL_NUMBER(PUPIL_REQUEST_SOON)


static void breaches_check(check_t *check, const char *word);
static void requests_check(check_t *check, const char *word);
static void requests_find(check_t *check, const char *word,
    const PGresult *res);


static const char  breaches_sql[] =
    "SELECT l.breach, l.hours FROM pupil.breaches_late() AS l";

static const char  today_sql[] =
    "SELECT (now() AT TIME ZONE coalesce((SELECT z.zone FROM keystore.zone AS"
    " z), 'UTC'))::date";

/* $1: today, $2: within how many days is soon. */
static const char  requests_sql[] =
    "SELECT count(*) FILTER (WHERE r.due_on < $1::date),"
    " count(*) FILTER (WHERE r.due_on >= $1::date), min(r.due_on)"
    " FROM pupil.request AS r WHERE r.state IN ('received', 'extended',"
    " 'granted', 'partly') AND r.due_on <= $1::date + $2::integer";


void
check_due(check_t *check, const char *word)
{
    breaches_check(check, word);
    requests_check(check, word);
}


/* Whoever notifies later than that gives the reasons (GDPR article 33(1)). */
static void
breaches_check(check_t *check, const char *word)
{
    int        n;
    PGresult  *res;

    res = ctl_query(check->conn[PUPIL_DATABASE_DATA], breaches_sql, 0, NULL);

    for (n = 0; n < PQntuples(res); n++) {
        check_remark(check, "breach %s of the tenant %s was noticed %s hours"
                    " ago, and nobody says that the authority was notified,"
                    " which is to be within 72 (GDPR article 33): pupilctl"
                    " breach notify --sent, or breach close with the reason",
                    PQgetvalue(res, n, 0), word, PQgetvalue(res, n, 1));
    }

    PQclear(res);
}


/* What people ask for of their data has a month (GDPR article 12(3)). */
static void
requests_check(check_t *check, const char *word)
{
    PGresult    *today, *res;
    const char  *params[2];

    today = ctl_query_one(check->conn[PUPIL_DATABASE_KEYSTORE], today_sql, 0,
                          NULL);
    if (today == NULL) {
        return;
    }

    params[0] = PQgetvalue(today, 0, 0);
    params[1] = SOON;

    res = ctl_query_one(check->conn[PUPIL_DATABASE_DATA], requests_sql, 2,
                        params);

    if (res != NULL) {
        requests_find(check, word, res);
        PQclear(res);
    }

    PQclear(today);
}


static void
requests_find(check_t *check, const char *word, const PGresult *res)
{
    enum {
        OVERDUE = 0,
        DUE_SOON,
        FIRST
    };

    if (strcmp(PQgetvalue(res, 0, OVERDUE), "0") != 0) {
        check_remark(check, "the tenant %s: %s overdue of what people ask of"
                    " their data, the first since %s: pupilctl request list"
                    " says which", word, PQgetvalue(res, 0, OVERDUE),
                    PQgetvalue(res, 0, FIRST));
    }

    if (strcmp(PQgetvalue(res, 0, DUE_SOON), "0") != 0) {
        ctl_note("the tenant %s: %s due within " SOON " days of what people"
                 " ask of their data: pupilctl request list", word,
                 PQgetvalue(res, 0, DUE_SOON));
    }
}
