/*
 * Copyright (C) the Pupil authors
 *
 * From bytes to a number: keys of any length, without copies of them.
 */

#ifndef PUPIL_CTL_MAP_H
#define PUPIL_CTL_MAP_H

#include "core/base/pupil.h"


typedef struct ctl_table_s  ctl_table_t;

/* Empty when zeroed. */
typedef struct {
    ctl_table_t  *table;
} ctl_map_t;

/* Ownership: the map's.  It stays where it is until the map is freed. */
typedef struct {
    uint32_t  value;
} ctl_slot_t;


/*
 * The slot of a key; *fresh says whether it was made now, with value 0.
 * Ownership: the bytes of key stay the caller's, and must outlive the map.
 */
ctl_slot_t *ctl_map_put(ctl_map_t *map, pupil_str_t key, int *fresh);

/* NULL: no such key. */
ctl_slot_t *ctl_map_get(const ctl_map_t *map, pupil_str_t key);

/* The map is empty then, and may be used again. */
void ctl_map_free(ctl_map_t *map);

#endif /* PUPIL_CTL_MAP_H */
