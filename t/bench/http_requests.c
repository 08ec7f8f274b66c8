/*
 * Copyright (C) the Pupil authors
 *
 * Requests that http_load sends.
 */

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "http_load.h"


#define NEW_UUID  "uuiduuid-uuid-uuid-uuid-uuiduuiduuid"
#define UUID_LEN  36


static void
request_add(http_requests_t *requests, FILE *in, size_t len)
{
    char            *p;
    http_request_t  *r;

    requests->all = http_grow(requests->all,
                              (requests->count + 1) * sizeof(http_request_t));
    r = &requests->all[requests->count++];

    r->len = len;
    r->nmarks = 0;
    r->text = http_grow(NULL, len + 1);
    r->text[len] = '\0';

    if (fread(r->text, 1, len, in) != len) {
        http_die("a request is cut short");
    }

    for (p = r->text; (p = strstr(p, NEW_UUID)) != NULL; p += UUID_LEN) {
        if (r->nmarks == HTTP_MARKS) {
            http_die("too many UUIDs in a request");
        }

        r->marks[r->nmarks++] = (size_t) (p - r->text);
    }
}


void
http_requests_read(http_requests_t *requests, const char *path)
{
    FILE      *in;
    size_t     len;
    uint32_t   r;

    in = fopen(path, "r");
    if (in == NULL) {
        http_die("cannot read %s", path);
    }

    while (fscanf(in, "%zu", &len) == 1 && fgetc(in) == '\n') {
        request_add(requests, in, len);
    }

    fclose(in);

    if (requests->count == 0) {
        http_die("no request in %s", path);
    }

    if (getrandom(&r, sizeof(r), 0) != sizeof(r)) {
        http_die("no random bytes");
    }

    requests->next = r % requests->count;
}


static void
uuid_write(char *p)
{
    int       i, k;
    uint8_t   r[16];

    static const char  hex[] = "0123456789abcdef";

    if (getrandom(r, sizeof(r), 0) != sizeof(r)) {
        http_die("no random bytes");
    }

    r[6] = (r[6] & 0x0f) | 0x40;
    r[8] = (r[8] & 0x3f) | 0x80;

    for (i = 0, k = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10) {
            p[k++] = '-';
        }

        p[k++] = hex[r[i] >> 4];
        p[k++] = hex[r[i] & 15];
    }
}


const http_request_t *
http_requests_next(http_requests_t *requests)
{
    int              i;
    http_request_t  *r;

    r = &requests->all[requests->next];
    requests->next = (requests->next + 1) % requests->count;

    for (i = 0; i < r->nmarks; i++) {
        uuid_write(r->text + r->marks[i]);
    }

    return r;
}
