/*
 * Copyright (C) the Pupil authors
 */

#include <string.h>

#include "ctl/base/text.h"
#include "ctl/roster/sheet.h"


struct sheet_row_s {
    sheet_row_t  *next;
    size_t        line;
    const char   *refused;
    unsigned      count;
    pupil_str_t   cells[];
};


/* The number of a column; SHEET_COLUMNS: there are too many. */
static unsigned
column_find(sheet_t *sheet, const char *name)
{
    unsigned  i;

    for (i = 0; i < sheet->count; i++) {
        if (strcmp(sheet->columns[i], name) == 0) {
            return i;
        }
    }

    if (i < SHEET_COLUMNS) {
        sheet->columns[sheet->count++] = ctl_pool_text(sheet->pool, name,
                                                       strlen(name));
    }

    return i;
}


void
sheet_column(sheet_t *sheet, const char *name)
{
    (void) column_find(sheet, name);
}


void
sheet_begin(sheet_t *sheet, size_t line)
{
    memset(sheet->cells, 0, sizeof(sheet->cells));
    sheet->used = 0;
    sheet->line = line;
    sheet->refused = NULL;
}


static void
cell_set(sheet_t *sheet, const char *column, pupil_str_t text)
{
    unsigned  i;

    i = column_find(sheet, column);

    if (i == SHEET_COLUMNS) {
        return;
    }

    sheet->cells[i] = text;

    if (i >= sheet->used) {
        sheet->used = i + 1;
    }
}


void
sheet_cell(sheet_t *sheet, const char *column, pupil_str_t text)
{
    if (text.len != 0) {
        cell_set(sheet, column, ctl_pool_str(sheet->pool, text.data,
                                             text.len));
    }
}


void
sheet_mark(sheet_t *sheet, const char *column)
{
    cell_set(sheet, column, ctl_str("x"));
}


void
sheet_refuse(sheet_t *sheet, const char *reason)
{
    if (sheet->refused == NULL) {
        sheet->refused = reason;
    }
}


void
sheet_end(sheet_t *sheet)
{
    size_t        size;
    sheet_row_t  *row;

    size = sheet->used * sizeof(pupil_str_t);

    row = ctl_pool_alloc(sheet->pool, sizeof(sheet_row_t) + size);
    row->next = NULL;
    row->line = sheet->line;
    row->refused = sheet->refused;
    row->count = sheet->used;
    memcpy(row->cells, sheet->cells, size);

    if (sheet->first == NULL) {
        sheet->first = row;

    } else {
        sheet->last->next = row;
    }

    sheet->last = row;
    sheet->rows++;
}


int
sheet_read(const sheet_t *sheet, csv_row_pt row, void *ctx)
{
    unsigned      i;
    csv_row_t     out;
    sheet_row_t  *from;

    memset(&out, 0, sizeof(csv_row_t));
    out.count = sheet->count;

    for (i = 0; i < sheet->count; i++) {
        out.cells[i] = ctl_str(sheet->columns[i]);
    }

    if (row(ctx, &out) != 0) {
        return -1;
    }

    for (from = sheet->first; from != NULL; from = from->next) {
        out.line = from->line;
        out.refused = from->refused;

        for (i = 0; i < sheet->count; i++) {
            out.cells[i] = i < from->count ? from->cells[i] : ctl_str("");
        }

        if (row(ctx, &out) != 0) {
            return -1;
        }
    }

    return 0;
}


static int
sheet_of(void *sheets, unsigned i, csv_row_pt row, void *ctx)
{
    return sheet_read((sheet_t *) sheets + i, row, ctx);
}


csv_source_t *
sheet_source(sheet_t *sheets, unsigned count)
{
    unsigned       i;
    csv_source_t  *source;

    source = csv_source_made(sheet_of, sheets);

    for (i = 0; i < count; i++) {
        csv_source_named(source, sheets[i].name);
    }

    return source;
}
