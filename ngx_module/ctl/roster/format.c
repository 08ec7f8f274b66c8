/*
 * Copyright (C) the Pupil authors
 *
 * From the files of a protocol to rows of cells: which columns are taken, and
 * what of a file is not.
 */

#include <string.h>
#include <strings.h>

#include "core/base/text.h"
#include "ctl/base/text.h"
#include "ctl/roster/dates.h"
#include "ctl/roster/format.h"
#include "ctl/roster/manifest.h"
#include "ctl/roster/protect.h"
#include "ctl/roster/unknown.h"


/* Why a column or a file that schools' systems export is not taken. */
typedef struct {
    const char  *part;          /* of its name, any case */
    const char  *reason;
} reason_t;

/* A file being read. */
typedef struct {
    roster_t               *roster;
    const roster_format_t  *format;
    const roster_file_t    *file;       /* NULL: nothing of it is taken */
    const char             *name;
    int                     column[ROSTER_COLUMNS]; /* in the file, or -1 */
    unsigned                columns;                /* of the file */
    unsigned                named;                  /* up to the last name */
    char                   *names[CSV_COLUMNS];     /* NULL: taken */
    size_t                  values[CSV_COLUMNS];
    uint8_t                 protects[CSV_COLUMNS];  /* see protect.h */
    size_t                  rows;
} reading_t;


static const reason_t  reasons[] = {
    { "password", "passwords are never imported" },
    { "civic", "national numbers are never taken" },
    { "phone", "not needed" },
    { "sms", "not needed" },
    { "birth", "not needed" },
    { "sex", "not needed" },
    { "gender", "not needed" },
    { "disability", "special category of data" },
    { "ethnic", "special category of data" },
    { "race", "special category of data" },
    { "demographic", "special category of data" },
    { "flag", "special category of data" },
    { "relationship", "guardians and relatives are not taken" },
    { "responsible", "guardians and relatives are not taken" },
    { "agent", "guardians and relatives are not taken" },
    { "email", "no e-mail is taken here" },
    { "e-mail", "no e-mail is taken here" },
    { NULL, NULL }
};


static const char *
reason_of(const char *name, const char *other)
{
    const reason_t  *reason;

    for (reason = reasons; reason->part != NULL; reason++) {
        if (strcasestr(name, reason->part) != NULL) {
            return reason->reason;
        }
    }

    return other;
}


int
roster_is_one_of(pupil_str_t text, const char *names)
{
    size_t  len;

    for ( ;; ) {
        len = strcspn(names, "|");

        if (len == text.len
            && strncasecmp(names, (const char *) text.data, len) == 0)
        {
            return 1;
        }

        if (names[len] == '\0') {
            return 0;
        }

        names += len + 1;
    }
}


static roster_role_t
role_of(const roster_format_t *format, pupil_str_t name)
{
    const roster_role_name_t  *role;

    for (role = format->roles; role->names != NULL; role++) {
        if (roster_is_one_of(name, role->names)) {
            return role->role;
        }
    }

    return 0;
}


/* A name fit for the report: what is no name of a column is not shown. */
static char *
column_name(roster_t *roster, pupil_str_t name, unsigned i, int known)
{
    char    number[32];
    size_t  k;

    if (!known) {
        name.len = 0;
    }

    for (k = 0; k < name.len && k < 64; k++) {
        if (strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                   "0123456789 _.-:", name.data[k]) == NULL
            || name.data[k] == '\0')
        {
            break;
        }
    }

    if (k == 0 || k != name.len) {
        snprintf(number, sizeof(number), "column %u", i + 1);
        return ctl_pool_text(&roster->pool, number, strlen(number));
    }

    return ctl_pool_text(&roster->pool, name.data, name.len);
}


/* Column i of the file: whether the protocol has a cell for it. */
static int
column_take(reading_t *reading, unsigned i, pupil_str_t name)
{
    int                     taken;
    unsigned                k;
    const roster_column_t  *column;

    if (reading->file == NULL) {
        return 0;
    }

    taken = 0;

    for (k = 0; k < ROSTER_COLUMNS; k++) {
        column = &reading->file->columns[k];

        if (column->names != NULL && reading->column[k] < 0
            && roster_is_one_of(name, column->names))
        {
            reading->column[k] = (int) i;
            taken = 1;
        }
    }

    return taken;
}


/* How a header looks whose cells are separated by something else. */
static const char *
separator_of(const csv_row_t *row)
{
    pupil_str_t  cell;

    cell = row->cells[0];

    if (row->count != 1) {
        return "";
    }

    return memchr(cell.data, ';', cell.len) != NULL
           ? ": it is separated by semicolons, and not by commas"
           : memchr(cell.data, '\t', cell.len) != NULL
           ? ": it is separated by tabs, and not by commas" : "";
}


/* Whether the first line of a file that is not taken is a header. */
static int
header_known(const reading_t *reading, const csv_row_t *row)
{
    unsigned  i;

    if (reading->file != NULL) {
        return 1;
    }

    for (i = 0; i < row->count; i++) {
        if (row->cells[i].len != 0
            && roster_is_one_of(row->cells[i], reading->format->keys))
        {
            return 1;
        }
    }

    return 0;
}


static int
header_read(reading_t *reading, const csv_row_t *row)
{
    int                     known;
    unsigned                i, k;
    const roster_column_t  *column;

    known = header_known(reading, row);
    reading->columns = row->count;

    for (k = 0; k < ROSTER_COLUMNS; k++) {
        reading->column[k] = -1;
    }

    for (i = 0; i < row->count; i++) {
        if (row->cells[i].len != 0) {
            reading->named = i + 1;
        }

        reading->protects[i] = reading->file != NULL
                               && reading->file->kind == ROSTER_USER
                               && roster_protect_column(row->cells[i]);

        if (!column_take(reading, i, row->cells[i])) {
            reading->names[i] = column_name(reading->roster, row->cells[i], i,
                                            known);
        }
    }

    if (reading->file == NULL) {
        return 0;
    }

    for (k = 0; k < ROSTER_COLUMNS; k++) {
        column = &reading->file->columns[k];

        if (column->required && reading->column[k] < 0) {
            return ctl_error("%s: its first line has no column \"%.*s\"%s",
                             reading->name,
                             (int) strcspn(column->names, "|"),
                             column->names, separator_of(row));
        }
    }

    return 0;
}


/* Whether a row has no text but blanks. */
static int
row_blank(const csv_row_t *row)
{
    unsigned  i;
    size_t    k;

    for (i = 0; i < row->count; i++) {
        for (k = 0; k < row->cells[i].len; k++) {
            if (row->cells[i].data[k] != ' ') {
                return 0;
            }
        }
    }

    return 1;
}


/* A cell for each column with a name, and none with a text beyond them. */
static int
row_fits(const reading_t *reading, const csv_row_t *row)
{
    unsigned  i;

    if (row->count < reading->named) {
        return 0;
    }

    for (i = reading->columns; i < row->count; i++) {
        if (row->cells[i].len != 0) {
            return 0;
        }
    }

    return 1;
}


static void
status_read(const roster_format_t *format, pupil_str_t cell,
    roster_row_t *row)
{
    if (roster_is_one_of(cell, format->active)) {
        return;
    }

    if (format->ended != NULL && roster_is_one_of(cell, format->ended)) {
        row->leaves = 1;

    } else {
        row->refused = "its status is none that is known";
    }
}


/* Blanks around a text are the plugin's to judge; of an id they are none. */
static pupil_str_t
cell_trim(roster_cell_t kind, pupil_str_t cell)
{
    if (kind == ROSTER_CELL_TITLE || kind == ROSTER_CELL_GIVEN
        || kind == ROSTER_CELL_FAMILY || kind == ROSTER_CELL_LOGIN
        || kind == ROSTER_CELL_EMAIL)
    {
        return cell;
    }

    return roster_trim(cell);
}


/* Fills in the cells of a row, and why it is refused. */
static void
cells_read(const reading_t *reading, const csv_row_t *from, roster_row_t *row)
{
    unsigned                k;
    pupil_str_t             cell;
    const roster_column_t  *column;

    row->refused = from->refused;
    row->leaves = 0;

    for (k = 0; k < ROSTER_CELLS; k++) {
        row->cells[k] = ctl_str("");
    }

    for (k = 0; k < ROSTER_COLUMNS; k++) {
        if (reading->column[k] < 0
            || (unsigned) reading->column[k] >= from->count)
        {
            continue;
        }

        column = &reading->file->columns[k];
        cell = cell_trim(column->cell, from->cells[reading->column[k]]);

        if (cell.len == 0) {
            continue;
        }

        if (memchr(cell.data, 0, cell.len) != NULL) {
            row->refused = "holds a NUL byte";
            continue;
        }

        if (column->cell == ROSTER_CELL_STATUS) {
            status_read(reading->format, cell, row);
        }

        row->cells[column->cell] = cell;
    }
}


/* A file that is taken is UTF-8, or nothing of it is. */
static int
row_encoded(const reading_t *reading, const csv_row_t *row)
{
    unsigned  i;

    if (reading->file == NULL) {
        return 0;
    }

    for (i = 0; i < row->count; i++) {
        if (pupil_utf8_check(row->cells[i].data, row->cells[i].len, NULL)
            != PUPIL_OK)
        {
            return ctl_error("%s, line %zu: is no UTF-8: save it as that;"
                             " nothing was changed", reading->name, row->line);
        }
    }

    return 0;
}


/* Who leaves needs no protection here. */
static void
marks_read(const reading_t *reading, const csv_row_t *from, roster_row_t *row)
{
    unsigned  i;

    for (i = 0; !row->leaves && i < from->count && i < reading->columns; i++) {
        if (reading->protects[i]
            && roster_protect_mark(roster_trim(from->cells[i])))
        {
            row->refused = "its identity is protected: such a person is added"
                           " by hand";
        }
    }
}


static int
row_read(void *ctx, const csv_row_t *from)
{
    unsigned              i;
    reading_t            *reading = ctx;
    roster_row_t          row;
    const roster_file_t  *file;

    if (row_encoded(reading, from) != 0) {
        return -1;
    }

    if (from->refused == NULL && row_blank(from)) {
        return 0;
    }

    if (reading->columns == 0) {
        return header_read(reading, from);
    }

    file = reading->file;
    row.place.file = reading->name;
    row.place.line = from->line;
    reading->rows++;

    if (!row_fits(reading, from)) {
        if (file != NULL) {
            roster_refuse_unread(reading->roster, file->kind, &row.place,
                                 "another number of columns than the first"
                                 " line");
        }
        return 0;
    }

    for (i = 0; i < from->count && i < reading->columns; i++) {
        reading->values[i] += from->cells[i].len != 0;
    }

    if (file == NULL) {
        return 0;
    }

    row.space = file->space;
    cells_read(reading, from, &row);
    marks_read(reading, from, &row);

    if (row.refused == NULL) {
        row.refused = roster_unknown_cell(file, &row);
    }

    if (row.refused != NULL && reading->format->derived) {
        roster_refuse_unread(reading->roster, file->kind, &row.place,
                             row.refused);
        return 0;
    }

    row.role = file->role;
    if (row.cells[ROSTER_CELL_ROLE].len != 0) {
        row.role = role_of(reading->format, row.cells[ROSTER_CELL_ROLE]);
    }

    file->take(reading->roster, &row);

    return reading->roster->failed || reading->roster->stopped != NULL
           ? -1 : 0;
}


/* What of a file was left out, for the report. */
static void
rest_report(const reading_t *reading)
{
    unsigned     i;
    const char  *other;

    for (i = 0; i < reading->columns; i++) {
        other = reading->file == NULL ? "the file is not taken"
                : reading->protects[i] ? "a mark of protected identity"
                : "not needed";

        if ((i < reading->named || reading->values[i] != 0)
            && reading->names[i] != NULL)
        {
            roster_not_taken(reading->roster, reading->name,
                             reading->names[i], reading->values[i],
                             reason_of(reading->names[i], other));
        }
    }

    if (reading->file == NULL) {
        roster_file_not_taken(reading->roster, reading->name, reading->rows,
                              reason_of(reading->name, "not needed"));
    }
}


static int
file_read(roster_t *roster, const roster_format_t *format,
    const roster_file_t *file, csv_source_t *source, unsigned i)
{
    reading_t   *reading;
    const char  *name;

    name = csv_source_name(source, i);

    reading = ctl_pool_alloc(&roster->pool, sizeof(reading_t));
    memset(reading, 0, sizeof(reading_t));
    reading->roster = roster;
    reading->format = format;
    reading->file = file;
    /* the roster outlives the source */
    reading->name = ctl_pool_text(&roster->pool, name, strlen(name));

    if (csv_source_read(source, i, row_read, reading) != 0) {
        return -1;
    }

    if (reading->columns == 0 && file != NULL) {
        return ctl_error("%s is empty", name);
    }

    if (!roster->again) {
        rest_report(reading);
    }

    return 0;
}


/* What a server has is called as the files, and is none. */
static int
name_fits(const char *there, const char *name)
{
    size_t  len;

    len = strlen(there);

    return strcasecmp(there, name) == 0
           || (strncasecmp(there, name, len) == 0
               && strcmp(name + len, ".csv") == 0);
}


/* The number of files where there is none of this name. */
static unsigned
file_find(const csv_source_t *source, const char *name)
{
    unsigned  i;

    for (i = 0; i < csv_source_count(source); i++) {
        if (name_fits(csv_source_name(source, i), name)) {
            break;
        }
    }

    return i;
}


int
roster_format_fits(const roster_format_t *format, const csv_source_t *source)
{
    unsigned              k;
    const roster_file_t  *file;

    for (k = 0; format->files[k].name != NULL; k++) {
        file = &format->files[k];

        if (!file->optional
            && file_find(source, file->name) == csv_source_count(source))
        {
            return 0;
        }
    }

    return 1;
}


/* One file of the format; 0 where there is none. */
static int
file_take(roster_t *roster, const roster_format_t *format,
    const roster_file_t *file, csv_source_t *source, roster_said_t said,
    unsigned i)
{
    int  there;

    there = i != csv_source_count(source);

    if (said == ROSTER_SAID_DELTA) {
        return ctl_error("%s is a delta, says %s: only whole files are taken;"
                         " nothing was changed", file->name,
                         format->manifest);
    }

    if (said == ROSTER_SAID_ABSENT && there) {
        return ctl_error("%s is there, and absent, says %s", file->name,
                         format->manifest);
    }

    if (there) {
        return file_read(roster, format, file, source, i);
    }

    if (said == ROSTER_SAID_BULK
        || (said == ROSTER_SAID_NOTHING && !file->optional))
    {
        return ctl_error("the roster has no file %s", file->name);
    }

    roster->absent[file->kind] |= file->optional != ROSTER_EXTRA;

    return 0;
}


int
roster_format_read(roster_t *roster, const roster_format_t *format,
    csv_source_t *source)
{
    int                  *used;
    unsigned              i, k, count;
    roster_manifest_t     manifest;
    const roster_file_t  *file;

    roster->roles_said = format->roles_said;
    roster->spaces = format->spaces;
    roster->dates = format->dates;
    roster->groups = format->groups;

    count = csv_source_count(source);
    used = ctl_pool_alloc(&roster->pool, (count + 1) * sizeof(int));
    memset(used, 0, (count + 1) * sizeof(int));

    i = format->manifest == NULL ? count : file_find(source,
                                                     format->manifest);
    used[i] = 1;

    if (roster_manifest_read(format, source, i, &manifest) != 0) {
        return -1;
    }

    for (k = 0; format->files[k].name != NULL; k++) {
        file = &format->files[k];
        i = file_find(source, file->name);
        used[i] = 1;

        if (file_take(roster, format, file, source, manifest.said[k], i) != 0)
        {
            return -1;
        }
    }

    for (i = 0; i < count; i++) {
        if (!used[i] && file_read(roster, format, NULL, source, i) != 0) {
            return -1;
        }
    }

    return 0;
}


int
roster_format_again(roster_t *roster, const roster_format_t *format,
    csv_source_t *source)
{
    unsigned  i, k;

    for (k = 0; format->files[k].name != NULL; k++) {
        i = file_find(source, format->files[k].name);

        if (format->files[k].twice && i != csv_source_count(source)
            && file_read(roster, format, &format->files[k], source, i) != 0)
        {
            return -1;
        }
    }

    return 0;
}
