/*
 * Copyright (C) the Pupil authors
 *
 * Persons counted by groups and values: each in a group once, with the value of
 * the newest record.  In memory alone: where it is known who is in which group,
 * nothing of it is on any disk.
 */

#ifndef PUPIL_CTL_TALLY_H
#define PUPIL_CTL_TALLY_H

#include "ctl/base/ctl.h"
#include "ctl/base/map.h"


/* Texts, each once, by their numbers. */
typedef struct {
    ctl_map_t     map;
    pupil_str_t  *texts;
    size_t        count, size;
} ctl_tally_names_t;

/* A person in a group. */
typedef struct {
    uint32_t  group, value;
    int64_t   at;
} ctl_tally_person_t;

/* Empty when zeroed. */
typedef struct {
    ctl_pool_t           pool;
    ctl_tally_names_t    groups, values;
    ctl_map_t            map;
    ctl_tally_person_t  *persons;
    size_t               count, size;
} ctl_tally_t;

/* What is said of a group; value empty: how many it has. */
typedef void (*ctl_tally_pt)(void *data, pupil_str_t group, pupil_str_t value,
    uint32_t persons);


void ctl_tally_add(ctl_tally_t *tally, pupil_str_t group, pupil_str_t value,
    const pupil_uuid_t *person, int64_t at);

/* What of it is released.  The order of persons in it is lost. */
void ctl_tally_release(ctl_tally_t *tally, uint32_t threshold,
    ctl_tally_pt say, void *data);

void ctl_tally_free(ctl_tally_t *tally);

#endif /* PUPIL_CTL_TALLY_H */
