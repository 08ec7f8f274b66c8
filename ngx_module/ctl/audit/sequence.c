/*
 * Copyright (C) the Pupil authors
 *
 * A number may be absent where that is declared, and nowhere else; what is
 * stored by another choice than the usual must be declared so.  A record that
 * is not authentic stands for its number, and for no more: it moves nothing.
 * What is gone by retention is not missing.
 */

#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "ctl/audit/sequence.h"


static int declared_compare(const void *one, const void *two);
static declared_t *declared_at(sequence_t *s, size_t i);
static void writer_begin(sequence_t *s, uint64_t writer);
static void writer_end(sequence_t *s);
static void writers_gone(sequence_t *s, uint64_t before, int all);
static void missing(sequence_t *s, uint64_t first, uint64_t last,
    pupil_time_t at);
static void missing_part(sequence_t *s, uint64_t first, uint64_t last,
    pupil_time_t at);
static int choice_declared(sequence_t *s, uint64_t number, uint32_t choice);
static void find(sequence_t *s, finding_kind_t kind, uint64_t first,
    uint64_t last, pupil_time_t at);
static int may_be_under_way(const sequence_t *s, const finding_t *finding);
static int found_before(const finding_t *finding,
    const sequence_list_t *before);


int
sequence_declare(sequence_t *s, pupil_str_t note)
{
    int          ended;
    uint64_t     writer;
    pupil_rc_t   rc;
    declared_t  *declared, one;

    if (pupil_declared_parse(&note, &writer) != PUPIL_OK) {
        return -1;
    }

    for ( ;; ) {
        rc = pupil_declared_next(&note, &one.range, &ended);

        if (rc != PUPIL_OK) {
            return rc == PUPIL_NOT_FOUND ? 0 : -1;
        }

        declared = sequence_list_add(&s->declared, sizeof(declared_t));
        *declared = one;
        declared->writer = writer;
        declared->ended = ended;
    }
}


int
sequence_declared(const sequence_t *s, uint64_t writer, uint64_t number)
{
    size_t             i;
    const declared_t  *declared;

    declared = s->declared.elts;

    for (i = 0; i < s->declared.count; i++) {
        if (declared[i].writer == writer && !declared[i].ended
            && declared[i].range.choice == 0
            && declared[i].range.first <= number
            && declared[i].range.last >= number)
        {
            return 1;
        }
    }

    return 0;
}


void
sequence_begin(sequence_t *s)
{
    if (s->declared.count != 0) {
        qsort(s->declared.elts, s->declared.count, sizeof(declared_t),
              declared_compare);
    }
}


/* By writer and first number; where a writer ends comes first of all. */
static int
declared_compare(const void *one, const void *two)
{
    const declared_t  *a = one, *b = two;

    if (a->writer != b->writer) {
        return a->writer < b->writer ? -1 : 1;
    }

    return a->range.first < b->range.first ? -1
           : a->range.first > b->range.first;
}


static declared_t *
declared_at(sequence_t *s, size_t i)
{
    declared_t  *declared;

    declared = s->declared.elts;

    return i < s->declared.count ? &declared[i] : NULL;
}


void
sequence_record(sequence_t *s, const pupil_audit_record_t *record,
    int authentic)
{
    uint64_t    *changed;
    declared_t  *d;

    if (!s->begun || record->writer != s->writer) {
        writer_end(s);
        writers_gone(s, record->writer, 0);
        writer_begin(s, record->writer);
    }

    if (!authentic) {
        find(s, FINDING_CHANGED, record->number, record->number, record->at);
        changed = sequence_list_add(&s->changed, sizeof(uint64_t));
        *changed = record->number;
        return;
    }

    if (record->number <= s->gone) {

        /*
         * What a gateway declared is kept for longer; a run of retention that
         * is at work has signed what it has not deleted yet.
         */
        if (record->number <= s->over
            && !pupil_str_is(record->role, PUPIL_AUDIT_ROLE_GATEWAY))
        {
            find(s, FINDING_RETURNED, record->number, record->number,
                 record->at);
        }

        return;
    }

    if (s->number != 0 && record->number == s->number) {
        find(s, FINDING_TWICE, record->number, record->number, record->at);
        return;
    }

    /* what was before the time that is looked at is not judged */
    if (s->since == 0 || (s->number != 0 && s->at >= s->since)) {
        missing(s, s->number + 1, record->number - 1, record->at);
    }

    if (s->number != 0 && record->at < s->at - PUPIL_AUDIT_CLOCKS) {
        find(s, FINDING_TIME, record->number, record->number, record->at);
    }

    if (!s->keyless
        && !choice_declared(s, record->number, record->choice))
    {
        find(s, FINDING_OUTCOME, record->number, record->number, record->at);
    }

    s->number = record->number;
    s->at = record->at;
    s->changed.count = 0;

    while ((d = declared_at(s, s->from)) != NULL && d->writer == s->writer
           && (d->ended || d->range.last <= s->number))
    {
        s->from++;
    }
}


void
sequence_end(sequence_t *s)
{
    writer_end(s);
    writers_gone(s, 0, 1);
}


static void
writer_begin(sequence_t *s, uint64_t writer)
{
    s->begun = 1;
    s->writer = writer;
    s->gone = s->retained != NULL ? retained_last(s->retained, writer) : 0;
    s->over = s->before != NULL ? retained_last(s->before, writer) : 0;
    s->number = s->gone;
    s->at = 0;
    s->from = s->next;
    s->changed.count = 0;
    s->writers++;
}


/* Where it is declared where the writer ends, it must have come that far. */
static void
writer_end(sequence_t *s)
{
    declared_t  *d;

    if (!s->begun) {
        return;
    }

    while ((d = declared_at(s, s->next)) != NULL && d->writer == s->writer) {

        if (d->ended
            && (s->since == 0 || (s->number != 0 && s->at >= s->since)))
        {
            missing(s, s->number + 1, d->range.last, s->at);
            break;
        }

        s->next++;
    }

    while ((d = declared_at(s, s->next)) != NULL && d->writer == s->writer) {
        s->next++;
    }
}


/* Writers that ended, of which no record is there. */
static void
writers_gone(sequence_t *s, uint64_t before, int all)
{
    declared_t  *d;

    while ((d = declared_at(s, s->next)) != NULL
           && (all || d->writer < before))
    {
        if (d->ended && s->since == 0) {
            writer_begin(s, d->writer);
            writer_end(s);

        } else {
            s->next++;
        }
    }

    s->begun = 0;
}


/* Without what is declared absent. */
static void
missing(sequence_t *s, uint64_t first, uint64_t last, pupil_time_t at)
{
    size_t       i;
    declared_t  *d;

    for (i = s->from;
         first <= last && (d = declared_at(s, i)) != NULL
         && d->writer == s->writer && d->range.first <= last;
         i++)
    {
        if (d->ended || d->range.choice != 0 || d->range.last < first) {
            continue;
        }

        if (d->range.first > first) {
            missing_part(s, first, d->range.first - 1, at);
        }

        first = d->range.last + 1;
    }

    if (first <= last) {
        missing_part(s, first, last, at);
    }
}


/* Without what is there, but was changed. */
static void
missing_part(sequence_t *s, uint64_t first, uint64_t last, pupil_time_t at)
{
    size_t     i;
    uint64_t  *changed;

    changed = s->changed.elts;

    for (i = 0; i < s->changed.count; i++) {
        if (changed[i] < first || changed[i] > last) {
            continue;
        }

        if (changed[i] > first) {
            find(s, FINDING_MISSING, first, changed[i] - 1, at);
        }

        first = changed[i] + 1;
    }

    if (first <= last) {
        find(s, FINDING_MISSING, first, last, at);
    }
}


/* What was declared absent was never answered: any choice will do. */
static int
choice_declared(sequence_t *s, uint64_t number, uint32_t choice)
{
    size_t       i;
    declared_t  *d;

    for (i = s->from;
         (d = declared_at(s, i)) != NULL && d->writer == s->writer
         && d->range.first <= number;
         i++)
    {
        if (!d->ended && d->range.last >= number) {
            return d->range.choice == 0 || d->range.choice == choice;
        }
    }

    return choice == 0;
}


static void
find(sequence_t *s, finding_kind_t kind, uint64_t first, uint64_t last,
    pupil_time_t at)
{
    finding_t  finding;

    memset(&finding, 0, sizeof(finding));
    finding.kind = kind;
    finding.writer = s->writer;
    finding.first = first;
    finding.last = last;
    finding.at = at;

    sequence_find(s, &finding);
}


void
sequence_find(sequence_t *s, const finding_t *finding)
{
    finding_t  *found;

    if (finding->at < s->since) {
        return;
    }

    s->under_way += may_be_under_way(s, finding);

    found = sequence_list_add(&s->findings, sizeof(finding_t));
    *found = *finding;
}


static int
may_be_under_way(const sequence_t *s, const finding_t *finding)
{
    return (finding->kind == FINDING_MISSING
            || finding->kind == FINDING_OUTCOME)
           && finding->at >= s->recent;
}


void
sequence_again(sequence_t *s, const sequence_list_t *before)
{
    size_t      i, kept;
    finding_t  *finding;

    finding = s->findings.elts;
    s->under_way = 0;

    for (i = 0, kept = 0; i < s->findings.count; i++) {

        if (may_be_under_way(s, &finding[i])) {

            if (!found_before(&finding[i], before)) {
                continue;
            }

            s->under_way++;
        }

        finding[kept++] = finding[i];
    }

    s->findings.count = kept;
}


static int
found_before(const finding_t *finding, const sequence_list_t *before)
{
    size_t            i;
    const finding_t  *list;

    list = before->elts;

    for (i = 0; i < before->count; i++) {
        if (list[i].kind == finding->kind && list[i].writer == finding->writer
            && list[i].first <= finding->last
            && list[i].last >= finding->first)
        {
            return 1;
        }
    }

    return 0;
}


void *
sequence_list_add(sequence_list_t *list, size_t size)
{
    void    *elts;
    size_t   room;

    if (list->count == list->room) {
        room = list->room == 0 ? 16 : 2 * list->room;
        elts = ctl_memory(room * size);

        if (list->count != 0) {
            memcpy(elts, list->elts, list->count * size);
        }

        free(list->elts);
        list->elts = elts;
        list->room = room;
    }

    return (char *) list->elts + size * list->count++;
}


void
sequence_free(sequence_t *s)
{
    free(s->declared.elts);
    free(s->findings.elts);
    free(s->changed.elts);
    memset(s, 0, sizeof(sequence_t));
}
