/*
 * Copyright (C) the Pupil authors
 */

#include "ctl/roster/unknown.h"


static const char *const  empty[ROSTER_CELLS] = {
    [ROSTER_CELL_INSTITUTION] = "its institution is empty",
    [ROSTER_CELL_CLASS] = "its class is empty",
    [ROSTER_CELL_USER] = "its user is empty",
    [ROSTER_CELL_ROLE] = "its role is empty"
};


const char *
roster_unknown_cell(const roster_file_t *file, const roster_row_t *row)
{
    unsigned                k;
    const roster_column_t  *column;

    if (row->leaves
        || (file->kind != ROSTER_ROLE && file->kind != ROSTER_ENROLMENT))
    {
        return NULL;
    }

    for (k = 0; k < ROSTER_COLUMNS; k++) {
        column = &file->columns[k];

        if (column->required && row->cells[column->cell].len == 0) {
            return empty[column->cell];
        }
    }

    return NULL;
}


void
roster_unknown_refuse(roster_t *roster, roster_kind_t kind,
    const roster_row_t *row, const char *reason)
{
    if (row->refused != NULL && row->cells[ROSTER_CELL_USER].len == 0
        && row->cells[ROSTER_CELL_ID].len == 0)
    {
        roster_refuse_unread(roster, kind, &row->place, row->refused);

    } else {
        roster_refuse(roster, kind, &row->place, reason);
    }
}


/* Of a role that is not taken it does not matter where it is. */
static int
link_unknown(const roster_row_t *row, const roster_link_t *link,
    roster_cell_t where)
{
    return row->refused != NULL
           && (link->role == 0 ? row->cells[ROSTER_CELL_ROLE].len == 0
                               : row->cells[where].len == 0);
}


/* It may be any role, so whoever has it keeps what there is of them. */
int
roster_unknown_role(roster_t *roster, const roster_row_t *row,
    const roster_link_t *link)
{
    if (!link_unknown(row, link, ROSTER_CELL_INSTITUTION)) {
        return 0;
    }

    roster_unknown_refuse(roster, ROSTER_ROLE, row, row->refused);

    if (link->user != ROSTER_NONE) {
        roster_item_refuse(roster, ROSTER_USER,
                           roster_item(roster, ROSTER_USER, link->user),
                           "has a role that is not understood");
    }

    return 1;
}


/*
 * It may be any role, so whatever there is of both stays; or any class, so
 * every enrolment of the user does.
 */
int
roster_unknown_enrolment(roster_t *roster, const roster_row_t *row,
    roster_link_t *link)
{
    if (!link_unknown(row, link, ROSTER_CELL_CLASS)) {
        return 0;
    }

    roster_unknown_refuse(roster, ROSTER_ENROLMENT, row, row->refused);

    if (link->user == ROSTER_NONE) {
        return 1;
    }

    if (row->cells[ROSTER_CELL_CLASS].len == 0) {
        roster_item(roster, ROSTER_USER, link->user)->unplaced = 1;

    } else if (link->where != ROSTER_NONE) {
        link->role = ROSTER_PUPIL;
        roster_link_add(roster, ROSTER_ENROLMENT, link);
        link->role = ROSTER_TEACHER;
        roster_link_add(roster, ROSTER_ENROLMENT, link);
    }

    return 1;
}
