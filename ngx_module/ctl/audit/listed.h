/*
 * Copyright (C) the Pupil authors
 *
 * Under whom a sealed event is listed, in pupil.audit_subject: its subjects,
 * and its actor where its shape says that it is about the actor.
 */

#ifndef PUPIL_CTL_AUDIT_LISTED_H
#define PUPIL_CTL_AUDIT_LISTED_H

#include "ctl/audit/event.h"
#include "ctl/audit/sequence.h"


#define LISTED_NO_LEAF  INT64_C(-1)     /* each is another's */

/* A row. */
typedef struct {
    pupil_uuid_t  subject;
    pupil_time_t  at;
    uint64_t      writer, number;
    uint64_t      event;
    int64_t       leaf;
} listed_t;

/* Empty when zeroed. */
typedef struct {
    sequence_list_t  shapes;        /* listed_shape_t: about the actor */
    sequence_list_t  rows;          /* listed_t */
} listing_t;


/* Reads which shapes are about the actor.  0 or -1 with the error said. */
int listing_open(listing_t *listing, ctl_t *ctl);

/*
 * Adds the rows of an event, whose record is authentic.  number: in the log;
 * leaf: its first, in the tree.
 */
void listing_add(listing_t *listing, uint64_t number,
    const audit_event_t *event, uint64_t leaf);

/* By event and subject, each once. */
void listing_sort(listing_t *listing);
int listed_compare(const listed_t *a, const listed_t *b);

/*
 * Stores rows, in a transaction, and is empty then.  What is there of the same
 * gives way.
 */
int listing_store(listing_t *listing, ctl_t *ctl);

void listing_free(listing_t *listing);

#endif /* PUPIL_CTL_AUDIT_LISTED_H */
