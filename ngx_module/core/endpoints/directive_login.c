/*
 * Copyright (C) the Pupil authors
 */

#include "core/endpoints/directive_login.h"


/* A role in pupil_second_factor. */
#define FACTOR(word)                                                          \
    { .name = (word), .kind = PUPIL_WORD_CHOICE, .choices = factors }


static const char *const  passwords[] = { "off", "staff", "all", NULL };
static const char *const  factors[] = { "off", "optional", "required", NULL };


const pupil_word_t  pupil_login_password_words[1] = {
    [PUPIL_VALUE] =
    { .name = "", .kind = PUPIL_WORD_CHOICE, .choices = passwords }
};

const pupil_word_t  pupil_password_hash_words[5] = {
    [PUPIL_HASH_MEMORY] =
    { .name = "memory=", .kind = PUPIL_WORD_KIB, .min = 19 * 1024,
      .max = 1024 * 1024 },
    [PUPIL_HASH_ITERATIONS] =
    { .name = "iterations=", .kind = PUPIL_WORD_NUMBER, .min = 2,
      .max = 10 },
    [PUPIL_HASH_POOL] = { .name = "pool=", .kind = PUPIL_WORD_TEXT },
    [PUPIL_HASH_QUEUE] =
    { .name = "queue=", .kind = PUPIL_WORD_NUMBER, .min = 1, .max = 1024 },
    [PUPIL_HASH_PARALLEL] =
    { .name = "parallel=", .kind = PUPIL_WORD_NUMBER, .min = 1,
      .max = PUPIL_HASH_PARALLEL_MOST }
};

const pupil_word_t  pupil_password_new_words[2] = {
    [PUPIL_NEW_COMMON] = { .name = "", .kind = PUPIL_WORD_TEXT },
    [PUPIL_NEW_LENGTH] =
    { .name = "length=", .kind = PUPIL_WORD_NUMBER, .min = 8, .max = 64 }
};

const pupil_word_t  pupil_second_factor_words[PUPIL_ROLE_NONE] = {
    [PUPIL_ROLE_TENANT_ADMIN] = FACTOR("tenant_admin="),
    [PUPIL_ROLE_DPO] = FACTOR("dpo="),
    [PUPIL_ROLE_SCHOOL_ADMIN] = FACTOR("school_admin="),
    [PUPIL_ROLE_TEACHER] = FACTOR("teacher="),
    [PUPIL_ROLE_SUPPORT] = FACTOR("support="),
    [PUPIL_ROLE_PUPIL] = FACTOR("pupil=")
};
