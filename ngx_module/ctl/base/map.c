/*
 * Copyright (C) the Pupil authors
 *
 * From bytes to a number.  An entry holds no copy of its key, and stays where
 * it is: entries are in blocks, each of twice as many as the one before.
 */

#include <stdlib.h>
#include <string.h>

#include "ctl/base/map.h"
#include "ctl/base/memory.h"
#include "ctl/base/places.h"


#define FIRST   16              /* entries of the first block */
#define BLOCKS  28

typedef struct {
    const uint8_t  *key;
    uint32_t        len;
    ctl_slot_t      slot;
} entry_t;

struct ctl_table_s {
    ctl_places_t    places;
    entry_t        *blocks[BLOCKS];
};


/* The block of an entry, and in *i its place there. */
static unsigned
block_of(uint32_t *i)
{
    unsigned  block;

    block = 31 - (unsigned) __builtin_clz(*i / FIRST + 1);
    *i -= FIRST * ((1u << block) - 1);

    return block;
}


static entry_t *
entry_at(const ctl_table_t *table, uint32_t i)
{
    unsigned  block;

    block = block_of(&i);

    return &table->blocks[block][i];
}


static pupil_str_t
key_of(const void *array, uint32_t i)
{
    pupil_str_t     key;
    const entry_t  *entry;

    entry = entry_at(array, i);
    key.data = entry->key;
    key.len = entry->len;

    return key;
}


static entry_t *
entry_add(ctl_table_t *table, pupil_str_t key)
{
    uint32_t   i;
    entry_t   *entry;
    unsigned   block;

    i = table->places.count;
    block = block_of(&i);

    if (i == 0) {
        table->blocks[block] = ctl_memory(((size_t) FIRST << block)
                                          * sizeof(entry_t));
    }

    entry = &table->blocks[block][i];
    entry->key = key.data;
    entry->len = (uint32_t) key.len;
    entry->slot.value = 0;
    ctl_places_add(&table->places, table, key_of, key);

    return entry;
}


ctl_slot_t *
ctl_map_put(ctl_map_t *map, pupil_str_t key, int *fresh)
{
    ctl_slot_t  *slot;

    slot = ctl_map_get(map, key);
    *fresh = slot == NULL;

    if (slot != NULL) {
        return slot;
    }

    if (map->table == NULL) {
        map->table = ctl_memory(sizeof(ctl_table_t));
        memset(map->table, 0, sizeof(ctl_table_t));
    }

    return &entry_add(map->table, key)->slot;
}


ctl_slot_t *
ctl_map_get(const ctl_map_t *map, pupil_str_t key)
{
    uint32_t  i;

    if (map->table == NULL) {
        return NULL;
    }

    i = ctl_places_find(&map->table->places, map->table, key_of, key);

    return i == CTL_PLACES_NONE ? NULL : &entry_at(map->table, i)->slot;
}


void
ctl_map_free(ctl_map_t *map)
{
    unsigned  i;

    if (map->table == NULL) {
        return;
    }

    for (i = 0; i < BLOCKS; i++) {
        free(map->table->blocks[i]);
    }

    ctl_places_free(&map->table->places);
    free(map->table);
    map->table = NULL;
}
