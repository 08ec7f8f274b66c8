/*
 * Copyright (C) the Pupil authors
 *
 * Numbers come by standard input, as the words of a command can be seen by
 * others and stay in a shell's history; their names go where names are taken:
 * to user add, or into a roster.
 */

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "core/login/national.h"
#include "ctl/base/text.h"
#include "ctl/people/national.h"
#include "ctl/people/user.h"
#include "ctl/store/keys.h"


#define LINE_SIZE  64


static int names_print(const char *prefix, const pupil_key_t *key);


int
ctl_cmd_user_national(ctl_t *ctl)
{
    const pupil_key_t  *key;

    if (ctl_user_open(ctl) != 0) {
        return CTL_FAILED;
    }

    key = ctl_key_index(ctl, "credential", "login_id");

    return key != NULL
           && names_print(ctl->args_count != 0 ? ctl->args[0] : "", key) == 0
           ? CTL_DONE : CTL_FAILED;
}


static int
names_print(const char *prefix, const pupil_key_t *key)
{
    int          rc;
    char         line[LINE_SIZE];
    size_t       n;
    uint8_t      name[PUPIL_NATIONAL_NAME];
    pupil_str_t  number;

    rc = 0;
    number.data = (uint8_t *) line;

    for (n = 1; rc == 0 && fgets(line, sizeof(line), stdin) != NULL; n++) {
        number.len = strcspn(line, "\r\n");

        if ((line[number.len] != '\0' || feof(stdin))
            && pupil_national_name(key, number, name) == PUPIL_OK)
        {
            printf("%s%.*s\n", prefix, PUPIL_NATIONAL_NAME, name);
            continue;
        }

        rc = ctl_error("line %zu is no national number: at most %d letters"
                       " and digits, with hyphens and blanks as you like", n,
                       PUPIL_NATIONAL_MAX);
    }

    sodium_memzero(line, sizeof(line));

    return rc;
}
