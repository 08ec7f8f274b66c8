/*
 * Copyright (C) the Pupil authors
 */

#include <string.h>
#include <strings.h>

#include "ctl/roster/format.h"
#include "ctl/roster/protect.h"


#define NAME_MAX_LEN  64        /* of a column that is looked at */

/* Parts of names, any case: English, Swedish, Danish, Norwegian, Finnish. */
static const char *const  parts[] = {
    "securitymarking", "security marking", "protectedidentity",
    "protected identity", "protectedaddress", "confidential",
    "sekretess", "skyddad",
    "beskyttet", "adressebeskyt", "navnebeskyt",
    "adressesperre", "fortrolig",
    "turvakielto",
    NULL
};

/* What says that somebody is not protected. */
static const char  says_no[] = "|0|false|no|none|n|nej|ingen|nei|ei";


int
roster_protect_column(pupil_str_t name)
{
    char                text[NAME_MAX_LEN + 1];
    const char *const  *part;

    if (name.len > NAME_MAX_LEN) {
        return 0;
    }

    memcpy(text, name.data, name.len);
    text[name.len] = '\0';

    for (part = parts; *part != NULL; part++) {
        if (strcasestr(text, *part) != NULL) {
            return 1;
        }
    }

    return 0;
}


int
roster_protect_mark(pupil_str_t cell)
{
    return !roster_is_one_of(cell, says_no);
}
