/*
 * Copyright (C) the Pupil authors
 */

#include "ctl/base/db.h"
#include "ctl/base/literal.h"
#include "ctl/roster/logins.h"
#include "ctl/store/told.h"


/* As with addresses: the index has not the term that there will be. */
static const char  changed_sql[] =
    "SELECT c.owner FROM unnest($2::uuid[], $3::bytea[]) AS n (owner, term)"
    " JOIN data.credential AS c ON c.tenant = $1::uuid AND c.owner = n.owner"
    " AND c.record = n.owner WHERE c.login_id IS NOT NULL AND NOT EXISTS"
    " (SELECT FROM pupil.blind_index AS b WHERE b.tenant = c.tenant"
    " AND b.category = 'credential' AND b.field = 'login_id'"
    " AND b.term = n.term AND b.owner = c.owner) ORDER BY c.owner";


/* Whose name is written, and the term that it will have: how many there are. */
static unsigned
written_list(const roster_batch_t *batch, ctl_buf_t *owners, ctl_buf_t *terms)
{
    unsigned                i, count;
    const roster_state_t   *state;
    const roster_change_t  *change;

    count = 0;
    ctl_array_begin(owners);
    ctl_array_begin(terms);

    for (i = 0; batch->kind == ROSTER_USER && i < batch->count; i++) {
        change = &batch->changes[i];

        /* who is new had none before */
        if (!change->item->known || !change->write[ROSTER_CREDENTIAL]) {
            continue;
        }

        state = &change->item->states[ROSTER_CREDENTIAL];
        ctl_array_uuid(owners, &change->item->owner.id);

        if (state->has_term) {
            ctl_array_bytes(terms, state->term, PUPIL_TERM_LEN);
        } else {
            ctl_array_null(terms);
        }

        count++;
    }

    ctl_array_end(owners);
    ctl_array_end(terms);

    return count;
}


static int
changed_tell(roster_t *roster, const ctl_buf_t *owners, const ctl_buf_t *terms)
{
    int            rc, row;
    PGresult      *res;
    const char    *params[3];
    pupil_uuid_t   owner;

    params[0] = roster->ctl->tenant_text;
    params[1] = owners->data;
    params[2] = terms->data;

    res = ctl_query(roster->ctl->data, changed_sql, 3, params);
    rc = res == NULL ? -1 : 0;

    for (row = 0; rc == 0 && row < PQntuples(res); row++) {
        rc = ctl_get_uuid(res, row, 0, &owner);

        if (rc == 0) {
            rc = ctl_told_name(roster->ctl, &owner);
        }
    }

    PQclear(res);

    return rc;
}


int
roster_logins_tell(roster_t *roster, const roster_batch_t *batch)
{
    int        rc;
    ctl_buf_t  owners, terms;

    ctl_buf_init(&owners);
    ctl_buf_init(&terms);

    rc = written_list(batch, &owners, &terms) != 0
         ? changed_tell(roster, &owners, &terms) : 0;

    ctl_buf_free(&owners);
    ctl_buf_free(&terms);

    return rc;
}
