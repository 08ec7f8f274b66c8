/*
 * Copyright (C) the Pupil authors
 *
 * pupilctl import undo: what a run did is taken back as a whole, as a roster
 * would be that has everybody as they were before.  New rows are written, under
 * the numbers that are in force: none is put back (invariant I18).
 */

#ifndef PUPIL_CTL_ROSTER_UNDO_H
#define PUPIL_CTL_ROSTER_UNDO_H

#include "ctl/roster/runs.h"
#include "ctl/roster/sorted.h"


/* Of a record: the lists of values, or null; see docs/architecture.md. */
typedef struct {
    json_t              *before, *after;        /* NULL: it has no image */
    uint8_t              unreadable;
} undo_record_t;

/* What a role or an enrolment gives, if it is there. */
typedef struct {
    uint8_t              there;
    int32_t              from, to;
    pupil_uuid_t         institution;
} undo_span_t;

typedef struct {
    roster_kind_t        kind;
    uint32_t             person;
    pupil_uuid_t         where;
    roster_role_t        role;
    undo_span_t          before, after;
} undo_link_t;

/* Who the run changed. */
typedef struct {
    pupil_uuid_t         id;
    uint8_t              head;          /* there is an image of them */
    uint8_t              joined;        /* the run brought them */
    uint8_t              closed, opened;        /* their account, by the run */
    uint8_t              counts;        /* their account's row */
    uint8_t              active;        /* now */
    char                 status[8];     /* before the run */
    json_t              *rows;          /* numbers of what they had */
    undo_record_t        records[ROSTER_RECORDS];
    uint32_t             links, links_count;    /* the first of them */
    const char          *touched;       /* by whom, or NULL */
} undo_person_t;

/* A school or a class of which the run changed a title, type or school. */
typedef struct {
    pupil_uuid_t         id;
    undo_record_t        record;
    const char          *touched;
    roster_kind_t        kind;
} undo_title_t;

/* Kinds of what is taken back. */
typedef enum {
    UNDO_LEAVES = 0,
    UNDO_RETURNS,
    UNDO_RENAMED,
    UNDO_LOGINS,
    UNDO_ADDRESSES,
    UNDO_ROLES,
    UNDO_CLASSES,
    UNDO_TITLES,
    UNDO_COUNTS
} undo_count_t;

typedef struct {
    roster_t             roster;        /* that has them as they were */
    roster_run_t         run;
    roster_table_t       tables[ROSTER_KINDS];
    roster_sorted_t      sorted;

    undo_person_t       *people;        /* each the user with its index */
    uint32_t             people_count, people_size;
    ctl_map_t            ids;           /* of people */
    undo_link_t         *links;
    uint32_t             links_count, links_size;
    undo_title_t        *titles;
    uint32_t             titles_count, titles_size;
    uint32_t             images;

    size_t               counts[UNDO_COUNTS];
    size_t               erased;        /* since */
    size_t               touched;
} undo_t;


int ctl_cmd_import_undo(ctl_t *ctl);


/* What the run did, by its images. */
int undo_read(undo_t *undo);

/*
 * The roster of before, and who is not as the run left them, nor as they were
 * before: those have been touched.
 */
int undo_check(undo_t *undo);

/* Of a row that is stored: whether it gives that, and no other. */
int undo_span_is(const undo_span_t *span, const roster_stored_t *row);

/* Counts what is to be done of roles and enrolments, or does it. */
void undo_links_count(undo_t *undo);
int undo_apply(undo_t *undo);

/* The images of what is undone, which nobody needs any more. */
int undo_forget(undo_t *undo);

#endif /* PUPIL_CTL_ROSTER_UNDO_H */
