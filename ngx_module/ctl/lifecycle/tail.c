/*
 * Copyright (C) the Pupil authors
 */

#include <inttypes.h>
#include <unistd.h>

#include "ctl/base/clock.h"
#include "ctl/base/db.h"
#include "ctl/base/wait.h"
#include "ctl/lifecycle/tail.h"


#define LOOKS  30               /* a second apart */

enum {
    COLUMN_SEALED = 0,
    COLUMN_SEALER
};


static int tail_read(ctl_t *ctl, pupil_time_t until, int *sealed, int *sealer);


/*
 * $1: microseconds.  What is not authentic is sealed by nobody: so what the
 * sealer says counts, too.
 */
#define UNTIL  "timestamptz 'epoch' + $1::bigint * interval '1 us'"

static const char  tail_sql[] =
    "SELECT NOT EXISTS (SELECT FROM pupil.audit_record AS r LEFT JOIN"
    " pupil.seal_writer AS w ON w.tenant = r.tenant AND w.writer = r.writer"
    " WHERE r.tenant = pupil.current_tenant() AND r.number >"
    " coalesce(w.number, 0) AND r.at <= " UNTIL ") OR EXISTS (SELECT FROM"
    " pupil.sealer AS z WHERE z.until > " UNTIL "),"
    " EXISTS (SELECT FROM pg_locks AS l WHERE l.locktype = 'advisory' AND"
    " l.granted AND " CTL_SEAL_LOCK ")";


int
ctl_tail_sealed(ctl_t *ctl)
{
    int           look, sealed, sealer;
    pupil_time_t  until;

    until = ctl_now();

    for (look = 0; look < LOOKS; look++) {
        if (tail_read(ctl, until, &sealed, &sealer) != 0) {
            return -1;
        }

        if (sealed) {
            return 0;
        }

        if (!sealer) {
            return ctl_error("what is on record of the tenant is not sealed:"
                             " run pupilctl audit seal --checkpoints DIR");
        }

        sleep(1);
    }

    return ctl_error("what is on record of the tenant is not sealed, and the"
                     " sealer that is at work does not get on with it: see"
                     " what it says");
}


static int
tail_read(ctl_t *ctl, pupil_time_t until, int *sealed, int *sealer)
{
    char         text[24];
    PGresult    *res;
    const char  *params[1];

    snprintf(text, sizeof(text), "%" PRId64, until);
    params[0] = text;

    res = ctl_begin(ctl->data, &ctl->tenant) == 0
          ? ctl_query_one(ctl->data, tail_sql, 1, params) : NULL;
    ctl_rollback(ctl->data);

    if (res == NULL) {
        return -1;
    }

    *sealed = PQgetvalue(res, 0, COLUMN_SEALED)[0] == 't';
    *sealer = PQgetvalue(res, 0, COLUMN_SEALER)[0] == 't';
    PQclear(res);

    return 0;
}
