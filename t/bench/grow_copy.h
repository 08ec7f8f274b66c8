/*
 * Copyright (C) the Pupil authors
 *
 * Rows of many tables, gathered in COPY's binary format.  Every function dies
 * of an error.
 */

#ifndef BENCH_GROW_COPY_H
#define BENCH_GROW_COPY_H

#include "seeding.h"


#define SOURCE  "bench"


enum {
    OWNER = 0,
    OWNER_KEY,
    SUBJECT,
    ROLE,
    INSTITUTION,
    CLASS,
    ENROLMENT,
    BLIND_INDEX,
    SESSION,
    THROTTLE,
    IDENTITY,
    CREDENTIAL,
    NETWORK,
    HOMEWORK,
    PROGRESS,
    TABLES
};


typedef struct copy_s  copy_t;


/* A row of a table above begins, with the tenant; its other columns follow in
 * the order of the list in grow_copy.c. */
copy_t *copy_row(const seed_t *seed, int table);

/* A row of a category, up to its source. */
copy_t *copy_record(const seed_t *seed, int table, const pupil_uuid_t *owner,
    const pupil_uuid_t *record);

void copy_bytes(copy_t *to, const void *data, size_t len);
void copy_text(copy_t *to, const char *text);
void copy_uuid(copy_t *to, const pupil_uuid_t *id);
void copy_uuids(copy_t *to, const pupil_uuid_t *ids, uint32_t count);
void copy_int4(copy_t *to, uint32_t value);
void copy_time(copy_t *to, pupil_time_t time);

/* Days since 1970. */
void copy_date(copy_t *to, int32_t days);

/* Sends what has gathered, the keys first as pupilctl does, once the largest
 * table has so many bytes. */
void copy_flush(const seed_t *seed, size_t least);

#endif /* BENCH_GROW_COPY_H */
