/*
 * Copyright (C) the Pupil authors
 *
 * From bytes to a number.
 */

#include <stdlib.h>
#include <string.h>

#include "ctl/base/map.h"
#include "ctl/base/memory.h"


static uint64_t
map_hash(pupil_str_t key)
{
    uint64_t  h = UINT64_C(14695981039346656037);
    size_t    i;

    for (i = 0; i < key.len; i++) {
        h = (h ^ key.data[i]) * UINT64_C(1099511628211);
    }

    return h ^ (h >> 29);
}


static ctl_slot_t *
map_slot(const ctl_map_t *map, pupil_str_t key, uint64_t hash)
{
    ctl_slot_t  *slot;
    uint32_t     i;

    for (i = (uint32_t) hash & (map->size - 1); ;
         i = (i + 1) & (map->size - 1))
    {
        slot = &map->slots[i];
        if (!slot->used
            || (slot->hash == hash && slot->key.len == key.len
                && memcmp(slot->key.data, key.data, key.len) == 0))
        {
            return slot;
        }
    }
}


static void
map_grow(ctl_map_t *map)
{
    ctl_map_t  old = *map;
    uint32_t   i;

    map->size = old.size == 0 ? 64 : old.size * 2;
    map->slots = ctl_memory(map->size * sizeof(ctl_slot_t));
    memset(map->slots, 0, map->size * sizeof(ctl_slot_t));

    for (i = 0; i < old.size; i++) {
        if (old.slots[i].used) {
            *map_slot(map, old.slots[i].key, old.slots[i].hash)
                = old.slots[i];
        }
    }

    free(old.slots);
}


ctl_slot_t *
ctl_map_put(ctl_map_t *map, pupil_str_t key, int *fresh)
{
    ctl_slot_t  *slot;
    uint64_t     hash;

    if (map->count * 2 >= map->size) {
        map_grow(map);
    }

    hash = map_hash(key);
    slot = map_slot(map, key, hash);
    *fresh = !slot->used;

    if (!slot->used) {
        slot->used = 1;
        slot->hash = hash;
        slot->key = key;
        slot->value = 0;
        map->count++;
    }

    return slot;
}


ctl_slot_t *
ctl_map_get(const ctl_map_t *map, pupil_str_t key)
{
    ctl_slot_t  *slot;

    if (map->size == 0) {
        return NULL;
    }

    slot = map_slot(map, key, map_hash(key));

    return slot->used ? slot : NULL;
}


void
ctl_map_free(ctl_map_t *map)
{
    free(map->slots);
    memset(map, 0, sizeof(ctl_map_t));
}
