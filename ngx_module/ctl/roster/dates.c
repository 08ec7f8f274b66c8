/*
 * Copyright (C) the Pupil authors
 */

#include <stdlib.h>
#include <string.h>

#include "core/base/time.h"
#include "ctl/roster/dates.h"


#define DATE_TEXT  40


/* M/D/YYYY to YYYY-MM-DD, in place; what is none stays as it is. */
static void
date_turn(char text[DATE_TEXT])
{
    char  *end;
    long   month, day, year;

    month = strtol(text, &end, 10);
    if (*end != '/') {
        return;
    }

    day = strtol(end + 1, &end, 10);
    if (*end != '/') {
        return;
    }

    year = strtol(end + 1, &end, 10);

    if (*end == '\0' && month >= 1 && month <= 12 && day >= 1 && day <= 31
        && year >= 1900 && year <= 2999)
    {
        snprintf(text, DATE_TEXT, "%04ld-%02ld-%02ld", year, month, day);
    }
}


/*
 * ISO 8601, with or without a time, or M/D/YYYY where the format has that.
 * last: the last day, as the end of some formats is the day after; but a day
 * of which a time is given has begun.  0, or -1 for what is no date.
 */
static int
date_read(const roster_t *roster, pupil_str_t cell, int last, int32_t *days)
{
    char         text[DATE_TEXT];
    const char  *time;

    *days = PUPIL_DATE_NONE;

    if (cell.len == 0) {
        return 0;
    }

    if (cell.len >= DATE_TEXT) {
        return -1;
    }

    memcpy(text, cell.data, cell.len);
    text[cell.len] = '\0';

    if (roster->dates & ROSTER_DATES_AMERICAN) {
        date_turn(text);
    }

    time = "";

    if (strlen(text) > PUPIL_DATE_TEXT_LEN
        && strchr("T ", text[PUPIL_DATE_TEXT_LEN]) != NULL)
    {
        text[PUPIL_DATE_TEXT_LEN] = '\0';
        time = text + PUPIL_DATE_TEXT_LEN + 1;
    }

    if (strspn(time, "0123456789:.+-Z") != strlen(time)
        || pupil_date_parse((const uint8_t *) text, strlen(text), days)
           != PUPIL_OK)
    {
        return -1;
    }

    if (last && (roster->dates & ROSTER_DATES_EXCLUSIVE)
        && strspn(time, "0:.Z") == strlen(time))
    {
        (*days)--;
    }

    return 0;
}


pupil_str_t
roster_trim(pupil_str_t cell)
{
    while (cell.len != 0 && cell.data[0] == ' ') {
        cell.data++;
        cell.len--;
    }

    while (cell.len != 0 && cell.data[cell.len - 1] == ' ') {
        cell.len--;
    }

    return cell;
}


int
roster_list_next(pupil_str_t *list, pupil_str_t *id)
{
    size_t          used;
    const uint8_t  *comma;

    if (list->len == 0) {
        return 0;
    }

    comma = memchr(list->data, ',', list->len);

    id->data = list->data;
    id->len = comma == NULL ? list->len : (size_t) (comma - list->data);

    used = id->len + (comma != NULL);
    list->data += used;
    list->len -= used;

    *id = roster_trim(*id);

    return 1;
}


/* What the terms of a row span; NULL, or why the row is refused. */
static const char *
terms_read(const roster_t *roster, const roster_row_t *row,
    roster_term_t *span)
{
    int                   first;
    pupil_str_t           list, id;
    const roster_term_t  *term;

    first = 1;
    list = row->cells[ROSTER_CELL_TERMS];

    while (roster_list_next(&list, &id)) {
        term = roster_term_find(roster, id);
        if (term == NULL) {
            return "its term is not in the roster";
        }

        if (first) {
            *span = *term;
            first = 0;
            continue;
        }

        if (span->from == PUPIL_DATE_NONE || term->from == PUPIL_DATE_NONE) {
            span->from = PUPIL_DATE_NONE;

        } else if (term->from < span->from) {
            span->from = term->from;
        }

        /* without end is the latest of all */
        if (term->to > span->to) {
            span->to = term->to;
        }
    }

    return NULL;
}


static const char *
span_read(const roster_t *roster, const roster_row_t *row,
    roster_term_t *span)
{
    int32_t      from, to;
    const char  *reason;

    reason = terms_read(roster, row, span);
    if (reason != NULL) {
        return reason;
    }

    if (date_read(roster, row->cells[ROSTER_CELL_FROM], 0, &from) != 0) {
        return "its first day is no date";
    }

    if (date_read(roster, row->cells[ROSTER_CELL_TO], 1, &to) != 0) {
        return "its last day is no date";
    }

    if (from != PUPIL_DATE_NONE) {
        span->from = from;
    }

    if (to != PUPIL_DATE_NONE) {
        span->to = to;
    }

    return NULL;
}


const char *
roster_dates_read(const roster_t *roster, const roster_row_t *row,
    roster_term_t *span)
{
    const char  *reason;

    span->from = PUPIL_DATE_NONE;
    span->to = PUPIL_DATE_NONE;

    reason = span_read(roster, row, span);

    return roster->dates_open ? NULL : reason;
}
