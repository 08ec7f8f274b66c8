/*
 * Copyright (C) the Pupil authors
 */

#include <stdlib.h>
#include <string.h>

#include "ctl/audit/align.h"


static uint64_t event_make(alignment_t *a, const audit_log_t *log,
    uint64_t number, const audit_event_t *event);
static void event_align(alignment_t *a, const audit_log_t *log,
    uint64_t number, const audit_event_t *event, aligned_t *aligned,
    uint64_t at);
static int fits(const alignment_t *a, uint64_t at, uint64_t from,
    uint64_t count);
static uint64_t found_at(const alignment_t *a, uint64_t at, uint64_t from,
    uint64_t count);


void
align(alignment_t *alignment, const audit_log_t *log,
    const contents_t *contents)
{
    size_t      i;
    uint64_t    at;
    aligned_t  *aligned;

    at = 0;

    for (i = 0; i < contents->events.count; i++) {
        aligned = sequence_list_add(&alignment->events, sizeof(aligned_t));

        event_align(alignment, log, contents->event + i,
                    &((audit_event_t *) contents->events.elts)[i], aligned,
                    at);

        if (aligned->as == ALIGN_OTHER) {
            alignment->others++;
        } else {
            at = aligned->first + aligned->count;
        }
    }

    pupil_stack_wipe();
}


void
align_gone(alignment_t *alignment, const contents_t *contents)
{
    size_t      i;
    aligned_t  *aligned;

    for (i = 0; i < contents->events.count; i++) {
        aligned = sequence_list_add(&alignment->events, sizeof(aligned_t));
        memset(aligned, 0, sizeof(aligned_t));
        aligned->as = ALIGN_GONE;
    }
}


/* As it is now, or as it was sealed when there was no record. */
static void
event_align(alignment_t *a, const audit_log_t *log, uint64_t number,
    const audit_event_t *event, aligned_t *aligned, uint64_t at)
{
    size_t         start, from;
    uint64_t       place;
    audit_event_t  absent;

    start = a->made.count;
    aligned->as = ALIGN_OTHER;
    aligned->first = at;
    aligned->count = 0;

    /* none can be made without the salt: it is as long as it should be */

    if (log->mac == NULL) {
        aligned->as = event->row != NULL ? ALIGN_SAME : ALIGN_MISSING;
        aligned->count = audit_event_leaves(event);
        return;
    }

    if (event->row != NULL) {
        aligned->count = event_make(a, log, number, event);
        place = found_at(a, at, start, aligned->count);

        /* a leaf does not show all of the record: its MAC counts, too */
        if (place != a->sealed.count && event->row->authentic) {
            aligned->as = ALIGN_SAME;
            aligned->first = place;
            return;
        }
    }

    absent = *event;
    absent.row = NULL;

    for (absent.why = 0; absent.why < PUPIL_ABSENT_COUNT; absent.why++) {
        from = a->made.count;
        (void) event_make(a, log, number, &absent);
        place = found_at(a, at, from, 1);
        a->made.count = from;

        if (place != a->sealed.count) {
            a->made.count = start;
            (void) event_make(a, log, number, &absent);
            aligned->as = absent.why == PUPIL_ABSENT_DECLARED
                          ? ALIGN_DECLARED : ALIGN_MISSING;
            aligned->first = place;
            aligned->count = 1;
            return;
        }
    }
}


/* Adds its leaves to what was made; how many.  0: it is none of ours. */
static uint64_t
event_make(alignment_t *a, const audit_log_t *log, uint64_t number,
    const audit_event_t *event)
{
    size_t         place, count;
    pupil_leaf_t   leaf;
    pupil_node_t  *node;

    count = audit_event_leaves(event);

    for (place = 0; place < count; place++) {
        if (audit_event_leaf(log, number, event, place, &leaf) != PUPIL_OK) {
            a->made.count -= place;
            return 0;
        }

        node = sequence_list_add(&a->made, sizeof(pupil_node_t));
        pupil_merkle_leaf(leaf.text, leaf.len, node);
    }

    return count;
}


/* Where leaves that were made are among those that were sealed; or the end. */
static uint64_t
found_at(const alignment_t *a, uint64_t at, uint64_t from, uint64_t count)
{
    if (count == 0) {
        return a->sealed.count;
    }

    while (at < a->sealed.count && !fits(a, at, from, count)) {
        at++;
    }

    return at;
}


static int
fits(const alignment_t *a, uint64_t at, uint64_t from, uint64_t count)
{
    const pupil_node_t  *sealed, *made;

    sealed = a->sealed.elts;
    made = a->made.elts;

    return at + count <= a->sealed.count
           && memcmp(&sealed[at], &made[from], count * sizeof(pupil_node_t))
              == 0;
}


void
align_reset(alignment_t *alignment)
{
    alignment->sealed.count = 0;
    alignment->made.count = 0;
    alignment->events.count = 0;
    alignment->others = 0;
}


void
align_free(alignment_t *alignment)
{
    free(alignment->sealed.elts);
    free(alignment->made.elts);
    free(alignment->events.elts);
    memset(alignment, 0, sizeof(alignment_t));
}
