/*
 * Copyright (C) the Pupil authors
 *
 * From keys to numbers: as many as there are, of any length, those that begin
 * alike, too; slots stay where they are while others come.
 */

#include "tap.h"
#include "ctl/base/map.h"
#include "ctl/base/places.h"


#define COUNT  100000

static uint32_t     keys[COUNT];
static ctl_slot_t  *slots[COUNT];


static pupil_str_t
key(const void *data, size_t len)
{
    pupil_str_t  s = { data, len };

    return s;
}


static void
test_map(void)
{
    int        fresh, all, stay;
    uint32_t   i, other;
    ctl_map_t  map = { NULL };

    ok(ctl_map_get(&map, key("a", 1)) == NULL, "nothing is in an empty one");

    all = 1;

    for (i = 0; i < COUNT; i++) {
        keys[i] = i;
        slots[i] = ctl_map_put(&map, key(&keys[i], sizeof(uint32_t)), &fresh);
        all &= fresh && slots[i]->value == 0;
        slots[i]->value = i + 7;
    }

    ok(all, "each is new, and zero");

    for (i = 0, stay = 1; i < COUNT; i++) {
        other = i;
        all &= ctl_map_put(&map, key(&other, sizeof(uint32_t)), &fresh)
               == slots[i] && !fresh;
        stay &= ctl_map_get(&map, key(&other, sizeof(uint32_t))) == slots[i]
                && slots[i]->value == i + 7;
    }

    ok(all, "none is twice");
    ok(stay, "and each stays where it is, as it was");

    other = COUNT;
    ok(ctl_map_get(&map, key(&other, sizeof(uint32_t))) == NULL
       && ctl_map_get(&map, key(keys, 3)) == NULL
       && ctl_map_get(&map, key(keys, 0)) == NULL,
       "no other key, nor a part of one");

    (void) ctl_map_put(&map, key(keys, 0), &fresh);
    ok(fresh && ctl_map_get(&map, key(NULL, 0)) != NULL, "but an empty one");

    ctl_map_free(&map);
    ok(ctl_map_get(&map, key(keys, 4)) == NULL, "nothing is left");
    (void) ctl_map_put(&map, key(keys, 4), &fresh);
    ok(fresh, "and it may be used again");
    ctl_map_free(&map);
}


static pupil_str_t
number(const void *array, uint32_t i)
{
    return key((const uint32_t *) array + i, sizeof(uint32_t));
}


static void
test_places(void)
{
    int           all;
    uint32_t      i, find;
    ctl_places_t  places;

    memset(&places, 0, sizeof(ctl_places_t));
    ok(ctl_places_find(&places, keys, number, number(keys, 0))
       == CTL_PLACES_NONE, "nothing is in an empty one");

    for (i = 0; i < COUNT; i++) {
        keys[i] = i / 2;
        ctl_places_add(&places, keys, number, number(keys, i));
    }

    for (i = 0, all = 1; i < COUNT / 2; i++) {
        find = ctl_places_find(&places, keys, number, number(&i, 0));
        all &= find == 2 * i;
    }

    ok(all, "of two alike it is the first");
    find = COUNT;
    ok(ctl_places_find(&places, keys, number, number(&find, 0))
       == CTL_PLACES_NONE, "no other");
    ctl_places_free(&places);
}


int
main(void)
{
    test_map();
    test_places();

    return tap_done();
}
