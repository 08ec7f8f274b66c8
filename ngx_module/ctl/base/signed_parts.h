/*
 * Copyright (C) the Pupil authors
 *
 * What a signed message has to look like before its signature is worked out:
 * every part once, where it belongs, and the signature over the right ones by
 * nothing but what is understood.
 */

#ifndef PUPIL_CTL_SIGNED_PARTS_H
#define PUPIL_CTL_SIGNED_PARTS_H

#include "ctl/base/xml.h"


#define SIGNED_PARTS_MOST  16


typedef struct {
    xmlNodePtr  header, body, security;
    xmlNodePtr  timestamp, token, signature;    /* in security */
    xmlNodePtr  relates;                        /* in header */

    xmlNodePtr  parts[SIGNED_PARTS_MOST];       /* that are signed */
    unsigned    count;
} signed_parts_t;


/* NULL, or why it is none. */
const char *signed_parts_find(xmlDocPtr doc, signed_parts_t *parts);

/* The id that a part has; NULL: none that a reference may name. */
const char *signed_parts_id(const xmlNode *part);

#endif /* PUPIL_CTL_SIGNED_PARTS_H */
