/*
 * Copyright (C) the Pupil authors
 */

#include <string.h>

#include "ctl/base/db.h"
#include "ctl/base/literal.h"
#include "ctl/base/map.h"
#include "ctl/roster/erased.h"


/* Terms of who was erased.  Ownership of them: the roster's pool. */
static int
terms_read(roster_t *roster, ctl_map_t *terms)
{
    int           rc, row, fresh;
    size_t        len;
    uint8_t      *term;
    PGresult     *res;
    pupil_str_t   key;

    res = ctl_query(roster->ctl->data, "SELECT term FROM pupil.erased_source",
                    0, NULL);
    if (res == NULL) {
        return -1;
    }

    rc = 0;
    key.len = PUPIL_TERM_LEN;

    for (row = 0; rc == 0 && row < PQntuples(res); row++) {
        term = ctl_pool_alloc(&roster->pool, PUPIL_TERM_LEN);

        rc = ctl_get_bytes(res, row, 0, term, PUPIL_TERM_LEN, &len) == 0
             && len == PUPIL_TERM_LEN
             ? 0 : ctl_error("a row of pupil.erased_source is malformed");

        key.data = term;
        ctl_map_put(terms, key, &fresh);
    }

    PQclear(res);

    return rc;
}


static int
term_erased(const ctl_map_t *terms, const uint8_t *term)
{
    pupil_str_t  key;

    key.data = term;
    key.len = PUPIL_TERM_LEN;

    return ctl_map_get(terms, key) != NULL;
}


int
roster_erased_resolve(roster_t *roster)
{
    int             rc;
    uint32_t        i;
    ctl_map_t       terms;
    roster_item_t  *user;

    memset(&terms, 0, sizeof(ctl_map_t));
    rc = terms_read(roster, &terms);

    for (i = 0; rc == 0 && i < roster->items[ROSTER_USER].count; i++) {
        user = roster_item(roster, ROSTER_USER, i);

        user->erased = !user->known
                       && (term_erased(&terms, user->term)
                           || (user->has_bare
                               && term_erased(&terms, user->bare)));
    }

    ctl_map_free(&terms);

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


static int
terms_forget(ctl_t *ctl, PGconn *conn, const char *sql, const char *terms)
{
    const char  *params[2];

    params[0] = ctl->tenant_text;
    params[1] = terms;

    return ctl_begin(conn, &ctl->tenant) == 0
           && ctl_exec(conn, sql, 2, params) == 0
           && ctl_commit(conn) == 0 ? 0 : -1;
}


/* Who was taken has it on record that they were. */
int
roster_erased_apply(roster_t *roster)
{
    int             rc;
    ctl_t          *ctl;
    uint32_t        i;
    ctl_buf_t       terms;
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

            if (user->has_bare) {
                ctl_array_bytes(&terms, user->bare, PUPIL_TERM_LEN);
            }
        }
    }

    ctl_array_end(&terms);

    rc = terms_forget(ctl, ctl->data, "DELETE FROM pupil.erased_source WHERE"
                      " tenant = $1::uuid AND term = ANY ($2::bytea[])",
                      terms.data);

    if (rc == 0) {
        rc = terms_forget(ctl, ctl->keys, "DELETE FROM keystore.erased_source"
                          " WHERE tenant = $1::uuid AND term = ANY"
                          " ($2::bytea[])", terms.data);
    }

    ctl_buf_free(&terms);

    return rc;
}
