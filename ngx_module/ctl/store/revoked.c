/*
 * Copyright (C) the Pupil authors
 */

#include <stdlib.h>
#include <string.h>

#include "ctl/base/map.h"
#include "ctl/store/revoked.h"


#define ROLE_LEN  16            /* no role has a longer name */
#define KEY_LEN   (1 + 2 * PUPIL_UUID_LEN + ROLE_LEN)

typedef struct {
    ctl_row_t  row;
    uint8_t    mac[PUPIL_MAC_LEN];
    int        stays, seen;
} entry_t;

struct ctl_revoked_s {
    ctl_pool_t   pool;          /* keys, and names of roles */
    ctl_map_t    by_key;        /* to places in list */
    entry_t     *list;
    size_t       count, room;
    int          failed;        /* one was not as it should be */
};


static entry_t *entry_add(ctl_revoked_t *own);
static pupil_str_t key_make(const ctl_row_t *row, uint8_t key[KEY_LEN]);


/* A row that is noted again is one, and the later word holds. */
void
ctl_revoked(ctl_t *ctl, const ctl_row_t *row, const uint8_t *mac)
{
    int             fresh;
    uint8_t         bytes[KEY_LEN];
    entry_t        *entry;
    ctl_slot_t     *slot;
    pupil_str_t     key;
    ctl_revoked_t  *own;

    if (ctl->revoked == NULL) {
        ctl->revoked = ctl_pool_alloc(&ctl->pool, sizeof(ctl_revoked_t));
        memset(ctl->revoked, 0, sizeof(ctl_revoked_t));
    }

    own = ctl->revoked;
    key = key_make(row, bytes);
    key = ctl_pool_str(&own->pool, key.data, key.len);
    slot = ctl_map_put(&own->by_key, key, &fresh);

    if (fresh) {
        slot->value = (uint32_t) own->count;
        entry = entry_add(own);

    } else {
        entry = &own->list[slot->value];
    }

    memset(entry, 0, sizeof(entry_t));
    entry->row = *row;
    entry->row.role = ctl_pool_str(&own->pool, row->role.data, row->role.len);
    entry->stays = mac != NULL;

    if (mac != NULL) {
        memcpy(entry->mac, mac, PUPIL_MAC_LEN);
    }
}


static entry_t *
entry_add(ctl_revoked_t *own)
{
    entry_t  *more;

    if (own->count == own->room) {
        own->room = own->room * 2 + 8;
        more = ctl_memory(own->room * sizeof(entry_t));

        if (own->count != 0) {
            memcpy(more, own->list, own->count * sizeof(entry_t));
        }

        free(own->list);
        own->list = more;
    }

    return &own->list[own->count++];
}


/*
 * The role is last, and the rest of one length: no two rows share a key.  A
 * name that is too long, which no role has, is cut to one that none has.
 */
static pupil_str_t
key_make(const ctl_row_t *row, uint8_t key[KEY_LEN])
{
    size_t       len;
    uint8_t     *p;
    pupil_str_t  made;

    p = key;
    *p++ = (uint8_t) row->table;
    memcpy(p, row->subject.b, PUPIL_UUID_LEN);
    memcpy(p + PUPIL_UUID_LEN, row->where.b, PUPIL_UUID_LEN);
    p += 2 * PUPIL_UUID_LEN;

    len = row->role.len < ROLE_LEN ? row->role.len : ROLE_LEN;

    if (len != 0) {
        memcpy(p, row->role.data, len);
    }

    made.data = key;
    made.len = (size_t) (p - key) + len;

    return made;
}


int
ctl_revoked_fits(ctl_t *ctl, const ctl_row_t *row,
    const uint8_t mac[PUPIL_MAC_LEN])
{
    uint8_t         bytes[KEY_LEN];
    entry_t        *entry;
    ctl_slot_t     *slot;
    pupil_str_t     left;
    ctl_revoked_t  *own;

    own = ctl->revoked;

    if (own == NULL || own->count == 0) {
        return 1;
    }

    slot = ctl_map_get(&own->by_key, key_make(row, bytes));

    if (slot == NULL) {
        return 1;
    }

    entry = &own->list[slot->value];
    entry->seen = 1;

    left.data = entry->mac;
    left.len = pupil_mac_len(entry->mac);

    if (entry->stays && pupil_mac_check(mac, left) == PUPIL_OK) {
        return 1;
    }

    own->failed = 1;

    return 0;
}


const ctl_row_t *
ctl_revoked_unseen(ctl_t *ctl)
{
    size_t          i;
    ctl_revoked_t  *own;

    own = ctl->revoked;

    for (i = 0; own != NULL && i < own->count; i++) {
        if (own->list[i].stays && !own->list[i].seen) {
            own->list[i].seen = 1;
            own->failed = 1;
            return &own->list[i].row;
        }
    }

    return NULL;
}


void
ctl_revoked_forget(ctl_t *ctl)
{
    ctl_revoked_t  *own;

    own = ctl->revoked;

    if (own != NULL) {
        ctl_map_free(&own->by_key);
        ctl_pool_free(&own->pool);
        free(own->list);
        own->list = NULL;
        own->count = 0;
        own->room = 0;
    }
}


int
ctl_revoked_check(const ctl_t *ctl)
{
    return ctl->revoked == NULL || !ctl->revoked->failed
           ? 0 : ctl_error("the data database has not what was written to it:"
                           " somebody changes it meanwhile; what was revoked"
                           " does not count, and the audit says whose it is:"
                           " run this again");
}
