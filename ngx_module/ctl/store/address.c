/*
 * Copyright (C) the Pupil authors
 */

#include <string.h>

#include "ctl/base/db.h"
#include "ctl/base/text.h"
#include "ctl/store/address.h"
#include "ctl/store/keys.h"
#include "ctl/store/subject.h"


static int address_floor(ctl_t *ctl, const char *owner, uint32_t *floor);
static int address_row(ctl_t *ctl, const PGresult *res, int row,
    const pupil_uuid_t *owner, const ctl_login_t *is, uint32_t floor);


int
ctl_address_read(ctl_t *ctl, const pupil_uuid_t *owner,
    uint8_t sealed[CTL_ADDRESS_SEALED], pupil_str_t *stored)
{
    char         id[PUPIL_UUID_TEXT_LEN + 1];
    PGresult    *res;
    const char  *params[2];

    params[0] = ctl->tenant_text;
    params[1] = ctl_uuid_text(owner, id);

    res = ctl_query(ctl->data, "SELECT email FROM data.contact WHERE tenant ="
                    " $1::uuid AND owner = $2::uuid AND record = $2::uuid", 2,
                    params);
    if (res == NULL) {
        return -1;
    }

    stored->data = sealed;
    stored->len = 0;

    if (PQntuples(res) == 1) {
        ctl_get_bytes(res, 0, 0, sealed, CTL_ADDRESS_SEALED, &stored->len);
    }

    PQclear(res);

    return 0;
}


int
ctl_address_mac(ctl_t *ctl, const uint8_t term[PUPIL_TERM_LEN],
    const pupil_uuid_t *owner, uint32_t number, uint8_t mac[PUPIL_MAC_LEN])
{
    const pupil_key_t  *key;
    pupil_index_row_t   row;

    key = ctl_key(ctl, "mac");
    if (key == NULL) {
        return -1;
    }

    row.tenant = ctl->tenant;
    row.category = ctl_str("contact");
    row.field = ctl_str("email");
    row.term.data = term;
    row.term.len = PUPIL_TERM_LEN;
    row.owner = *owner;
    row.record = *owner;
    pupil_mac_address(key, &row, number, mac);

    return 0;
}


int
ctl_address_numbers(ctl_t *ctl, const char *subjects, int count,
    PGresult **res)
{
    const char  *params[1];

    params[0] = subjects;

    *res = ctl_begin(ctl->keys, &ctl->tenant) == 0
           ? ctl_query(ctl->keys, "SELECT subject, number FROM"
                       " keystore.give_addresses($1::uuid[])", 1, params)
           : NULL;

    if (*res != NULL && PQntuples(*res) == count
        && ctl_commit(ctl->keys) == 0)
    {
        return 0;
    }

    PQclear(*res);
    ctl_rollback(ctl->keys);

    return ctl_error("the key store gives no numbers for addresses: nothing was"
                     " changed");
}


int
ctl_address_counts(ctl_t *ctl, const pupil_uuid_t *owner, const char *address)
{
    int          rc, row;
    char         id[PUPIL_UUID_TEXT_LEN + 1];
    uint32_t     floor;
    PGresult    *res;
    const char  *params[2];
    ctl_login_t  is;

    ctl_uuid_text(owner, id);

    if (address_floor(ctl, id, &floor) != 0) {
        return -1;
    }

    if (floor == 0) {
        return 1;
    }

    rc = ctl_subject_terms(ctl, "contact", "email", address, &is);
    if (rc <= 0) {
        return rc;
    }

    params[0] = ctl->tenant_text;
    params[1] = id;

    res = ctl_query(ctl->data, "SELECT term, numbered FROM pupil.blind_index"
                    " WHERE tenant = $1::uuid AND owner = $2::uuid AND record ="
                    " $2::uuid AND category = 'contact' AND field = 'email' AND"
                    " numbered IS NOT NULL", 2, params);
    if (res == NULL) {
        return -1;
    }

    rc = 0;

    for (row = 0; rc == 0 && row < PQntuples(res); row++) {
        rc = address_row(ctl, res, row, owner, &is, floor);
    }

    PQclear(res);

    return rc;
}


static int
address_floor(ctl_t *ctl, const char *owner, uint32_t *floor)
{
    PGresult    *res;
    const char  *params[2];

    if (ctl_begin(ctl->keys, &ctl->tenant) != 0) {
        return -1;
    }

    params[0] = ctl->tenant_text;
    params[1] = owner;

    res = ctl_query(ctl->keys, "SELECT address FROM keystore.floor WHERE tenant"
                    " = $1::uuid AND subject = $2::uuid", 2, params);
    ctl_rollback(ctl->keys);

    if (res == NULL) {
        return -1;
    }

    *floor = PQntuples(res) == 1 ? (uint32_t) ctl_get_int(res, 0, 0, 0) : 0;
    PQclear(res);

    return 0;
}


/* As it is compared today, or was before. */
static int
address_row(ctl_t *ctl, const PGresult *res, int row,
    const pupil_uuid_t *owner, const ctl_login_t *is, uint32_t floor)
{
    size_t       len;
    uint8_t      term[PUPIL_TERM_LEN];
    uint8_t      made[PUPIL_MAC_LEN], stored[PUPIL_MAC_LEN];
    pupil_str_t  mac;

    mac.data = stored;

    if (ctl_get_bytes(res, row, 0, term, sizeof(term), &len) != 0
        || len != sizeof(term)
        || ctl_get_bytes(res, row, 1, stored, sizeof(stored), &mac.len) != 0
        || pupil_mac_number(mac) < floor
        || (memcmp(term, is->term, sizeof(term)) != 0
            && memcmp(term, is->before, sizeof(term)) != 0))
    {
        return 0;
    }

    if (ctl_address_mac(ctl, term, owner, pupil_mac_number(mac), made) != 0) {
        return -1;
    }

    return pupil_mac_check(made, mac) == PUPIL_OK;
}
