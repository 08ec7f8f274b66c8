/*
 * Copyright (C) the Pupil authors
 *
 * Where in an array a key is: the keys stay in the array, and of each only its
 * number is kept, in a table under a hash that whoever makes keys cannot aim
 * at.
 */

#ifndef PUPIL_CTL_PLACES_H
#define PUPIL_CTL_PLACES_H

#include <sodium.h>

#include "core/base/pupil.h"


#define CTL_PLACES_NONE  UINT32_MAX

/* The key of what has this number. */
typedef pupil_str_t (*ctl_key_of_pt)(const void *array, uint32_t i);

/* Empty when zeroed. */
typedef struct {
    uint8_t    seed[crypto_shorthash_KEYBYTES];
    uint32_t  *places;          /* numbers from 1; 0: none */
    uint32_t   size;            /* of places, a power of two */
    uint32_t   count;           /* of keys */
} ctl_places_t;


/* CTL_PLACES_NONE: no such key.  Of several alike it is the first. */
uint32_t ctl_places_find(const ctl_places_t *places, const void *array,
    ctl_key_of_pt key_of, pupil_str_t key);

/* The next number is that of this key, which the array has there. */
void ctl_places_add(ctl_places_t *places, const void *array,
    ctl_key_of_pt key_of, pupil_str_t key);

/* Empty then, and may be used again. */
void ctl_places_free(ctl_places_t *places);

#endif /* PUPIL_CTL_PLACES_H */
