/*
 * Copyright (C) the Pupil authors
 *
 * The seats of a worker's log-ins, and whose hash is made next: so that who
 * guesses from everywhere, or from the network of a school, keeps out neither
 * who is known nor other networks and tenants, and who is known keeps out
 * nobody (pitfalls 31 and 32).
 *
 *     kinds      a quarter of the seats is for who is known alone, by a device
 *                or a session, and where schools' networks are named, another
 *                for these; of those that wait, each kind has every second or
 *                third hash
 *     networks   one holds no more than seven times what is left to its kind
 *     accounts   one holds a sixteenth as known; what it asks for more, from
 *                how many devices ever, it asks for as its network
 *     turns      tenants take turns, and the networks and accounts of each
 */

#ifndef PUPIL_SEATS_H
#define PUPIL_SEATS_H

#include <sodium.h>

#include "core/base/pupil.h"


#define PUPIL_SEATS_PARTIES  1024    /* some share one by hash */


/* Who takes one: each kind leaves seats to those behind it. */
typedef enum {
    PUPIL_SEATS_STRANGER = 0,
    PUPIL_SEATS_SCHOOL,               /* from a school's network */
    PUPIL_SEATS_KNOWN,                /* a device, or a session */
    PUPIL_SEATS_KINDS
} pupil_seater_t;

/* A log-in's; in its own memory, while it is taken. */
typedef struct pupil_seat_s  pupil_seat_t;

struct pupil_seat_s {
    pupil_seat_t    *next, *prev;
    size_t           tenant, party;            /* entries of served */
    pupil_seater_t   kind;
    unsigned         taken:1;
    unsigned         waits:1;                  /* for its hash */
};

/* A worker's. */
typedef struct {
    pupil_seat_t  taken;                       /* in the order of arrival */
    size_t        n;
    size_t        of[PUPIL_SEATS_KINDS];
    unsigned      schools:1;                   /* some network is named */
    unsigned      strange:1;                   /* nobody is known before */
    uint8_t       key[crypto_shorthash_KEYBYTES];
    uint64_t      turn;
    uint64_t      kinds[PUPIL_SEATS_KINDS];    /* last turns */
    uint64_t      served[PUPIL_SEATS_PARTIES];
} pupil_seats_t;


/* In memory of zeros. */
void pupil_seats_init(pupil_seats_t *seats);

/*
 * Takes one of so many, and is not 0, unless there is none for it.  party: a
 * network, or of who is known the account, in whatever form, or empty.
 */
int pupil_seats_take(pupil_seats_t *seats, size_t most,
    const pupil_uuid_t *tenant, pupil_str_t party, pupil_seater_t kind,
    pupil_seat_t *seat);

/* The same seat, in other memory. */
void pupil_seats_move(pupil_seat_t *from, pupil_seat_t *to);

/* Nothing to do when it is not taken. */
void pupil_seats_leave(pupil_seats_t *seats, pupil_seat_t *seat);

/* Whose turn it is of those that wait, and waits no more; NULL: nobody's. */
pupil_seat_t *pupil_seats_next(pupil_seats_t *seats);

#endif /* PUPIL_SEATS_H */
