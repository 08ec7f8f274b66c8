/*
 * Copyright (C) the Pupil authors
 *
 * The key-encryption keys, on which everything hangs, and their file.
 */

#ifndef PUPIL_KEK_H
#define PUPIL_KEK_H

#include "core/vault/vault.h"


#define PUPIL_KEYRING_EPOCHS  8     /* loaded at once */
#define PUPIL_KEK_LINE_MAX    (13 + 10 + 1 + 2 * PUPIL_KEY_LEN + 1)


/* One epoch of the KEK, as it stands in the key file. */
typedef struct {
    uint32_t     epoch;
    pupil_key_t  key;
} pupil_kek_t;


/*
 * Reads the key file: lines "pupil-kek-v1 EPOCH HEX", newest last, mode 0600
 * or 0400, owned by the reader; anything else is refused, PUPIL_FAILED, with
 * a text that says what to do and holds nothing of a key.  path:
 * NUL-terminated.  keks: room for PUPIL_KEYRING_EPOCHS, filled, *count set;
 * should lie in an arena.  Context: configuration (as root), pupilctl.
 */
pupil_rc_t pupil_kek_read(const char *path, pupil_kek_t *keks,
    uint32_t *count, pupil_error_t *error);

/* The same of the file's text; path is for the error. */
pupil_rc_t pupil_kek_parse(const uint8_t *text, size_t len, const char *path,
    pupil_kek_t *keks, uint32_t *count, pupil_error_t *error);

/*
 * The line of a key, with its newline and without a NUL; returns its length.
 * It holds the key: the caller wipes out.
 */
size_t pupil_kek_format(const pupil_kek_t *kek, char out[PUPIL_KEK_LINE_MAX]);

/* What keystore.kek_epoch.fingerprint holds. */
void pupil_kek_fingerprint(const pupil_key_t *kek, uint8_t out[PUPIL_HASH_LEN]);

#endif /* PUPIL_KEK_H */
