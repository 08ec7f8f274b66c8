/*
 * Copyright (C) the Pupil authors
 *
 * Characters that do not belong into a title, or into any text.
 */

#ifndef PUPIL_LINE_H
#define PUPIL_LINE_H

#include "core/base/pupil.h"


/*
 * Does the UTF-8 hold a character that shows nothing itself but hides, joins,
 * breaks or turns round what is beside it?  U+00AD, U+200C and U+200D belong
 * to how words and emoji are written, so they may follow another character;
 * and so may tags follow a black flag, which they make that of a region.
 * plugins/common/text.h says the same of names, as a pattern.
 */
int pupil_line_has_format(const pupil_str_t *text);

/*
 * Does the UTF-8 hold one of C0, DEL or C1?  Those that break lines or indent
 * are let through where spaces says so.
 */
int pupil_line_has_control(const pupil_str_t *text, int spaces);

#endif /* PUPIL_LINE_H */
