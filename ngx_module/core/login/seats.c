/*
 * Copyright (C) the Pupil authors
 */

#include <string.h>

#include "core/login/seats.h"


#define SEATS_KEPT   4    /* one of so many is a kind's */
#define SEATS_SHARE  7    /* of a network, by what is left */
#define SEATS_PART   16   /* of an account: one of so many */


/*
 * Nobody can choose whom they share an entry of served with: it has a key, and
 * with another key others share it.
 */
void
pupil_seats_init(pupil_seats_t *seats)
{
    seats->taken.next = &seats->taken;
    seats->taken.prev = &seats->taken;

    crypto_shorthash_keygen(seats->key);
}


static size_t
seats_party(const pupil_seats_t *seats, const pupil_uuid_t *tenant,
    pupil_str_t party)
{
    uint8_t   of[sizeof(tenant->b) + crypto_shorthash_BYTES];
    uint8_t   hash[crypto_shorthash_BYTES];
    uint64_t  number;

    memcpy(of, tenant->b, sizeof(tenant->b));
    crypto_shorthash(of + sizeof(tenant->b), party.data, party.len,
                     seats->key);

    crypto_shorthash(hash, of, sizeof(of), seats->key);
    memcpy(&number, hash, sizeof(number));

    return number % PUPIL_SEATS_PARTIES;
}


/* To this kind and those before it. */
static size_t
seats_left(const pupil_seats_t *seats, size_t most, pupil_seater_t kind)
{
    size_t  i, kept, theirs, held;

    kept = most / SEATS_KEPT;
    theirs = seats->strange ? most : most - kept;

    if (kind == PUPIL_SEATS_STRANGER && seats->schools) {
        theirs -= kept;
    }

    for (i = 0, held = 0; i <= kind; i++) {
        held += seats->of[i];
    }

    return theirs > held ? theirs - held : 0;
}


/* How many one party may hold. */
static size_t
seats_share(const pupil_seats_t *seats, size_t most, pupil_seater_t kind)
{
    if (kind == PUPIL_SEATS_KNOWN) {
        return most > SEATS_PART ? most / SEATS_PART : 1;
    }

    return seats_left(seats, most, kind) * SEATS_SHARE;
}


/* By this party: accounts that are known, or networks. */
static size_t
seats_held(const pupil_seats_t *seats, const pupil_seat_t *like)
{
    size_t               held;
    const pupil_seat_t  *seat;

    held = 0;

    for (seat = seats->taken.next; seat != &seats->taken; seat = seat->next) {
        held += (seat->kind == PUPIL_SEATS_KNOWN)
                == (like->kind == PUPIL_SEATS_KNOWN)
                && seat->party == like->party;
    }

    return held;
}


int
pupil_seats_take(pupil_seats_t *seats, size_t most,
    const pupil_uuid_t *tenant, pupil_str_t party, pupil_seater_t kind,
    pupil_seat_t *seat)
{
    static const pupil_str_t  none = { NULL, 0 };

    seat->tenant = seats_party(seats, tenant, none);
    seat->party = seats_party(seats, tenant, party);
    seat->kind = kind;

    if (seats->n >= most
        || seats_held(seats, seat) >= seats_share(seats, most, kind))
    {
        return 0;
    }

    seat->prev = seats->taken.prev;
    seat->next = &seats->taken;
    seat->prev->next = seat;
    seat->next->prev = seat;

    seats->of[kind]++;
    seats->n++;
    seat->taken = 1;

    return 1;
}


void
pupil_seats_move(pupil_seat_t *from, pupil_seat_t *to)
{
    *to = *from;

    if (from->taken) {
        to->prev->next = to;
        to->next->prev = to;
        from->taken = 0;
    }
}


void
pupil_seats_leave(pupil_seats_t *seats, pupil_seat_t *seat)
{
    if (!seat->taken) {
        return;
    }

    seat->prev->next = seat->next;
    seat->next->prev = seat->prev;

    seat->taken = 0;
    seats->of[seat->kind]--;
    seats->n--;
}


/*
 * Whose like was served the longest ago: of the kinds, then of tenants,
 * then of parties; of the same, who came first, which is b.
 */
static int
seats_before(const pupil_seats_t *seats, const pupil_seat_t *a,
    const pupil_seat_t *b)
{
    if (seats->kinds[a->kind] != seats->kinds[b->kind]) {
        return seats->kinds[a->kind] < seats->kinds[b->kind];
    }

    if (seats->served[a->tenant] != seats->served[b->tenant]) {
        return seats->served[a->tenant] < seats->served[b->tenant];
    }

    return seats->served[a->party] < seats->served[b->party];
}


pupil_seat_t *
pupil_seats_next(pupil_seats_t *seats)
{
    pupil_seat_t  *seat, *next;

    next = NULL;

    for (seat = seats->taken.next; seat != &seats->taken; seat = seat->next) {
        if (seat->waits
            && (next == NULL || seats_before(seats, seat, next)))
        {
            next = seat;
        }
    }

    if (next != NULL) {
        next->waits = 0;
        seats->turn++;
        seats->kinds[next->kind] = seats->turn;
        seats->served[next->tenant] = seats->turn;
        seats->served[next->party] = seats->turn;
    }

    return next;
}
