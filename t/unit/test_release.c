/*
 * Copyright (C) the Pupil authors
 *
 * What is said of a group whose records are gone.  Whoever attacks knows the
 * rule, the values that there are, and what is said: of every group that looks
 * the same, each cell that is not shown has more than one value.
 */

#include <stdlib.h>

#include "core/lifecycle/release.h"
#include "tap.h"


#define CELLS   5
#define GROUPS  20000

/* A group, and what is said of it. */
typedef struct {
    uint32_t  persons[CELLS], shown[CELLS];     /* HIDDEN: not shown */
    uint32_t  total;
} group_t;

#define HIDDEN  UINT32_MAX


static group_t  groups[GROUPS];


static void
release(group_t *group, size_t count, uint32_t threshold)
{
    size_t                i;
    pupil_release_cell_t  cells[CELLS];

    for (i = 0; i < count; i++) {
        cells[i].persons = group->persons[i];
    }

    group->total = pupil_release_group(cells, count, threshold);

    for (i = 0; i < count; i++) {
        group->shown[i] = cells[i].shown ? group->persons[i] : HIDDEN;
    }
}


/* The cells, as text: "10,-,12", and the total. */
static void
says(const char *persons, uint32_t threshold, const char *expected)
{
    int          at = 0;
    char         text[128];
    size_t       i, count;
    group_t      group;
    const char  *p;

    count = 0;

    for (p = persons; p != NULL && count < CELLS; p = strchr(p, ',')) {
        p += *p == ',';
        group.persons[count++] = (uint32_t) strtoul(p, NULL, 10);
    }

    release(&group, count, threshold);

    for (i = 0; i < count; i++) {
        at += group.shown[i] == HIDDEN
              ? snprintf(text + at, sizeof(text) - (size_t) at, "-,")
              : snprintf(text + at, sizeof(text) - (size_t) at, "%u,",
                         group.shown[i]);
    }

    snprintf(text + at, sizeof(text) - (size_t) at, "of %u", group.total);
    ok(strcmp(text, expected) == 0, "%s: %s (%s)", persons, expected, text);
}


/* All groups of at most so many persons; returns how many. */
static size_t
groups_make(size_t count, uint32_t persons, uint32_t threshold)
{
    size_t    i, n;
    group_t   group;
    uint32_t  sum;

    n = 0;
    memset(&group, 0, sizeof(group));

    for ( ;; ) {
        for (i = 0, sum = 0; i < count; i++) {
            sum += group.persons[i];
        }

        if (sum <= persons && n < GROUPS) {
            release(&group, count, threshold);
            groups[n++] = group;
        }

        for (i = 0; i < count && group.persons[i] == persons; i++) {
            group.persons[i] = 0;
        }

        if (i == count) {
            return n;
        }

        group.persons[i]++;
    }
}


static int
same(const group_t *a, const group_t *b, size_t count)
{
    return a->total == b->total
           && memcmp(a->shown, b->shown, count * sizeof(uint32_t)) == 0;
}


/* Whether a cell can be computed from what is said. */
static int
computed(size_t n, size_t at, size_t count, size_t cell)
{
    size_t  i;

    for (i = 0; i < n; i++) {
        if (groups[i].persons[cell] != groups[at].persons[cell]
            && same(&groups[i], &groups[at], count))
        {
            return 0;
        }
    }

    return 1;
}


static void
attack(size_t count, uint32_t persons, uint32_t threshold)
{
    size_t    i, cell, n, given_away, small;
    uint32_t  rest;

    n = groups_make(count, persons, threshold);
    given_away = 0;
    small = 0;

    for (i = 0; i < n; i++) {
        rest = groups[i].total;

        for (cell = 0; cell < count; cell++) {
            if (groups[i].shown[cell] != HIDDEN) {
                rest -= groups[i].shown[cell];
                small += groups[i].shown[cell] < threshold;

            } else if (groups[i].total != 0 && groups[i].persons[cell] != 0) {
                given_away += (size_t) computed(n, i, count, cell);
            }
        }

        small += rest != 0 && rest < threshold;
    }

    ok(n > 100 && n < GROUPS, "%zu groups of %zu values", n, count);
    ok(given_away == 0, "no cell that is not shown can be computed (%zu can)",
       given_away);
    ok(small == 0, "nothing is said of fewer than %u, nor by what is left",
       threshold);
}


/* What is shown is most of what may be: the rule hides no more than it must. */
static void
test_useful(void)
{
    size_t    i, cell, n, full;

    n = groups_make(3, 30, 3);
    full = 0;

    for (i = 0; i < n; i++) {
        for (cell = 0; cell < 3 && groups[i].persons[cell] >= 3; cell++) {
            /* void */
        }

        if (cell < 3) {
            continue;
        }

        for (cell = 0; cell < 3; cell++) {
            full += groups[i].shown[cell] != groups[i].persons[cell];
        }
    }

    ok(full == 0, "a group without a small cell is shown whole (%zu not)",
       full);
}


int
main(void)
{
    says("10,20,30", 10, "10,20,30,of 60");
    says("4,5,0", 10, "-,-,-,of 0");
    says("10,0,0", 10, "-,-,-,of 10");
    says("20,0,30", 10, "20,-,30,of 50");
    says("3,20,30", 10, "-,-,30,of 53");
    says("3,20,20", 10, "-,-,-,of 43");
    says("6,7,30", 10, "-,-,30,of 43");
    says("9,9,9,30,40", 10, "-,-,-,-,40,of 97");
    says("1,30", 10, "-,-,of 31");
    says("15", 10, "-,of 15");

    attack(2, 40, 3);
    attack(3, 24, 3);
    attack(4, 12, 3);
    attack(3, 24, 5);
    attack(4, 14, 4);
    attack(5, 10, 2);
    test_useful();

    return tap_done();
}
