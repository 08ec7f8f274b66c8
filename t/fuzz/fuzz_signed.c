/*
 * Copyright (C) the Pupil authors
 *
 * A signed message: what may be one has each of its parts where it belongs, and
 * only parts of it are signed.
 */

#include <stdio.h>
#include <stdlib.h>

#include "ctl/base/signed.h"
#include "ctl/base/signed_parts.h"


#define check(what)                                                          \
    if (!(what)) {                                                           \
        fprintf(stderr, "line %d: %s\n", __LINE__, #what);                   \
        abort();                                                             \
    }


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static void
parts_check(const signed_parts_t *parts)
{
    unsigned               i;
    const xmlNode         *part;
    const signed_parts_t  *p = parts;

    check(p->header->parent == p->body->parent);
    check(p->security->parent == p->header);
    check(p->relates->parent == p->header);
    check(p->timestamp->parent == p->security);
    check(p->token->parent == p->security);
    check(p->signature->parent == p->security);
    check(p->count >= 3 && p->count <= SIGNED_PARTS_MOST);

    for (i = 0; i < p->count; i++) {
        part = p->parts[i];
        check(signed_parts_id(part) != NULL);
        check(part == p->body || part->parent == p->header
              || part == p->timestamp || part == p->token);
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    xmlDocPtr       doc;
    signed_parts_t  parts;

    doc = ctl_xml_read("fuzz", (const char *) data, size);

    if (doc != NULL && signed_parts_find(doc, &parts) == NULL) {
        parts_check(&parts);
    }

    ctl_xml_free(doc);

    return 0;
}
