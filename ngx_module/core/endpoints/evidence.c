/*
 * Copyright (C) the Pupil authors
 *
 * An entry is in a list by use, the newest first, and in the chain of its
 * bucket.  Free entries have a list of their own.
 */

#include <sodium.h>
#include <string.h>

#include "core/endpoints/evidence.h"


#define PUPIL_EVIDENCE_NONE  UINT32_MAX


/* Places are indexes, PUPIL_EVIDENCE_NONE at an end. */
typedef struct {
    pupil_evidence_t  evidence;
    uint32_t          newer, older;     /* by use; of the free: older */
    uint32_t          next;             /* in the bucket */
} pupil_evidence_entry_t;

struct pupil_evidence_cache_s {
    pupil_evidence_entry_t  *entries;
    uint32_t                *buckets;
    uint32_t                 count;     /* of entries, and of buckets */
    uint32_t                 touched;   /* the rest was never used */
    uint32_t                 free;
    uint32_t                 newest, oldest;
};


static size_t
pupil_evidence_round(size_t size)
{
    return (size + 15) & ~(size_t) 15;
}


size_t
pupil_evidence_cache_size(uint32_t entries)
{
    return pupil_evidence_round(sizeof(pupil_evidence_cache_t))
           + pupil_evidence_round(entries * sizeof(uint32_t))
           + entries * sizeof(pupil_evidence_entry_t);
}


pupil_evidence_cache_t *
pupil_evidence_cache_init(void *memory, uint32_t entries)
{
    uint8_t                 *p;
    pupil_evidence_cache_t  *cache;

    cache = memory;
    p = memory;

    p += pupil_evidence_round(sizeof(pupil_evidence_cache_t));
    cache->buckets = (uint32_t *) (void *) p;

    p += pupil_evidence_round(entries * sizeof(uint32_t));
    cache->entries = (pupil_evidence_entry_t *) (void *) p;

    cache->count = entries;
    cache->touched = 0;
    cache->free = PUPIL_EVIDENCE_NONE;
    cache->newest = PUPIL_EVIDENCE_NONE;
    cache->oldest = PUPIL_EVIDENCE_NONE;

    memset(cache->buckets, 0xff, entries * sizeof(uint32_t));

    return cache;
}


void
pupil_evidence_cache_wipe(pupil_evidence_cache_t *cache)
{
    sodium_memzero(cache->entries,
                   cache->touched * sizeof(pupil_evidence_entry_t));
    (void) pupil_evidence_cache_init(cache, cache->count);
}


pupil_rc_t
pupil_evidence_add(pupil_evidence_t *evidence,
    const pupil_enrolment_row_t *row, pupil_str_t mac)
{
    pupil_proof_t  *proof;

    if (evidence->count == PUPIL_EVIDENCE_PROOFS
        || row->source.len > PUPIL_EVIDENCE_SOURCE || mac.len > PUPIL_MAC_LEN)
    {
        return PUPIL_NO_MEMORY;
    }

    if (evidence->count == 0) {
        evidence->source_len = (uint8_t) row->source.len;

        if (row->source.len != 0) {
            memcpy(evidence->source, row->source.data, row->source.len);
        }

    } else if (evidence->source_len != row->source.len
               || (row->source.len != 0
                   && memcmp(evidence->source, row->source.data,
                             row->source.len)
                      != 0))
    {
        return PUPIL_NO_MEMORY;
    }

    proof = &evidence->proofs[evidence->count++];

    proof->enrolment = row->enrolment;
    proof->class_id = row->class_id;
    proof->valid_from = row->valid_from;
    proof->valid_to = row->valid_to;
    memset(proof->mac, 0, PUPIL_MAC_LEN);
    memcpy(proof->mac, mac.data, mac.len);

    return PUPIL_OK;
}


void
pupil_evidence_row(const pupil_evidence_t *evidence, uint32_t i,
    pupil_enrolment_row_t *row)
{
    const pupil_proof_t  *proof;

    static const pupil_str_t  role = pupil_str("pupil");

    proof = &evidence->proofs[i];

    row->tenant = evidence->tenant;
    row->enrolment = proof->enrolment;
    row->subject = evidence->subject;
    row->class_id = proof->class_id;
    row->institution = evidence->institution;
    row->role = role;
    row->valid_from = proof->valid_from;
    row->valid_to = proof->valid_to;
    row->source.data = evidence->source;
    row->source.len = evidence->source_len;
    row->number = pupil_mac_number((pupil_str_t){ proof->mac, PUPIL_MAC_LEN });
}


/* Ids are random: any of their bytes will do. */
static uint32_t *
pupil_evidence_bucket(pupil_evidence_cache_t *cache,
    const pupil_uuid_t *subject)
{
    uint32_t  hash;

    memcpy(&hash, subject->b, sizeof(hash));

    return &cache->buckets[hash % cache->count];
}


/* The link that leads to the entry, or the end of its chain. */
static uint32_t *
pupil_evidence_place(pupil_evidence_cache_t *cache,
    const pupil_uuid_t *tenant, const pupil_uuid_t *subject,
    const pupil_uuid_t *institution)
{
    uint32_t                *place;
    const pupil_evidence_t  *e;

    place = pupil_evidence_bucket(cache, subject);

    while (*place != PUPIL_EVIDENCE_NONE) {
        e = &cache->entries[*place].evidence;

        if (memcmp(&e->subject, subject, sizeof(*subject)) == 0
            && memcmp(&e->tenant, tenant, sizeof(*tenant)) == 0
            && memcmp(&e->institution, institution, sizeof(*institution)) == 0)
        {
            break;
        }

        place = &cache->entries[*place].next;
    }

    return place;
}


/* Into the list of use, at its front. */
static void
pupil_evidence_link(pupil_evidence_cache_t *cache, uint32_t i)
{
    pupil_evidence_entry_t  *entry;

    entry = &cache->entries[i];

    entry->newer = PUPIL_EVIDENCE_NONE;
    entry->older = cache->newest;

    if (cache->newest != PUPIL_EVIDENCE_NONE) {
        cache->entries[cache->newest].newer = i;

    } else {
        cache->oldest = i;
    }

    cache->newest = i;
}


static void
pupil_evidence_unlink(pupil_evidence_cache_t *cache, uint32_t i)
{
    pupil_evidence_entry_t  *entry;

    entry = &cache->entries[i];

    if (entry->newer != PUPIL_EVIDENCE_NONE) {
        cache->entries[entry->newer].older = entry->older;

    } else {
        cache->newest = entry->older;
    }

    if (entry->older != PUPIL_EVIDENCE_NONE) {
        cache->entries[entry->older].newer = entry->newer;

    } else {
        cache->oldest = entry->newer;
    }
}


const pupil_evidence_t *
pupil_evidence_find(pupil_evidence_cache_t *cache,
    const pupil_uuid_t *tenant, const pupil_uuid_t *subject,
    const pupil_uuid_t *institution)
{
    uint32_t  i;

    i = *pupil_evidence_place(cache, tenant, subject, institution);

    if (i == PUPIL_EVIDENCE_NONE) {
        return NULL;
    }

    if (i != cache->newest) {
        pupil_evidence_unlink(cache, i);
        pupil_evidence_link(cache, i);
    }

    return &cache->entries[i].evidence;
}


void
pupil_evidence_drop(pupil_evidence_cache_t *cache,
    const pupil_uuid_t *tenant, const pupil_uuid_t *subject,
    const pupil_uuid_t *institution)
{
    uint32_t                 i, *place;
    pupil_evidence_entry_t  *entry;

    place = pupil_evidence_place(cache, tenant, subject, institution);
    i = *place;

    if (i == PUPIL_EVIDENCE_NONE) {
        return;
    }

    entry = &cache->entries[i];
    *place = entry->next;
    pupil_evidence_unlink(cache, i);

    sodium_memzero(&entry->evidence, sizeof(entry->evidence));
    entry->older = cache->free;
    cache->free = i;
}


/* A place for an entry: one that is free, else that of the oldest. */
static uint32_t
pupil_evidence_take(pupil_evidence_cache_t *cache)
{
    uint32_t           i;
    pupil_evidence_t  *old;

    if (cache->free == PUPIL_EVIDENCE_NONE) {

        if (cache->touched < cache->count) {
            return cache->touched++;
        }

        old = &cache->entries[cache->oldest].evidence;
        pupil_evidence_drop(cache, &old->tenant, &old->subject,
                            &old->institution);
    }

    i = cache->free;
    cache->free = cache->entries[i].older;

    return i;
}


void
pupil_evidence_put(pupil_evidence_cache_t *cache,
    const pupil_evidence_t *evidence)
{
    uint32_t   i, *bucket;

    pupil_evidence_drop(cache, &evidence->tenant, &evidence->subject,
                        &evidence->institution);

    i = pupil_evidence_take(cache);
    bucket = pupil_evidence_bucket(cache, &evidence->subject);

    cache->entries[i].evidence = *evidence;
    cache->entries[i].next = *bucket;
    *bucket = i;

    pupil_evidence_link(cache, i);
}
