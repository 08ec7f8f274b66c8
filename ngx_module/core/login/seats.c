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


static uint64_t
seats_holder(const pupil_seats_t *seats, const pupil_seat_for_t *whom,
    pupil_seat_holder_t what, pupil_str_t name)
{
    uint8_t   of[PUPIL_UUID_LEN + 1 + crypto_shorthash_BYTES];
    uint8_t   hash[crypto_shorthash_BYTES];
    uint64_t  number;

    memcpy(of, whom->tenant->b, PUPIL_UUID_LEN);
    of[PUPIL_UUID_LEN] =
        (uint8_t) (whom->kind * PUPIL_SEATS_HOLDERS + what);
    crypto_shorthash(of + PUPIL_UUID_LEN + 1, name.data, name.len,
                     seats->key);

    crypto_shorthash(hash, of, sizeof(of), seats->key);
    memcpy(&number, hash, sizeof(number));

    return number;
}


static void
seats_holders(const pupil_seats_t *seats, const pupil_seat_for_t *whom,
    pupil_seat_t *seat)
{
    static const pupil_str_t  none = { NULL, 0 };

    memset(seat, 0, sizeof(*seat));
    seat->kind = whom->kind;

    seat->is[PUPIL_SEATS_TENANT] =
        seats_holder(seats, whom, PUPIL_SEATS_TENANT, none);
    seat->is[PUPIL_SEATS_NETWORK] =
        seats_holder(seats, whom, PUPIL_SEATS_NETWORK, whom->network);
    seat->is[PUPIL_SEATS_PARTY] = whom->kind == PUPIL_SEATS_KNOWN
        ? seats_holder(seats, whom, PUPIL_SEATS_PARTY, whom->account)
        : seat->is[PUPIL_SEATS_NETWORK];
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


/* By the holders of this one, which has counts of none. */
static void
seats_count(const pupil_seats_t *seats, pupil_seat_t *seat)
{
    size_t               i;
    const pupil_seat_t  *other;

    for (i = 0; i < PUPIL_SEATS_HOLDERS; i++) {
        seat->held[i] = 0;
    }

    for (other = seats->taken.next; other != &seats->taken;
         other = other->next)
    {
        for (i = 0; i < PUPIL_SEATS_HOLDERS; i++) {
            seat->held[i] += other->kind == seat->kind
                             && other->is[i] == seat->is[i];
        }
    }
}


/* One more or less by the holders of this one, for all that are taken. */
static void
seats_recount(pupil_seats_t *seats, const pupil_seat_t *seat, int more)
{
    size_t         i;
    pupil_seat_t  *other;

    for (other = seats->taken.next; other != &seats->taken;
         other = other->next)
    {
        for (i = 0; i < PUPIL_SEATS_HOLDERS; i++) {
            if (other->kind == seat->kind && other->is[i] == seat->is[i]) {
                other->held[i] += more ? 1 : (size_t) -1;
            }
        }
    }
}


/* Whether it makes room for who comes. */
static int
seats_yields(const pupil_seats_t *seats, size_t most, const pupil_seat_t *seat,
    const pupil_seat_t *comes)
{
    size_t  i, kept;

    if (seat->kind != comes->kind) {
        kept = most / SEATS_KEPT;

        return seats->of[seat->kind] > kept
               && (comes->kind > seat->kind || seats->of[comes->kind] < kept);
    }

    for (i = 0; i < PUPIL_SEATS_HOLDERS; i++) {
        if (seat->is[i] != comes->is[i]) {
            return seat->held[i] > comes->held[i] + 1;
        }
    }

    return 0;
}


/*
 * Whose kind, and then whose holder, holds more, or as many as b's.  Nobody who
 * is known makes room for one while there are others.
 */
static int
seats_greedier(const pupil_seats_t *seats, const pupil_seat_t *a,
    const pupil_seat_t *b, const pupil_seat_t *comes)
{
    size_t  i;

    if (a->kind != b->kind && comes->kind == PUPIL_SEATS_KNOWN
        && (a->kind == PUPIL_SEATS_KNOWN || b->kind == PUPIL_SEATS_KNOWN))
    {
        return b->kind == PUPIL_SEATS_KNOWN;
    }

    if (seats->of[a->kind] != seats->of[b->kind]) {
        return seats->of[a->kind] > seats->of[b->kind];
    }

    for (i = 0; i < PUPIL_SEATS_HOLDERS; i++) {
        if (a->held[i] != b->held[i]) {
            return a->held[i] > b->held[i];
        }
    }

    return 1;
}


/* Of these kinds, and of the same, who came last; NULL: there is none. */
static pupil_seat_t *
seats_greediest(pupil_seats_t *seats, size_t most, pupil_seater_t up_to,
    const pupil_seat_t *comes)
{
    pupil_seat_t  *seat, *found;

    found = NULL;

    for (seat = seats->taken.next; seat != &seats->taken; seat = seat->next) {
        if (!seat->begun && seat->kind <= up_to
            && seats_yields(seats, most, seat, comes)
            && (found == NULL || seats_greedier(seats, seat, found, comes)))
        {
            found = seat;
        }
    }

    return found;
}


/* Room for it, but for who makes some of these kinds; 0: it has its share. */
static int
seats_room(const pupil_seats_t *seats, size_t most, const pupil_seat_t *seat,
    int *room, pupil_seater_t *up_to)
{
    size_t  left;

    *room = seats->n < most;
    *up_to = PUPIL_SEATS_KNOWN;

    if (seat->kind == PUPIL_SEATS_KNOWN) {
        return seat->held[PUPIL_SEATS_PARTY]
               < (most > SEATS_PART ? most / SEATS_PART : 1);
    }

    left = seats_left(seats, most, seat->kind);

    if (left == 0) {
        *room = 0;
        *up_to = seat->kind;
        return 1;
    }

    return seat->held[PUPIL_SEATS_NETWORK] < left * SEATS_SHARE;
}


/* Whether there is one; *yields: who has to make room for it, or NULL. */
static int
seats_found(pupil_seats_t *seats, size_t most, const pupil_seat_for_t *whom,
    pupil_seat_t *seat, pupil_seat_t **yields)
{
    int              room;
    pupil_seater_t   up_to;

    *yields = NULL;
    seats_holders(seats, whom, seat);
    seats_count(seats, seat);

    if (!seats_room(seats, most, seat, &room, &up_to)) {
        return 0;
    }

    if (!room) {
        *yields = seats_greediest(seats, most, up_to, seat);
    }

    return room || *yields != NULL;
}


int
pupil_seats_would(pupil_seats_t *seats, size_t most,
    const pupil_seat_for_t *whom)
{
    pupil_seat_t  seat, *yields;

    return seats_found(seats, most, whom, &seat, &yields);
}


int
pupil_seats_take(pupil_seats_t *seats, size_t most,
    const pupil_seat_for_t *whom, pupil_seat_t *seat, pupil_seat_t **out)
{
    pupil_seat_t  *yields;

    if (!seats_found(seats, most, whom, seat, &yields)
        || (yields != NULL && out == NULL))
    {
        return 0;
    }

    if (yields != NULL) {
        pupil_seats_leave(seats, yields);
        seats_count(seats, seat);
    }

    if (out != NULL) {
        *out = yields;
    }

    seat->prev = seats->taken.prev;
    seat->next = &seats->taken;
    seat->prev->next = seat;
    seat->next->prev = seat;

    seats->of[seat->kind]++;
    seats->n++;
    seat->taken = 1;
    seats_recount(seats, seat, 1);

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
    seats_recount(seats, seat, 0);
}


/*
 * Whose like was served the longest ago: of the kinds, then of tenants,
 * then of parties; of the same, who came first, which is b.
 */
static int
seats_before(const pupil_seats_t *seats, const pupil_seat_t *a,
    const pupil_seat_t *b)
{
    uint64_t  one, other;

    if (seats->kinds[a->kind] != seats->kinds[b->kind]) {
        return seats->kinds[a->kind] < seats->kinds[b->kind];
    }

    one = seats->served[a->is[PUPIL_SEATS_TENANT] % PUPIL_SEATS_PARTIES];
    other = seats->served[b->is[PUPIL_SEATS_TENANT] % PUPIL_SEATS_PARTIES];

    if (one != other) {
        return one < other;
    }

    return seats->served[a->is[PUPIL_SEATS_PARTY] % PUPIL_SEATS_PARTIES]
           < seats->served[b->is[PUPIL_SEATS_PARTY] % PUPIL_SEATS_PARTIES];
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
        next->begun = 1;
        seats->turn++;
        seats->kinds[next->kind] = seats->turn;
        seats->served[next->is[PUPIL_SEATS_TENANT] % PUPIL_SEATS_PARTIES] =
            seats->turn;
        seats->served[next->is[PUPIL_SEATS_PARTY] % PUPIL_SEATS_PARTIES] =
            seats->turn;
    }

    return next;
}
