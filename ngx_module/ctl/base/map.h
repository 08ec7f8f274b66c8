/*
 * Copyright (C) the Pupil authors
 *
 * From bytes to a number.
 */

#ifndef PUPIL_CTL_MAP_H
#define PUPIL_CTL_MAP_H

#include "core/base/pupil.h"


typedef struct {
    uint64_t     hash;
    pupil_str_t  key;           /* the caller's memory */
    uint32_t     value;
    uint32_t     used;
} ctl_slot_t;

typedef struct {
    ctl_slot_t  *slots;
    uint32_t     size, count;
} ctl_map_t;


/* Returns the slot of a key; *fresh says whether it was made now. */
ctl_slot_t *ctl_map_put(ctl_map_t *map, pupil_str_t key, int *fresh);
ctl_slot_t *ctl_map_get(const ctl_map_t *map, pupil_str_t key);
void ctl_map_free(ctl_map_t *map);

#endif /* PUPIL_CTL_MAP_H */
