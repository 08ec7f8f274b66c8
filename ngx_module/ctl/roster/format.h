/*
 * Copyright (C) the Pupil authors
 *
 * A protocol that has files of rows, as tables: which files, what their
 * columns are called, and which cell of a row each of them is.  A protocol
 * has a file of its own with nothing but these tables.
 */

#ifndef PUPIL_CTL_ROSTER_FORMAT_H
#define PUPIL_CTL_ROSTER_FORMAT_H

#include "ctl/roster/csv.h"
#include "ctl/roster/roster.h"


#define ROSTER_COLUMNS   12     /* of a file that are known */
#define ROSTER_REQUIRED  1      /* a file without this column is refused */
#define ROSTER_FILES     12    /* of a format */

#define ROSTER_EXTRA     1      /* a roster without this file is whole */
#define ROSTER_PART      2      /* one without it says nothing of such rows */


/* What a cell is, whatever its column is called. */
typedef enum {
    ROSTER_CELL_ID = 0,
    ROSTER_CELL_TITLE,
    ROSTER_CELL_TYPE,           /* of a class: see groups */
    ROSTER_CELL_DEPARTMENT,     /* of a class */
    ROSTER_CELL_HEAD,           /* of an institution: the id of a teacher */
    ROSTER_CELL_INSTITUTION,    /* its id */
    ROSTER_CELL_INSTITUTIONS,   /* their ids, separated by commas */
    ROSTER_CELL_CLASS,          /* its id */
    ROSTER_CELL_USER,           /* its id */
    ROSTER_CELL_GIVEN,
    ROSTER_CELL_FAMILY,
    ROSTER_CELL_LOGIN,
    ROSTER_CELL_EMAIL,
    ROSTER_CELL_ROLE,
    ROSTER_CELL_FROM,           /* dates: the first and the last day */
    ROSTER_CELL_TO,
    ROSTER_CELL_TERMS,          /* their ids, separated by commas */
    ROSTER_CELL_STATUS,         /* there may be several: see active */
    ROSTER_CELL_MODULE,         /* of a course, which has presentations */
    ROSTER_CELL_PRESENTATION,
    ROSTER_CELL_LENGTH,         /* in days */
    ROSTER_CELL_TASK,           /* its id */
    ROSTER_CELL_KIND,           /* of a task */
    ROSTER_CELL_DAY,            /* from the start of its course */
    ROSTER_CELL_RESULT,
    ROSTER_CELLS
} roster_cell_t;

/* A row that counts, of any protocol. */
typedef struct {
    roster_place_t         place;
    const char            *space;       /* of ids of users: the file's */
    roster_role_t          role;        /* 0: none, or none that is taken */
    const char            *refused;     /* why, or NULL: whose it is counts */
    int                    leaves;      /* who or what it is about is no more */
    pupil_str_t            cells[ROSTER_CELLS];     /* empty when absent */
} roster_row_t;

typedef void (*roster_take_pt)(roster_t *roster, const roster_row_t *row);


/* Names of files, columns and roles have no case. */

typedef struct {
    roster_cell_t          cell;
    const char            *names;       /* separated by '|' */
    int                    required;
} roster_column_t;

typedef struct {
    const char            *name;
    int                    optional;    /* ROSTER_EXTRA, ROSTER_PART or 0 */
    roster_kind_t          kind;        /* what its refused rows count as */
    roster_role_t          role;        /* of rows without a cell for it */
    const char            *space;       /* the ids of its users are of a space
                                           of their own; or NULL */
    int                    twice;       /* read again, to be written */
    roster_take_pt         take;
    roster_column_t        columns[ROSTER_COLUMNS];
} roster_file_t;

typedef struct {
    roster_role_t          role;
    const char            *names;       /* separated by '|' */
} roster_role_name_t;

typedef struct {
    const char                *name;
    const char                *active;  /* what a status may be, by '|';
                                           an empty one may always be */
    const char                *ended;   /* what one is of who leaves */
    const char                *keys;    /* columns, one of which every file
                                           has whose first line is a header */
    const char                *manifest;    /* a file that says which files
                                               there are; or NULL */
    const roster_role_name_t  *roles;   /* the last one has no names; NULL:
                                           no cell has a role */
    const roster_group_name_t *groups;      /* as roles; NULL: no class has
                                               a type */
    unsigned                   dates;       /* ROSTER_DATES_... */
    int                        spaces;      /* files of users have some */
    int                        roles_said;  /* a user has the roles that the
                                               files of users say */
    int                        derived; /* what a row is about is made of its
                                           cells: a refused row is of nobody */
    const roster_file_t       *files;   /* as they are read; the last one
                                           has no name */
} roster_format_t;


/* Whether all files are there that it does not do without. */
int roster_format_fits(const roster_format_t *format,
    const csv_source_t *source);

/* Takes all files of a source.  Returns -1 with the error said. */
int roster_format_read(roster_t *roster, const roster_format_t *format,
    csv_source_t *source);

/* The same, once more, of those that are read twice: see roster->again. */
int roster_format_again(roster_t *roster, const roster_format_t *format,
    csv_source_t *source);

/* Whether a text is one of the names, separated by '|'; any case. */
int roster_is_one_of(pupil_str_t text, const char *names);

#endif /* PUPIL_CTL_ROSTER_FORMAT_H */
