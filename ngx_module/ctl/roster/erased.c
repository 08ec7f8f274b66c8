/*
 * Copyright (C) the Pupil authors
 */

#include <string.h>

#include "ctl/base/db.h"
#include "ctl/base/join.h"
#include "ctl/base/literal.h"
#include "ctl/roster/erased.h"


static int
erased_row(void *ctx, uint32_t i, const PGresult *res, int n)
{
    roster_t       *roster = ctx;
    roster_item_t  *user;

    (void) res;
    (void) n;

    user = roster_item(roster, ROSTER_USER, i);
    user->erased = !user->known;

    return 0;
}


int
roster_erased_resolve(roster_t *roster)
{
    int             rc;
    uint32_t        i;
    PGresult       *res;
    ctl_join_t      join;
    roster_item_t  *user;

    res = ctl_query(roster->ctl->data, "SELECT term FROM pupil.erased_source",
                    0, NULL);

    if (res == NULL || PQntuples(res) == 0) {
        rc = res == NULL ? -1 : 0;
        PQclear(res);
        return rc;
    }

    memset(&join, 0, sizeof(ctl_join_t));
    join.key_len = PUPIL_TERM_LEN;

    for (i = 0; i < roster->items[ROSTER_USER].count; i++) {
        user = roster_item(roster, ROSTER_USER, i);
        ctl_join_add(&join, user->term, i);
    }

    rc = ctl_join_rows(&join, res, erased_row, roster);

    ctl_join_free(&join);
    PQclear(res);

    return rc;
}


uint32_t
roster_erased_count(const roster_t *roster)
{
    uint32_t              i, count;
    const roster_item_t  *user;

    count = 0;

    for (i = 0; i < roster->items[ROSTER_USER].count; i++) {
        user = roster_item(roster, ROSTER_USER, i);
        count += user->erased && !user->refused && !user->leaves;
    }

    return count;
}


void
roster_erased_refuse(roster_t *roster)
{
    uint32_t        i;
    roster_item_t  *user;

    for (i = 0; i < roster->items[ROSTER_USER].count; i++) {
        user = roster_item(roster, ROSTER_USER, i);

        if (user->erased && !user->leaves) {
            roster_item_refuse(roster, ROSTER_USER, user,
                               "this person was erased");
        }
    }
}


/* Who was taken has it on record that they were. */
int
roster_erased_apply(roster_t *roster)
{
    int             rc;
    ctl_t          *ctl;
    uint32_t        i;
    ctl_buf_t       terms;
    const char     *params[2];
    roster_item_t  *user;

    if (roster_erased_count(roster) == 0) {
        return 0;
    }

    ctl = roster->ctl;
    ctl_buf_init(&terms);
    ctl_array_begin(&terms);

    for (i = 0; i < roster->items[ROSTER_USER].count; i++) {
        user = roster_item(roster, ROSTER_USER, i);

        if (user->erased && !user->refused && !user->leaves) {
            ctl_array_bytes(&terms, user->term, PUPIL_TERM_LEN);
        }
    }

    ctl_array_end(&terms);

    params[0] = ctl->tenant_text;
    params[1] = terms.data;

    rc = ctl_begin(ctl->data, &ctl->tenant) == 0
         && ctl_exec(ctl->data, "DELETE FROM pupil.erased_source WHERE tenant ="
                     " $1::uuid AND term = ANY ($2::bytea[])", 2, params) == 0
         && ctl_commit(ctl->data) == 0 ? 0 : -1;

    ctl_buf_free(&terms);

    return rc;
}
