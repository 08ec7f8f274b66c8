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
 *     turns      of a kind, tenants take turns, and the networks and accounts
 *                of each
 *     room       where none is left, who comes takes the seat of whoever holds
 *                the most, unless its hash has begun: as known that of another
 *                kind, down to a quarter, and whoever has less than a quarter
 *                that of a kind with more; of their own kind that of a tenant,
 *                else of a network of their tenant, else of an account of their
 *                network, that then still holds as many as they do.  So each
 *                kind that asks has a quarter at least, and nobody of it is
 *                sent away while another holds two more
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

/* Whom a seat is held by, within its kind. */
typedef enum {
    PUPIL_SEATS_TENANT = 0,
    PUPIL_SEATS_NETWORK,              /* of the tenant's */
    PUPIL_SEATS_PARTY,                /* the account; who has none: that */
    PUPIL_SEATS_HOLDERS
} pupil_seat_holder_t;

/* Who asks for one.  The account: of who is known, in whatever form. */
typedef struct {
    const pupil_uuid_t  *tenant;
    pupil_str_t          network, account;
    pupil_seater_t       kind;
} pupil_seat_for_t;

/* A log-in's; in its own memory, while it is taken. */
typedef struct pupil_seat_s  pupil_seat_t;

struct pupil_seat_s {
    pupil_seat_t    *next, *prev;
    uint64_t         is[PUPIL_SEATS_HOLDERS];
    size_t           held[PUPIL_SEATS_HOLDERS];  /* by each, of this kind */
    pupil_seater_t   kind;
    unsigned         taken:1;
    unsigned         waits:1;                  /* for its hash */
    unsigned         begun:1;                  /* that is */
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
 * Takes one of so many, and is not 0, unless there is none for it.  out: NULL,
 * and nobody makes room; or who has made room, and holds none any more, or
 * NULL.
 */
int pupil_seats_take(pupil_seats_t *seats, size_t most,
    const pupil_seat_for_t *whom, pupil_seat_t *seat, pupil_seat_t **out);

/* Whether there is one for them, where somebody makes room if need be. */
int pupil_seats_would(pupil_seats_t *seats, size_t most,
    const pupil_seat_for_t *whom);

/* The same seat, in other memory. */
void pupil_seats_move(pupil_seat_t *from, pupil_seat_t *to);

/* Nothing to do when it is not taken. */
void pupil_seats_leave(pupil_seats_t *seats, pupil_seat_t *seat);

/* Whose turn it is of those that wait, and waits no more; NULL: nobody's. */
pupil_seat_t *pupil_seats_next(pupil_seats_t *seats);

#endif /* PUPIL_SEATS_H */
