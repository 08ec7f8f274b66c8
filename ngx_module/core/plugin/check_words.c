/*
 * Copyright (C) the Pupil authors
 */

#include <string.h>

#include "core/base/text.h"
#include "core/plugin/check_words.h"


/* GDPR articles 9 and 10, as words of a name. */
static const char *const  pupil_check_special[] = {
    "health", "medical", "medicine", "medication", "diagnosis", "disease",
    "illness", "disability", "disabilities", "allergy", "allergies",
    "religion", "religious", "belief", "beliefs", "faith", "philosophical",
    "ethnicity", "ethnic", "race", "racial", "political", "politics",
    "union", "sexual", "sexuality", "sex", "biometric", "biometrics",
    "genetic", "genetics", "dna", "criminal", "conviction", "convictions",
    NULL
};


int
pupil_check_name(const char *name)
{
    size_t  len;

    if (name == NULL || *name < 'a' || *name > 'z') {
        return 0;
    }

    len = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_");

    return len <= PUPIL_MAX_NAME && name[len] == '\0';
}


const char *
pupil_check_show(const char *text)
{
    return text != NULL ? text : "(NULL)";
}


const char *
pupil_check_sensitive(const char *name)
{
    size_t              len;
    const char *const  *word;

    for ( ; ; name += len + 1) {
        len = strcspn(name, "_");

        for (word = pupil_check_special; *word != NULL; word++) {
            if (strlen(*word) == len && memcmp(*word, name, len) == 0) {
                return *word;
            }
        }

        if (name[len] == '\0') {
            return NULL;
        }
    }
}


int
pupil_check_sentence(const char *text)
{
    size_t  len;

    if (text == NULL || *text == '\0') {
        return 0;
    }

    len = strnlen(text, PUPIL_CHECK_TEXT + 1);

    return len <= PUPIL_CHECK_TEXT
           && pupil_utf8_check((const uint8_t *) text, len, NULL) == PUPIL_OK;
}
