/*
 * Copyright (C) the Pupil authors
 *
 * An entry is in a list by use, the newest first, and in the chain of its
 * bucket.  Free entries have a list of their own.
 */

#include <sodium.h>
#include <string.h>

#include "core/endpoints/kept.h"


#define PUPIL_KEPT_NONE  UINT32_MAX


/* Places are indexes, PUPIL_KEPT_NONE at an end. */
typedef struct {
    uint32_t  newer, older;     /* by use; of the free: older */
    uint32_t  next;             /* in the bucket */
} pupil_kept_links_t;

struct pupil_kept_s {
    uint8_t             *entries;
    pupil_kept_links_t  *links;     /* of each */
    uint32_t            *buckets;
    size_t               size;      /* of an entry */
    uint32_t             count;     /* of entries, and of buckets */
    uint32_t             touched;   /* the rest was never used */
    uint32_t             free;
    uint32_t             newest, oldest;
};


static size_t
pupil_kept_round(size_t size)
{
    return (size + 15) & ~(size_t) 15;
}


size_t
pupil_kept_size(uint32_t entries, size_t size)
{
    return pupil_kept_round(sizeof(pupil_kept_t))
           + pupil_kept_round(entries * sizeof(uint32_t))
           + pupil_kept_round(entries * sizeof(pupil_kept_links_t))
           + entries * pupil_kept_round(size);
}


pupil_kept_t *
pupil_kept_init(void *memory, uint32_t entries, size_t size)
{
    uint8_t       *p;
    pupil_kept_t  *kept;

    kept = memory;
    p = memory;

    p += pupil_kept_round(sizeof(pupil_kept_t));
    kept->buckets = (uint32_t *) (void *) p;

    p += pupil_kept_round(entries * sizeof(uint32_t));
    kept->links = (pupil_kept_links_t *) (void *) p;

    p += pupil_kept_round(entries * sizeof(pupil_kept_links_t));
    kept->entries = p;

    kept->size = size;
    kept->count = entries;
    kept->touched = 0;
    kept->free = PUPIL_KEPT_NONE;
    kept->newest = PUPIL_KEPT_NONE;
    kept->oldest = PUPIL_KEPT_NONE;

    memset(kept->buckets, 0xff, entries * sizeof(uint32_t));

    return kept;
}


void
pupil_kept_wipe(pupil_kept_t *kept)
{
    sodium_memzero(kept->entries,
                   kept->touched * pupil_kept_round(kept->size));
    (void) pupil_kept_init(kept, kept->count, kept->size);
}


static uint8_t *
pupil_kept_entry(const pupil_kept_t *kept, uint32_t i)
{
    return kept->entries + i * pupil_kept_round(kept->size);
}


/* Ids are random, and the last two tell entries apart. */
static uint32_t *
pupil_kept_bucket(pupil_kept_t *kept, const pupil_uuid_t *ids)
{
    uint32_t  second, third;

    memcpy(&second, ids[1].b, sizeof(second));
    memcpy(&third, ids[2].b, sizeof(third));

    return &kept->buckets[(second ^ third) % kept->count];
}


/* The link that leads to the entry, or the end of its chain. */
static uint32_t *
pupil_kept_place(pupil_kept_t *kept, const pupil_uuid_t *ids)
{
    uint32_t  *place;

    place = pupil_kept_bucket(kept, ids);

    while (*place != PUPIL_KEPT_NONE
           && memcmp(pupil_kept_entry(kept, *place), ids,
                     PUPIL_KEPT_IDS * sizeof(*ids))
              != 0)
    {
        place = &kept->links[*place].next;
    }

    return place;
}


/* Into the list of use, at its front. */
static void
pupil_kept_link(pupil_kept_t *kept, uint32_t i)
{
    kept->links[i].newer = PUPIL_KEPT_NONE;
    kept->links[i].older = kept->newest;

    if (kept->newest != PUPIL_KEPT_NONE) {
        kept->links[kept->newest].newer = i;

    } else {
        kept->oldest = i;
    }

    kept->newest = i;
}


static void
pupil_kept_unlink(pupil_kept_t *kept, uint32_t i)
{
    const pupil_kept_links_t  *links;

    links = &kept->links[i];

    if (links->newer != PUPIL_KEPT_NONE) {
        kept->links[links->newer].older = links->older;

    } else {
        kept->newest = links->older;
    }

    if (links->older != PUPIL_KEPT_NONE) {
        kept->links[links->older].newer = links->newer;

    } else {
        kept->oldest = links->newer;
    }
}


const void *
pupil_kept_find(pupil_kept_t *kept, const pupil_uuid_t ids[PUPIL_KEPT_IDS])
{
    uint32_t  i;

    i = *pupil_kept_place(kept, ids);

    if (i == PUPIL_KEPT_NONE) {
        return NULL;
    }

    if (i != kept->newest) {
        pupil_kept_unlink(kept, i);
        pupil_kept_link(kept, i);
    }

    return pupil_kept_entry(kept, i);
}


void
pupil_kept_drop(pupil_kept_t *kept, const pupil_uuid_t ids[PUPIL_KEPT_IDS])
{
    uint32_t  i, *place;

    place = pupil_kept_place(kept, ids);
    i = *place;

    if (i == PUPIL_KEPT_NONE) {
        return;
    }

    *place = kept->links[i].next;
    pupil_kept_unlink(kept, i);

    sodium_memzero(pupil_kept_entry(kept, i), kept->size);
    kept->links[i].older = kept->free;
    kept->free = i;
}


/* A place for an entry: one that is free, else that of the oldest. */
static uint32_t
pupil_kept_take(pupil_kept_t *kept)
{
    uint32_t      i;
    pupil_uuid_t  ids[PUPIL_KEPT_IDS];

    if (kept->free == PUPIL_KEPT_NONE) {

        if (kept->touched < kept->count) {
            return kept->touched++;
        }

        memcpy(ids, pupil_kept_entry(kept, kept->oldest), sizeof(ids));
        pupil_kept_drop(kept, ids);
    }

    i = kept->free;
    kept->free = kept->links[i].older;

    return i;
}


void
pupil_kept_put(pupil_kept_t *kept, const void *entry)
{
    uint32_t      i, *bucket;
    pupil_uuid_t  ids[PUPIL_KEPT_IDS];

    memcpy(ids, entry, sizeof(ids));
    pupil_kept_drop(kept, ids);

    i = pupil_kept_take(kept);
    bucket = pupil_kept_bucket(kept, ids);

    memcpy(pupil_kept_entry(kept, i), entry, kept->size);
    kept->links[i].next = *bucket;
    *bucket = i;

    pupil_kept_link(kept, i);
}
