/*
 * Copyright (C) the Pupil authors
 */

#include <string.h>

#include "core/base/text.h"
#include "core/endpoints/login.h"
#include "core/endpoints/notice.h"
#include "ctl/base/db.h"
#include "ctl/base/literal.h"
#include "ctl/base/map.h"
#include "ctl/base/text.h"
#include "ctl/roster/addresses.h"
#include "ctl/roster/unnest.h"
#include "ctl/store/address.h"
#include "ctl/store/mail.h"
#include "ctl/store/notice.h"


/*
 * Whose address was another: of theirs the index has not the term that there
 * will be.
 */
static const char  changed_sql[] =
    "SELECT c.owner, c.email FROM unnest($2::uuid[], $3::bytea[])"
    " AS n (owner, term) JOIN data.contact AS c ON c.tenant = $1::uuid"
    " AND c.owner = n.owner AND c.record = n.owner"
    " WHERE c.email IS NOT NULL AND NOT EXISTS (SELECT FROM pupil.blind_index"
    " AS b WHERE b.tenant = c.tenant AND b.category = 'contact'"
    " AND b.field = 'email' AND b.term = n.term AND b.owner = c.owner)"
    " ORDER BY c.owner";

static const char  numbered_sql[] =
    "UPDATE pupil.blind_index AS b SET numbered = n.mac FROM"
    " unnest($3::uuid[], $4::bytea[], $5::bytea[]) AS n (owner, term, mac)"
    " WHERE b.tenant = $1::uuid AND b.category = $2 AND b.field = 'email'"
    " AND b.term = n.term AND b.owner = n.owner AND b.record = n.owner";


/* Of whoever is new there was no address before. */
static int
written(const roster_batch_t *batch, unsigned i)
{
    return batch->kind == ROSTER_USER && batch->changes[i].item->known
           && batch->changes[i].write[ROSTER_CONTACT];
}


/* Whose: how many there are. */
static int
subjects_list(const roster_batch_t *batch, ctl_buf_t *subjects)
{
    int       count;
    unsigned  i;

    count = 0;
    ctl_buf_init(subjects);
    ctl_array_begin(subjects);

    for (i = 0; i < batch->count; i++) {
        if (written(batch, i)) {
            ctl_array_uuid(subjects, &batch->changes[i].item->owner.id);
            count++;
        }
    }

    ctl_array_end(subjects);

    return count;
}


static int
numbers_set(roster_batch_t *batch, const PGresult *res)
{
    int            row;
    unsigned       i;
    pupil_uuid_t   id;

    for (row = 0; row < PQntuples(res); row++) {
        if (ctl_get_uuid(res, row, 0, &id) != 0) {
            return -1;
        }

        for (i = 0; i < batch->count; i++) {
            if (pupil_uuid_compare(&batch->changes[i].item->owner.id, &id)
                == 0)
            {
                batch->changes[i].address =
                    (uint32_t) ctl_get_int(res, row, 1, 0);
            }
        }
    }

    return 0;
}


int
roster_addresses_take(roster_t *roster, roster_batch_t *batch)
{
    int        rc, count;
    PGresult  *res;
    ctl_buf_t  subjects;

    count = subjects_list(batch, &subjects);
    rc = 0;

    if (count != 0) {
        rc = ctl_address_numbers(roster->ctl, subjects.data, count, &res);

        if (rc == 0) {
            rc = numbers_set(batch, res);
            PQclear(res);
        }
    }

    ctl_buf_free(&subjects);

    return rc;
}


static int
owner_tell(roster_t *roster, const PGresult *res, int row)
{
    uint8_t       bytes[CTL_ADDRESS_SEALED];
    pupil_str_t   sealed;
    pupil_uuid_t  owner;

    sealed.data = bytes;

    if (ctl_get_uuid(res, row, 0, &owner) != 0
        || ctl_notice(roster->ctl, &owner, PUPIL_NOTICE_ADDRESS_CHANGED) != 0)
    {
        return -1;
    }

    /* what is longer is no address that anybody has sealed */
    return ctl_get_bytes(res, row, 1, bytes, sizeof(bytes), &sealed.len) != 0
           ? 0
           : ctl_mail_put(roster->ctl, &owner, PUPIL_MAIL_ADDRESS_CHANGED,
                          ctl_str("mul"), sealed);
}


int
roster_addresses_tell(roster_t *roster, const roster_batch_t *batch)
{
    int                    rc, row;
    unsigned               i;
    PGresult              *res;
    ctl_buf_t              owners, terms;
    const char            *params[3];
    const roster_state_t  *state;

    if (subjects_list(batch, &owners) == 0) {
        ctl_buf_free(&owners);
        return 0;
    }

    ctl_buf_init(&terms);
    ctl_array_begin(&terms);

    for (i = 0; i < batch->count; i++) {
        state = &batch->changes[i].item->states[ROSTER_CONTACT];

        if (written(batch, i) && state->has_term) {
            ctl_array_bytes(&terms, state->term, PUPIL_TERM_LEN);

        } else if (written(batch, i)) {
            ctl_array_null(&terms);
        }
    }

    ctl_array_end(&terms);

    params[0] = roster->ctl->tenant_text;
    params[1] = owners.data;
    params[2] = terms.data;

    res = ctl_query(roster->ctl->data, changed_sql, 3, params);
    rc = res == NULL ? -1 : 0;

    for (row = 0; rc == 0 && row < PQntuples(res); row++) {
        rc = owner_tell(roster, res, row);
    }

    PQclear(res);
    ctl_buf_free(&owners);
    ctl_buf_free(&terms);

    return rc;
}


int
roster_addresses_write(roster_t *roster, const roster_batch_t *batch)
{
    int                     rc;
    uint8_t                 mac[PUPIL_MAC_LEN];
    unsigned                i;
    roster_unnest_t         rows;
    const roster_item_t    *user;
    const roster_state_t   *state;
    const roster_change_t  *change;

    rc = 0;
    roster_unnest_begin(&rows, 3);

    for (i = 0; rc == 0 && i < batch->count; i++) {
        change = &batch->changes[i];
        user = change->item;
        state = &user->states[ROSTER_CONTACT];

        if (!written(batch, i) || !state->has_term) {
            continue;
        }

        rc = ctl_address_mac(roster->ctl, state->term, &user->owner.id,
                             change->address, mac);
        ctl_array_uuid(&rows.columns[0], &user->owner.id);
        ctl_array_bytes(&rows.columns[1], state->term, PUPIL_TERM_LEN);
        ctl_array_bytes(&rows.columns[2], mac, pupil_mac_len(mac));
    }

    if (rc == 0) {
        rc = roster_unnest_exec(roster, &rows, numbered_sql, "contact", NULL);
    }

    roster_unnest_free(&rows);

    return rc;
}
