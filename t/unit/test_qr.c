/*
 * Copyright (C) the Pupil authors
 *
 * A text as a QR code: what becomes SVG, what does not, and nothing of it in
 * memory that is not there.  That a reader reads it: t/second-factor.t.
 */

#include <sodium.h>

#include "tap.h"
#include "core/login/qr.h"


int
main(void)
{
    size_t         n, good;
    uint8_t        text[PUPIL_QR_MAX + 1];
    pupil_str_t    from, svg;
    pupil_alloc_t  alloc;

    static tap_arena_t  arena;

    static const char  head[] = "<svg xmlns=\"http://www.w3.org/2000/svg\""
        " width=\"240\" height=\"240\" viewBox=\"0 0 29 29\"";
    static const char  tail[] = "\"/></svg>";

    if (sodium_init() < 0) {
        return 2;
    }

    alloc.alloc = tap_arena_alloc;
    alloc.ctx = &arena;
    from.data = tap_guarded((const uint8_t *) "pupil", 5);
    from.len = 5;
    ok(pupil_qr_svg(&alloc, from, &svg) == PUPIL_OK
       && svg.len > sizeof(head) + sizeof(tail)
       && memcmp(svg.data, head, sizeof(head) - 1) == 0
       && memcmp(svg.data + svg.len - sizeof(tail) + 1, tail,
                 sizeof(tail) - 1) == 0,
       "the smallest code, with its margin");
    tap_arena_reset(&arena);

    arena.fail_at = 1;
    ok(pupil_qr_svg(&alloc, from, &svg) == PUPIL_NO_MEMORY, "no memory");
    tap_arena_reset(&arena);

    for (n = 1, good = 0; n <= PUPIL_QR_MAX; n += 7) {
        randombytes_buf(text, n);
        from.data = text;
        from.len = n;

        if (pupil_qr_svg(&alloc, from, &svg) == PUPIL_OK) {
            good += memcmp(svg.data + svg.len - sizeof(tail) + 1, tail,
                           sizeof(tail) - 1) == 0;
        }

        tap_arena_reset(&arena);
    }

    ok(good == PUPIL_QR_MAX / 7 + 1, "texts of any length and of any bytes");

    from.len = PUPIL_QR_MAX + 1;
    ok(pupil_qr_svg(&alloc, from, &svg) == PUPIL_INVALID, "but no longer one");
    from.len = 0;
    ok(pupil_qr_svg(&alloc, from, &svg) == PUPIL_INVALID, "nor none");

    return tap_done();
}
