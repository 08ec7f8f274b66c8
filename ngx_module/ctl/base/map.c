/*
 * Copyright (C) the Pupil authors
 *
 * From bytes to a number.  An import of 200,000 users has some million keys:
 * an entry holds no copy of its key.
 */

#include <stdlib.h>
#include <string.h>

#include "ctl/base/map.h"
#include "ctl/base/memory.h"

#define uthash_malloc(size)  ctl_memory(size)
#include <uthash.h>


struct ctl_entry_s {
    ctl_slot_t       slot;
    UT_hash_handle   hh;        /* where the key is, too */
};


ctl_slot_t *
ctl_map_put(ctl_map_t *map, pupil_str_t key, int *fresh)
{
    unsigned      hash;
    ctl_entry_t  *entry;

    HASH_VALUE(key.data, key.len, hash);
    HASH_FIND_BYHASHVALUE(hh, map->entries, key.data, key.len, hash, entry);

    *fresh = entry == NULL;

    if (entry == NULL) {
        entry = ctl_memory(sizeof(ctl_entry_t));
        entry->slot.value = 0;
        HASH_ADD_KEYPTR_BYHASHVALUE(hh, map->entries, key.data, key.len, hash,
                                    entry);
    }

    return &entry->slot;
}


ctl_slot_t *
ctl_map_get(const ctl_map_t *map, pupil_str_t key)
{
    ctl_entry_t  *entry;

    HASH_FIND(hh, map->entries, key.data, key.len, entry);

    return entry == NULL ? NULL : &entry->slot;
}


void
ctl_map_free(ctl_map_t *map)
{
    ctl_entry_t  *entry, *next;

    /* frees the table alone: the entries are still a list */
    entry = map->entries;
    HASH_CLEAR(hh, map->entries);

    for ( /* void */ ; entry != NULL; entry = next) {
        next = entry->hh.next;
        free(entry);
    }
}
