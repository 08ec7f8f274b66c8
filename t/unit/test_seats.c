/*
 * Copyright (C) the Pupil authors
 *
 * Who has a seat, and whose turn it is.
 */

#include <stdio.h>
#include <stdlib.h>

#include "core/login/seats.h"
#include "tap.h"


#define PARTIES  400    /* of 1024 entries: some share one */
#define KEYS     8


static const pupil_uuid_t  here = { { 1 } };

static pupil_seats_t *
seats_new(void)
{
    pupil_seats_t  *seats;

    seats = calloc(1, sizeof(*seats));
    if (seats == NULL) {
        abort();
    }

    pupil_seats_init(seats);

    return seats;
}


static pupil_str_t
named(char name[16], const char *what, size_t n)
{
    pupil_str_t  s;

    snprintf(name, 16, "%s%03zu", what, n);
    s.data = (const uint8_t *) name;
    s.len = strlen(name);

    return s;
}


static size_t
entry_of(pupil_seats_t *seats, size_t n)
{
    char          name[16];
    pupil_seat_t  seat = { 0 };

    pupil_seats_take(seats, PARTIES, &here, named(name, "10.0.", n),
                     PUPIL_SEATS_STRANGER, &seat);
    pupil_seats_leave(seats, &seat);

    return seat.party;
}


/* Two that share an entry. */
static int
sharing(pupil_seats_t *seats, size_t *a, size_t *b)
{
    size_t  i, j, entry[PARTIES];

    for (i = 0; i < PARTIES; i++) {
        entry[i] = entry_of(seats, i);

        for (j = 0; j < i; j++) {
            if (entry[i] == entry[j]) {
                *a = j;
                *b = i;
                return 1;
            }
        }
    }

    return 0;
}


static void
test_keyed(void)
{
    size_t          a, b, i, shared;
    pupil_seats_t  *seats, *other;

    seats = seats_new();

    ok(sharing(seats, &a, &b), "of many parties two share an entry");
    ok(entry_of(seats, a) == entry_of(seats, b), "whenever they come");

    for (i = shared = 0; i < KEYS; i++) {
        other = seats_new();
        shared += entry_of(other, a) == entry_of(other, b);
        free(other);
    }

    ok(shared < KEYS, "under other keys they do not");

    free(seats);
}


int
main(void)
{
    if (sodium_init() < 0) {
        return 1;
    }

    test_keyed();

    return tap_done();
}
