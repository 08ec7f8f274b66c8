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
#define QUEUE    32
#define CROWD    64
#define STEPS    100000


static const pupil_uuid_t  here = { { 1 } }, there = { { 2 } };

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
    char              name[16];
    pupil_seat_t      seat;
    pupil_seat_for_t  whom = { .tenant = &here };

    whom.network = named(name, "10.0.", n);
    pupil_seats_take(seats, PARTIES, &whom, &seat, NULL);
    pupil_seats_leave(seats, &seat);

    return seat.is[PUPIL_SEATS_PARTY] % PUPIL_SEATS_PARTIES;
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


/* As a log-in does: as known, or else from its network. */
static int
enter(pupil_seats_t *seats, const pupil_uuid_t *tenant, const char *network,
    const char *account, pupil_seat_t *seat, pupil_seat_t **out)
{
    pupil_seat_for_t  whom = { .tenant = tenant };

    *out = NULL;
    whom.network.data = (const uint8_t *) network;
    whom.network.len = strlen(network);

    if (account != NULL) {
        whom.kind = PUPIL_SEATS_KNOWN;
        whom.account.data = (const uint8_t *) account;
        whom.account.len = strlen(account);

        if (pupil_seats_take(seats, QUEUE, &whom, seat, out)) {
            return 1;
        }
    }

    whom.kind = PUPIL_SEATS_STRANGER;

    return pupil_seats_take(seats, QUEUE, &whom, seat, out);
}


/* So many accounts of one network, each so many times: how many seats. */
static size_t
crowd(pupil_seats_t *seats, pupil_seat_t *seat, size_t accounts, size_t each)
{
    char          name[16];
    size_t        i;
    pupil_seat_t  *out;

    for (i = 0; i < accounts * each; i++) {
        (void) named(name, "a", i % accounts);

        if (enter(seats, &here, "net", name, &seat[i], &out)) {
            seat[i].waits = 1;
        }
    }

    return seats->n;
}


static void
test_crowd(size_t accounts, size_t each)
{
    size_t          i;
    pupil_seat_t    seat[CROWD], mine[5], *out;
    pupil_seats_t  *seats;

    static const struct {
        const pupil_uuid_t  *tenant;
        const char          *network, *account, *name;
        pupil_seater_t       kind;
    } who[] = {
        { &there, "net", "a000", "another tenant's", PUPIL_SEATS_KNOWN },
        { &here, "net", "mine", "another account", PUPIL_SEATS_KNOWN },
        { &here, "home", "too", "another network's", PUPIL_SEATS_KNOWN },
        { &there, "net", NULL, "another tenant's stranger",
          PUPIL_SEATS_STRANGER },
        { &here, "home", NULL, "another network's stranger",
          PUPIL_SEATS_STRANGER },
    };

    seats = seats_new();
    memset(seat, 0, sizeof(seat));

    ok(crowd(seats, seat, accounts, each) == QUEUE,
       "%zu accounts, %zu times each, have all seats", accounts, each);

    for (i = 0; i < 5; i++) {
        ok(enter(seats, who[i].tenant, who[i].network, who[i].account,
                 &mine[i], &out)
           && mine[i].kind == who[i].kind,
           "... but %s", who[i].name);
        ok(out >= seat && out < seat + CROWD && !out->taken && out->waits,
           "... one of theirs makes room");
    }

    ok(seats->n == QUEUE, "... and there are no more than there were");

    for (i = 0; i < CROWD; i++) {
        pupil_seats_leave(seats, &seat[i]);
    }

    ok(seats->n == 5 && mine[0].held[PUPIL_SEATS_TENANT] == 1
       && mine[1].held[PUPIL_SEATS_TENANT] == 2, "... they leave");

    free(seats);
}


/* Of one school, from so many networks that nothing is left to strangers. */
static void
test_strangers(void)
{
    char            name[16];
    size_t          i, n;
    pupil_seat_t    seat[CROWD], theirs, mine, *out;
    pupil_seats_t  *seats;

    seats = seats_new();
    memset(seat, 0, sizeof(seat));

    for (i = n = 0; i < CROWD; i++) {
        (void) named(name, "n", i);
        n += enter(seats, &here, name, NULL, &seat[i], &out);
    }

    ok(n == QUEUE - QUEUE / 4 && seats->n == n,
       "strangers have what is not for who is known");
    ok(enter(seats, &there, "n000", NULL, &theirs, &out)
       && out == &seat[n - 1],
       "... another tenant's gets in, who came last makes room");
    ok(!enter(seats, &here, "n999", NULL, &mine, &out),
       "... but not one like them");
    ok(seats->n == n, "... and they have no more than they had");

    free(seats);
}


static void
test_begun(void)
{
    size_t          i;
    pupil_seat_t    seat[CROWD], mine, *out;
    pupil_seats_t  *seats;

    seats = seats_new();
    memset(seat, 0, sizeof(seat));
    crowd(seats, seat, 6, 7);

    for (i = 0; pupil_seats_next(seats) != NULL; i++) { /* void */ }

    ok(i == QUEUE, "the hashes of all have begun");
    ok(!enter(seats, &there, "net", "mine", &mine, &out) && out == NULL,
       "... none of them makes room");

    free(seats);
}


static int
counted(const pupil_seats_t *seats)
{
    size_t               i, n, of[PUPIL_SEATS_KINDS] = { 0 };
    size_t               held;
    const pupil_seat_t  *a, *b;

    for (a = seats->taken.next, n = 0; a != &seats->taken; a = a->next, n++) {
        of[a->kind]++;

        for (i = 0; i < PUPIL_SEATS_HOLDERS; i++) {
            for (b = seats->taken.next, held = 0; b != &seats->taken;
                 b = b->next)
            {
                held += a->kind == b->kind && a->is[i] == b->is[i];
            }

            if (held != a->held[i]) {
                return 0;
            }
        }
    }

    return n == seats->n && n <= QUEUE
           && memcmp(of, seats->of, sizeof(of)) == 0;
}


/* Whoever is sent away leaves none that has two more, of its kind. */
static int
fair(const pupil_seats_t *seats, const pupil_seat_t *away)
{
    size_t               i;
    const pupil_seat_t  *seat;

    for (seat = seats->taken.next; seat != &seats->taken; seat = seat->next) {
        if (seat->begun) {
            continue;
        }

        if (seat->kind != away->kind) {
            if (seats->of[away->kind] < QUEUE / 4
                && away->kind == PUPIL_SEATS_KNOWN)
            {
                return 0;
            }

            continue;
        }

        for (i = 0; i < PUPIL_SEATS_HOLDERS; i++) {
            if (seat->is[i] != away->is[i]) {
                if (seat->held[i] > away->held[i] + 1) {
                    return 0;
                }

                break;
            }
        }
    }

    return 1;
}


static void
test_any(void)
{
    int                right = 1, is_fair = 1, only = 1;
    char               network[16], account[16];
    size_t             i, at, pushed = 0;
    pupil_seat_t       seat[CROWD], *out;
    pupil_seats_t     *seats;
    pupil_seat_for_t   whom;

    seats = seats_new();
    memset(seat, 0, sizeof(seat));

    for (i = 0; i < STEPS; i++) {
        at = randombytes_uniform(CROWD);

        if (seat[at].taken) {
            if (randombytes_uniform(4) == 0) {
                pupil_seats_leave(seats, &seat[at]);

            } else if (randombytes_uniform(8) == 0) {
                (void) pupil_seats_next(seats);
            }

        } else {
            whom.tenant = randombytes_uniform(4) == 0 ? &there : &here;
            whom.network = named(network, "n", randombytes_uniform(4));
            whom.account = named(account, "a", randombytes_uniform(12));
            whom.kind = randombytes_uniform(2) ? PUPIL_SEATS_KNOWN
                                               : PUPIL_SEATS_STRANGER;
            out = NULL;

            if (pupil_seats_take(seats, QUEUE, &whom, &seat[at], &out)) {
                seat[at].waits = 1;
                pushed += out != NULL;
                only &= out == NULL || (!out->begun && !out->taken);

            } else if (whom.kind == PUPIL_SEATS_KNOWN
                       && seat[at].held[PUPIL_SEATS_PARTY] < QUEUE / 16)
            {
                is_fair &= fair(seats, &seat[at]);
            }
        }

        right &= counted(seats);
    }

    ok(right, "whatever comes and goes, it is counted");
    ok(pushed > 0 && only, "who makes room has no hash that has begun");
    ok(is_fair, "who is known and sent away has as many as any, but for one");

    free(seats);
}


/* Strangers guess at a tenant: its known people have their turns, too. */
static void
test_turns(void)
{
    size_t           i, turns;
    pupil_seat_t     known, guess, rush[2], *next, *out;
    pupil_seats_t   *seats;

    seats = seats_new();
    turns = 0;
    next = NULL;

    for (i = 0; i < 8; i++) {          /* each was served before */
        (void) enter(seats, &here, "10.0.0", NULL, &guess, &out);
        (void) enter(seats, &there, "10.2.0", "b", &rush[0], &out);
        guess.waits = rush[0].waits = 1;
        (void) pupil_seats_next(seats);
        (void) pupil_seats_next(seats);
        pupil_seats_leave(seats, &guess);
        pupil_seats_leave(seats, &rush[0]);
    }

    (void) enter(seats, &here, "10.1.0", "a", &known, &out);
    (void) enter(seats, &there, "10.2.0", "b", &rush[0], &out);
    (void) enter(seats, &there, "10.2.0", "b", &rush[1], &out);
    (void) enter(seats, &here, "10.0.0", NULL, &guess, &out);
    known.waits = rush[0].waits = rush[1].waits = guess.waits = 1;

    while (turns < 16 && next != &known) {
        next = pupil_seats_next(seats);
        turns++;

        if (next == &guess || next == &rush[0] || next == &rush[1]) {
            next->waits = 1;           /* another one like it came */
            next->begun = 0;
        }
    }

    ok(next == &known && turns <= 4, "of a tenant that is guessed at, who is "
       "known waits for no guess");

    free(seats);
}


/* Who is known takes the seat of a stranger while these hold over a quarter. */
static void
test_room(void)
{
    char           name[16];
    size_t         i, knowns;
    pupil_seat_t   all[QUEUE], last, *out;
    pupil_seats_t  *seats;

    seats = seats_new();
    knowns = QUEUE - 12;

    for (i = 0; i < QUEUE; i++) {
        (void) enter(seats, &here, named(name, "10.", i).data
                     ? name : "", i < knowns ? name : NULL, &all[i], &out);
    }

    ok(seats->n == QUEUE, "no place is left");
    ok(enter(seats, &there, "10.9.9", "z", &last, &out) && out != NULL
       && out->kind == PUPIL_SEATS_STRANGER,
       "a stranger makes room for who is known, and nobody known does");

    free(seats);
}


int
main(void)
{
    if (sodium_init() < 0) {
        return 1;
    }

    test_keyed();
    test_crowd(6, 7);
    test_crowd(17, 2);
    test_strangers();
    test_begun();
    test_turns();
    test_room();
    test_any();

    return tap_done();
}
