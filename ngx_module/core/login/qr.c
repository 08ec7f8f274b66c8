/*
 * Copyright (C) the Pupil authors
 *
 * A QR code as SVG: a line for each run of dark modules.
 */

#include <stdio.h>
#include <string.h>

#include <qrencode.h>
#include <sodium.h>

#include "core/login/qr.h"


#define MARGIN    4                         /* modules, as the standard asks */
#define LINE_LEN  sizeof("M177 177.5h177")  /* the largest code has as many */

#define HEAD                                                                  \
    "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"" PUPIL_QR_SIZE "\""   \
    " height=\"" PUPIL_QR_SIZE "\" viewBox=\"0 0 %d %d\""                     \
    " shape-rendering=\"crispEdges\">"                                        \
    "<path fill=\"#fff\" d=\"M0 0h%dv%dH0z\"/><path stroke=\"#000\" d=\""
#define TAIL  "\"/></svg>"


static size_t qr_lines(const QRcode *code, char *p);
static int qr_dark(const QRcode *code, int x, int y);


pupil_rc_t
pupil_qr_svg(const pupil_alloc_t *alloc, pupil_str_t text, pupil_str_t *svg)
{
    int      side;
    char    *p;
    size_t   len;
    QRcode  *code;

    if (text.len == 0 || text.len > PUPIL_QR_MAX) {
        return PUPIL_INVALID;
    }

    code = QRcode_encodeData((int) text.len, text.data, 0, QR_ECLEVEL_M);
    if (code == NULL) {
        return PUPIL_NO_MEMORY;
    }

    side = code->width + 2 * MARGIN;
    p = alloc->alloc(alloc->ctx, sizeof(HEAD) + 4 * sizeof("185")
                                 + qr_lines(code, NULL) + sizeof(TAIL));

    if (p != NULL) {
        len = (size_t) sprintf(p, HEAD, side, side, side, side);
        len += qr_lines(code, p + len);
        memcpy(p + len, TAIL, sizeof(TAIL) - 1);

        svg->data = (uint8_t *) p;
        svg->len = len + sizeof(TAIL) - 1;
    }

    /* a secret can be read from it, and the library wipes nothing */
    sodium_memzero(code->data, (size_t) (code->width * code->width));
    QRcode_free(code);

    return p == NULL ? PUPIL_NO_MEMORY : PUPIL_OK;
}


/* How many bytes they are, and where p is NULL, at most. */
static size_t
qr_lines(const QRcode *code, char *p)
{
    int     x, y, from;
    size_t  len;

    len = 0;

    for (y = 0; y < code->width; y++) {
        for (x = 0; x < code->width; x++) {
            from = x;

            while (qr_dark(code, x, y)) {
                x++;
            }

            if (x == from) {
                continue;
            }

            len += p == NULL
                   ? LINE_LEN
                   : (size_t) sprintf(p + len, "M%d %d.5h%d", from + MARGIN,
                                      y + MARGIN, x - from);
        }
    }

    return len;
}


static int
qr_dark(const QRcode *code, int x, int y)
{
    return x < code->width && (code->data[y * code->width + x] & 1);
}
