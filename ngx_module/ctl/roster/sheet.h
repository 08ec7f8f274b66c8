/*
 * Copyright (C) the Pupil authors
 *
 * Rows in memory, read as those of a file are: what a server has answered,
 * until all of it is there.  Of a column that is not taken they have a mark
 * where there is a value, and never the value.
 */

#ifndef PUPIL_CTL_ROSTER_SHEET_H
#define PUPIL_CTL_ROSTER_SHEET_H

#include "ctl/base/memory.h"
#include "ctl/roster/csv.h"


#define SHEET_COLUMNS  64


typedef struct sheet_row_s  sheet_row_t;

/* Empty when zeroed, but for the pool and the name. */
typedef struct {
    ctl_pool_t     *pool;
    const char     *name;
    const char     *columns[SHEET_COLUMNS];
    unsigned        count;              /* of columns */
    size_t          rows;

    sheet_row_t    *first, *last;
    pupil_str_t     cells[SHEET_COLUMNS];     /* of the row being made */
    unsigned        used;
    size_t          line;
    const char     *refused;
} sheet_t;


/* A column that the first line has, also where no row has a cell of it. */
void sheet_column(sheet_t *sheet, const char *name);

/*
 * A row: begin, cells in any order, end.  Texts that are given are copied;
 * names and reasons are to outlive the sheet.
 */
void sheet_begin(sheet_t *sheet, size_t line);
void sheet_cell(sheet_t *sheet, const char *column, pupil_str_t text);
void sheet_mark(sheet_t *sheet, const char *column);
void sheet_refuse(sheet_t *sheet, const char *reason);
void sheet_end(sheet_t *sheet);

/* As csv_source_read() of one file. */
int sheet_read(const sheet_t *sheet, csv_row_pt row, void *ctx);

/* All of them, as files; they outlive it. */
csv_source_t *sheet_source(sheet_t *sheets, unsigned count);

#endif /* PUPIL_CTL_ROSTER_SHEET_H */
