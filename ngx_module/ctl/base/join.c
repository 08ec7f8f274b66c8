/*
 * Copyright (C) the Pupil authors
 */

#include <string.h>

#include "ctl/base/db.h"
#include "ctl/base/join.h"


#define JOIN_KEY_MAX  64        /* bytes */


void
ctl_join_add(ctl_join_t *join, const uint8_t *key, uint32_t index)
{
    int          fresh;
    pupil_str_t  s;

    s.data = key;
    s.len = join->key_len;

    ctl_map_put(&join->map, s, &fresh)->value = index;
}


/* NULL is no key. */
static int
key_read(const ctl_join_t *join, const PGresult *res, int row,
    uint8_t key[JOIN_KEY_MAX])
{
    int           rc;
    size_t        len;
    pupil_uuid_t  uuid;

    if (join->key_len == PUPIL_UUID_LEN) {
        rc = ctl_get_uuid(res, row, 0, &uuid);
        memcpy(key, uuid.b, PUPIL_UUID_LEN);

        return rc;
    }

    rc = ctl_get_bytes(res, row, 0, key, JOIN_KEY_MAX, &len);

    return rc == 0 && len == join->key_len ? 0 : -1;
}


int
ctl_join_rows(const ctl_join_t *join, const PGresult *res, ctl_join_pt each,
    void *ctx)
{
    int          row, rc;
    uint8_t      bytes[JOIN_KEY_MAX];
    ctl_slot_t  *slot;
    pupil_str_t  key;

    key.data = bytes;
    key.len = join->key_len;

    for (row = 0, rc = 0; row < PQntuples(res) && rc == 0; row++) {
        if (key_read(join, res, row, bytes) != 0) {
            return ctl_error("the database answered with a row whose %s is"
                             " malformed", PQfname(res, 0));
        }

        slot = ctl_map_get(&join->map, key);

        if (slot != NULL) {
            rc = each(ctx, slot->value, res, row);
        }
    }

    return rc;
}


void
ctl_join_free(ctl_join_t *join)
{
    ctl_map_free(&join->map);
}
