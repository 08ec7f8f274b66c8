/*
 * Copyright (C) the Pupil authors
 *
 * The CSV files (RFC 4180, UTF-8) of a folder or a ZIP archive, where they
 * are: nothing is copied or unpacked.
 */

#ifndef PUPIL_CTL_ROSTER_CSV_H
#define PUPIL_CTL_ROSTER_CSV_H

#include <stddef.h>

#include "core/base/pupil.h"


#define CSV_COLUMNS  256


typedef struct csv_source_s  csv_source_t;

/* A row; all of it is gone when the one that was called with it returns. */
typedef struct {
    size_t        line;         /* where it begins, from 1 */
    pupil_str_t   cells[CSV_COLUMNS];
    unsigned      count;
    const char   *refused;      /* why it is none that can be taken, or NULL */
} csv_row_t;

/* Returns -1, with the error said, to stop. */
typedef int (*csv_row_pt)(void *ctx, const csv_row_t *row);

/* As csv_source_read() of files that are somebody else's. */
typedef int (*csv_read_pt)(void *files, unsigned i, csv_row_pt row, void *ctx);


/* NULL with the error said.  path: the caller's memory, until the end. */
csv_source_t *csv_source_open(const char *path);
/* Of one file, whatever it is called. */
csv_source_t *csv_source_file(const char *path);
void csv_source_close(csv_source_t *source);

/* Of files that are read elsewhere, and their names. */
csv_source_t *csv_source_made(csv_read_pt read, void *files);
void csv_source_named(csv_source_t *source, const char *name);

/* As it was opened; NULL where its files are read elsewhere. */
const char *csv_source_path(const csv_source_t *source);

/* The names of its CSV files.  Ownership: the source's. */
unsigned csv_source_count(const csv_source_t *source);
const char *csv_source_name(const csv_source_t *source, unsigned i);

/*
 * Calls row for each row of file i, the first one being the header.  Returns
 * 0, or -1 with the error said.  No more than a row and a chunk are in
 * memory, and both are wiped.
 */
int csv_source_read(csv_source_t *source, unsigned i, csv_row_pt row,
    void *ctx);

#endif /* PUPIL_CTL_ROSTER_CSV_H */
