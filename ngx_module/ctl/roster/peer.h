/*
 * Copyright (C) the Pupil authors
 *
 * A server that has a roster: asked by HTTP for JSON, with what a file of its
 * owner's alone says, and with patience where it asks for that.
 *
 * The file is a JSON object, and one of
 *
 *     { "token_url": ..., "client_id": ..., "client_secret": ...,
 *       "scope": ... }     OAuth 2.0 client credentials (RFC 6749, 4.4)
 *     { "bearer": ... }    a token
 *     { "api_key": ..., "header": ... }     a header field of its own
 *
 * scope and header may be left out; header is X-API-Key then.
 */

#ifndef PUPIL_CTL_ROSTER_PEER_H
#define PUPIL_CTL_ROSTER_PEER_H

#include "ctl/base/ctl.h"


typedef struct roster_peer_s  roster_peer_t;


/*
 * url: to which paths are added; --credentials and --ca say the rest.  NULL
 * with the error said.  From here on jansson wipes what it frees.
 */
roster_peer_t *roster_peer_open(ctl_t *ctl, const char *url);
void roster_peer_close(roster_peer_t *peer);

/*
 * What is at path with this query.  NULL with the error said, which has no
 * value of the answer; where none is not NULL and there is no such path, it is
 * set, and nothing said.  Ownership: the caller's.
 */
json_t *roster_peer_get(roster_peer_t *peer, const char *path,
    const char *query, int *none);

/* What the head of an answer says of pages: see ctl/base/http.h. */
typedef struct {
    int64_t  total;
    int      next;
} roster_paging_t;

/* The same of a path that is there, one page. */
json_t *roster_peer_page(roster_peer_t *peer, const char *path,
    const char *query, roster_paging_t *paging);

/* Of a text, as a query has it.  Ownership: the pool's. */
const char *roster_peer_escape(ctl_pool_t *pool, const char *text);

#endif /* PUPIL_CTL_ROSTER_PEER_H */
