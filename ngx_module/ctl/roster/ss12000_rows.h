/*
 * Copyright (C) the Pupil authors
 *
 * Items of SS 12000 become rows of files in memory.
 */

#ifndef PUPIL_CTL_ROSTER_SS12000_ROWS_H
#define PUPIL_CTL_ROSTER_SS12000_ROWS_H

#include <jansson.h>

#include "ctl/base/map.h"
#include "ctl/roster/sheet.h"
#include "ctl/roster/ss12000_fetch.h"


typedef enum {
    ORGANISATIONS = 0,
    GROUPS,
    PERSONS,
    ENROLMENTS,
    DUTIES,
    MEMBERSHIPS,
    TEACHERS,
    GONE_ORGANISATIONS,
    GONE_GROUPS,
    GONE_PERSONS,
    OTHER_GROUPS,
    OTHER_ACTIVITIES,
    VACANT,
    SHEETS
} kind_t;

struct ss12000_s {
    ctl_pool_t    pool;
    sheet_t       sheets[SHEETS];
    size_t        rows;
    int           full;                 /* more than that are not taken */

    ctl_map_t     persons;              /* their ids */
    ctl_map_t     staff;                /* of whom there is a duty */
    int           anybody;              /* may have a duty, as one does not say
                                           whose it is */
    ctl_map_t     groups;               /* by id: whether it is a class */
    ctl_map_t     duties;               /* by id: in holders */
    pupil_str_t  *holders;              /* ids of persons */
    uint32_t      holders_count, holders_size;
};

typedef void (*ss12000_take_pt)(ss12000_t *all, const json_t *item,
    size_t line);


void ss12000_rows_init(ss12000_t *all);
void ss12000_rows_free(ss12000_t *all);

/*
 * Each is an ss12000_take_pt; line: the number of the item.  Duties come before
 * persons and activities, and groups before activities.
 */
void ss12000_organisation(ss12000_t *all, const json_t *item, size_t line);
void ss12000_duty(ss12000_t *all, const json_t *item, size_t line);
void ss12000_person(ss12000_t *all, const json_t *item, size_t line);
void ss12000_group(ss12000_t *all, const json_t *item, size_t line);
void ss12000_activity(ss12000_t *all, const json_t *item, size_t line);
/* The lists of a page, which have ids. */
void ss12000_deleted(ss12000_t *all, const json_t *data, size_t line);

#endif /* PUPIL_CTL_ROSTER_SS12000_ROWS_H */
