/*
 * Copyright (C) the Pupil authors
 */

#include <sodium.h>

#include "http/login/ngx_http_pupil_seats.h"


#define NGX_HTTP_PUPIL_SEATS_KEPT   4    /* one of so many is a kind's */
#define NGX_HTTP_PUPIL_SEATS_SHARE  7    /* of a network, by what is left */
#define NGX_HTTP_PUPIL_SEATS_PART   16   /* of an account: one of so many */


static ngx_uint_t ngx_http_pupil_seats_party(
    const ngx_http_pupil_seats_t *seats, const pupil_uuid_t *tenant,
    const pupil_str_t *party);
static ngx_uint_t ngx_http_pupil_seats_share(
    const ngx_http_pupil_seats_t *seats, ngx_uint_t most,
    ngx_http_pupil_seater_t kind);
static ngx_uint_t ngx_http_pupil_seats_left(
    const ngx_http_pupil_seats_t *seats, ngx_uint_t most,
    ngx_http_pupil_seater_t kind);
static ngx_uint_t ngx_http_pupil_seats_held(
    const ngx_http_pupil_seats_t *seats, const ngx_http_pupil_seat_t *like);
static ngx_uint_t ngx_http_pupil_seats_before(
    const ngx_http_pupil_seats_t *seats, const ngx_http_pupil_seat_t *a,
    const ngx_http_pupil_seat_t *b);


/* Nobody can choose whom they share an entry of served with: it has a seed. */
void
ngx_http_pupil_seats_init(ngx_http_pupil_seats_t *seats)
{
    ngx_queue_init(&seats->taken);
    seats->seed = randombytes_random();
}


ngx_int_t
ngx_http_pupil_seats_take(ngx_http_pupil_seats_t *seats, ngx_uint_t most,
    const pupil_uuid_t *tenant, const pupil_str_t *party,
    ngx_http_pupil_seater_t kind, ngx_http_pupil_seat_t *seat)
{
    static const pupil_str_t  none = pupil_str("");

    seat->tenant = ngx_http_pupil_seats_party(seats, tenant, &none);
    seat->party = ngx_http_pupil_seats_party(seats, tenant, party);
    seat->kind = kind;

    if (seats->n >= most
        || ngx_http_pupil_seats_held(seats, seat)
           >= ngx_http_pupil_seats_share(seats, most, kind))
    {
        return NGX_BUSY;
    }

    ngx_queue_insert_tail(&seats->taken, &seat->link);
    seats->of[kind]++;
    seats->n++;
    seat->taken = 1;

    return NGX_OK;
}


static ngx_uint_t
ngx_http_pupil_seats_party(const ngx_http_pupil_seats_t *seats,
    const pupil_uuid_t *tenant, const pupil_str_t *party)
{
    uint32_t  hash;

    ngx_crc32_init(hash);
    ngx_crc32_update(&hash, (u_char *) &seats->seed, sizeof(seats->seed));
    ngx_crc32_update(&hash, (u_char *) tenant->b, sizeof(tenant->b));
    ngx_crc32_update(&hash, (u_char *) party->data, party->len);
    ngx_crc32_final(hash);

    return hash % NGX_HTTP_PUPIL_SEATS_PARTIES;
}


/* How many one party may hold. */
static ngx_uint_t
ngx_http_pupil_seats_share(const ngx_http_pupil_seats_t *seats,
    ngx_uint_t most, ngx_http_pupil_seater_t kind)
{
    return kind == NGX_HTTP_PUPIL_SEATS_KNOWN
           ? ngx_max(most / NGX_HTTP_PUPIL_SEATS_PART, 1)
           : ngx_http_pupil_seats_left(seats, most, kind)
             * NGX_HTTP_PUPIL_SEATS_SHARE;
}


/* To this kind and those before it. */
static ngx_uint_t
ngx_http_pupil_seats_left(const ngx_http_pupil_seats_t *seats,
    ngx_uint_t most, ngx_http_pupil_seater_t kind)
{
    ngx_uint_t  i, kept, theirs, held;

    kept = most / NGX_HTTP_PUPIL_SEATS_KEPT;
    theirs = seats->strange ? most : most - kept;

    if (kind == NGX_HTTP_PUPIL_SEATS_STRANGER && seats->schools) {
        theirs -= kept;
    }

    for (i = 0, held = 0; i <= kind; i++) {
        held += seats->of[i];
    }

    return theirs - ngx_min(theirs, held);
}


/* By this party: accounts that are known, or networks. */
static ngx_uint_t
ngx_http_pupil_seats_held(const ngx_http_pupil_seats_t *seats,
    const ngx_http_pupil_seat_t *like)
{
    ngx_uint_t               held;
    ngx_queue_t             *q;
    ngx_http_pupil_seat_t  *seat;

    held = 0;

    for (q = ngx_queue_head(&seats->taken);
         q != ngx_queue_sentinel(&seats->taken); q = ngx_queue_next(q))
    {
        seat = ngx_queue_data(q, ngx_http_pupil_seat_t, link);
        held += (seat->kind == NGX_HTTP_PUPIL_SEATS_KNOWN)
                == (like->kind == NGX_HTTP_PUPIL_SEATS_KNOWN)
                && seat->party == like->party;
    }

    return held;
}


void
ngx_http_pupil_seats_move(ngx_http_pupil_seat_t *from,
    ngx_http_pupil_seat_t *to)
{
    *to = *from;

    if (from->taken) {
        ngx_queue_insert_after(&from->link, &to->link);
        ngx_queue_remove(&from->link);
        from->taken = 0;
    }
}


void
ngx_http_pupil_seats_leave(ngx_http_pupil_seats_t *seats,
    ngx_http_pupil_seat_t *seat)
{
    if (!seat->taken) {
        return;
    }

    ngx_queue_remove(&seat->link);
    seat->taken = 0;
    seats->of[seat->kind]--;
    seats->n--;
}


ngx_http_pupil_seat_t *
ngx_http_pupil_seats_next(ngx_http_pupil_seats_t *seats)
{
    ngx_queue_t             *q;
    ngx_http_pupil_seat_t  *seat, *next;

    next = NULL;

    for (q = ngx_queue_head(&seats->taken);
         q != ngx_queue_sentinel(&seats->taken); q = ngx_queue_next(q))
    {
        seat = ngx_queue_data(q, ngx_http_pupil_seat_t, link);

        if (seat->waits
            && (next == NULL
                || ngx_http_pupil_seats_before(seats, seat, next)))
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


/*
 * Whose like was served the longest ago: of the kinds, then of tenants,
 * then of parties; of the same, who came first, which is b.
 */
static ngx_uint_t
ngx_http_pupil_seats_before(const ngx_http_pupil_seats_t *seats,
    const ngx_http_pupil_seat_t *a, const ngx_http_pupil_seat_t *b)
{
    if (seats->kinds[a->kind] != seats->kinds[b->kind]) {
        return seats->kinds[a->kind] < seats->kinds[b->kind];
    }

    if (seats->served[a->tenant] != seats->served[b->tenant]) {
        return seats->served[a->tenant] < seats->served[b->tenant];
    }

    return seats->served[a->party] < seats->served[b->party];
}
