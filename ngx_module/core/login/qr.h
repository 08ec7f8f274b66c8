/*
 * Copyright (C) the Pupil authors
 *
 * A text as a QR code (ISO/IEC 18004), as a picture that a page can show.
 * Context: any.
 */

#ifndef PUPIL_QR_H
#define PUPIL_QR_H

#include "core/base/pupil.h"


#define PUPIL_QR_MAX   624    /* bytes of a text that is drawn */
#define PUPIL_QR_SIZE  "240"  /* pixels, where a page says nothing */


/*
 * SVG with a white margin, and without scripts, styles or anything from
 * elsewhere; its viewBox is in modules.  PUPIL_INVALID: the text is empty or
 * too long; PUPIL_NO_MEMORY.  Ownership: alloc's, for the caller to wipe.
 */
pupil_rc_t pupil_qr_svg(const pupil_alloc_t *alloc, pupil_str_t text,
    pupil_str_t *svg);

#endif /* PUPIL_QR_H */
