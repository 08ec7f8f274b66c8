/*
 * Copyright (C) the Pupil authors
 */

#include <stdlib.h>
#include <string.h>

#include "ctl/base/memory.h"
#include "ctl/base/places.h"


#define FIRST  32               /* places, to begin with */


static uint32_t
place_of(const ctl_places_t *places, pupil_str_t key)
{
    uint8_t   hash[crypto_shorthash_BYTES];
    uint32_t  place;

    crypto_shorthash(hash, key.data, key.len, places->seed);
    memcpy(&place, hash, sizeof(place));

    return place & (places->size - 1);
}


uint32_t
ctl_places_find(const ctl_places_t *places, const void *array,
    ctl_key_of_pt key_of, pupil_str_t key)
{
    uint32_t     i;
    pupil_str_t  other;

    if (places->count == 0) {
        return CTL_PLACES_NONE;
    }

    for (i = place_of(places, key); places->places[i] != 0;
         i = (i + 1) & (places->size - 1))
    {
        other = key_of(array, places->places[i] - 1);

        if (other.len == key.len
            && memcmp(other.data, key.data, key.len) == 0)
        {
            return places->places[i] - 1;
        }
    }

    return CTL_PLACES_NONE;
}


static void
place_take(ctl_places_t *places, pupil_str_t key, uint32_t number)
{
    uint32_t  i;

    i = place_of(places, key);

    while (places->places[i] != 0) {
        i = (i + 1) & (places->size - 1);
    }

    places->places[i] = number;
}


static void
places_grow(ctl_places_t *places, const void *array, ctl_key_of_pt key_of)
{
    uint32_t  i;

    if (places->size == 0) {
        crypto_shorthash_keygen(places->seed);
        places->size = FIRST / 2;
    }

    free(places->places);
    places->size *= 2;
    places->places = ctl_memory(places->size * sizeof(uint32_t));
    memset(places->places, 0, places->size * sizeof(uint32_t));

    for (i = 0; i < places->count; i++) {
        place_take(places, key_of(array, i), i + 1);
    }
}


/* At most three quarters of the places are taken. */
void
ctl_places_add(ctl_places_t *places, const void *array, ctl_key_of_pt key_of,
    pupil_str_t key)
{
    if (places->count >= places->size / 4 * 3) {
        places_grow(places, array, key_of);
    }

    place_take(places, key, ++places->count);
}


void
ctl_places_free(ctl_places_t *places)
{
    free(places->places);
    memset(places, 0, sizeof(ctl_places_t));
}
