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

#ifndef _NGX_HTTP_PUPIL_SEATS_H_INCLUDED_
#define _NGX_HTTP_PUPIL_SEATS_H_INCLUDED_

#include "http/request/ngx_http_pupil_types.h"


#define NGX_HTTP_PUPIL_SEATS_PARTIES  1024    /* some share one by hash */


/* Who takes one: each kind leaves seats to those behind it. */
typedef enum {
    NGX_HTTP_PUPIL_SEATS_STRANGER = 0,
    NGX_HTTP_PUPIL_SEATS_SCHOOL,               /* from a school's network */
    NGX_HTTP_PUPIL_SEATS_KNOWN,                /* a device, or a session */
    NGX_HTTP_PUPIL_SEATS_KINDS
} ngx_http_pupil_seater_t;

/* A log-in's; in its own memory, while it is taken. */
typedef struct {
    ngx_queue_t    link;
    ngx_uint_t     tenant, party;              /* entries of served */
    ngx_http_pupil_seater_t  kind;
    unsigned       taken:1;
    unsigned       waits:1;                    /* for its hash */
} ngx_http_pupil_seat_t;

/* A worker's. */
typedef struct {
    ngx_queue_t    taken;                      /* in the order of arrival */
    ngx_uint_t     n;
    ngx_uint_t     of[NGX_HTTP_PUPIL_SEATS_KINDS];
    unsigned       schools:1;                  /* some network is named */
    unsigned       strange:1;                  /* nobody is known before */
    uint32_t       seed;
    uint64_t       turn;
    uint64_t       kinds[NGX_HTTP_PUPIL_SEATS_KINDS];  /* last turns */
    uint64_t       served[NGX_HTTP_PUPIL_SEATS_PARTIES];
} ngx_http_pupil_seats_t;


/* Configuration. */
void ngx_http_pupil_seats_init(ngx_http_pupil_seats_t *seats);

/*
 * Takes one of so many.  party: a network, or of who is known the account, in
 * whatever form, or empty.  NGX_BUSY: there is none for it.
 */
ngx_int_t ngx_http_pupil_seats_take(ngx_http_pupil_seats_t *seats,
    ngx_uint_t most, const pupil_uuid_t *tenant, const pupil_str_t *party,
    ngx_http_pupil_seater_t kind, ngx_http_pupil_seat_t *seat);

/* The same seat, in other memory. */
void ngx_http_pupil_seats_move(ngx_http_pupil_seat_t *from,
    ngx_http_pupil_seat_t *to);

/* Nothing to do when it is not taken. */
void ngx_http_pupil_seats_leave(ngx_http_pupil_seats_t *seats,
    ngx_http_pupil_seat_t *seat);

/* Whose turn it is of those that wait, and waits no more; NULL: nobody's. */
ngx_http_pupil_seat_t *ngx_http_pupil_seats_next(
    ngx_http_pupil_seats_t *seats);

#endif /* _NGX_HTTP_PUPIL_SEATS_H_INCLUDED_ */
