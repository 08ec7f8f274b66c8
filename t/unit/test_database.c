/*
 * Copyright (C) the Pupil authors
 *
 * What follows from the answers of the two databases.
 */

#include <sodium.h>

#include "tap.h"
#include "core/base/text.h"
#include "core/endpoints/database.h"


static pupil_error_t  error;


static int
says(pupil_rc_t rc, const char *words)
{
    printf("# %s\n", error.text);

    return rc == PUPIL_INVALID && strstr(error.text, words) != NULL;
}


static void
test_schema(void)
{
    uint32_t  d;
    int64_t   known;

    for (d = 0; d < PUPIL_DATABASE_COUNT; d++) {
        known = pupil_databases[d].schema;

        ok(pupil_schema_fits(d, known, known, &error) == PUPIL_OK
           && pupil_schema_fits(d, known + 5, known, &error) == PUPIL_OK
           && pupil_schema_fits(d, known, 0, &error) == PUPIL_OK,
           "%s: what it knows, and what is newer and says that it may",
           pupil_databases[d].name);
        ok(says(pupil_schema_fits(d, known - 1, 0, &error),
                "run pupilctl migrate")
           && strstr(error.text, pupil_databases[d].name) != NULL,
           "an older one is named");
        ok(says(pupil_schema_fits(d, known + 1, known + 1, &error),
                "upgrade Pupil"), "one of the future, too");
    }
}


static void
test_systems(void)
{
    ok(pupil_systems_fit(7, 8, &error) == PUPIL_OK
       && pupil_systems_fit(0, 0, &error) == PUPIL_OK
       && pupil_systems_fit(7, 0, &error) == PUPIL_OK,
       "two clusters, or none that is known");
    ok(says(pupil_systems_fit(UINT64_MAX, UINT64_MAX, &error),
            "same_cluster"), "one cluster");
}


static void
test_epochs(void)
{
    uint8_t        hex[64];
    pupil_kek_t    keks[2];
    pupil_str_t    print = { hex, sizeof(hex) };
    pupil_epoch_t  known[2];

    randombytes_buf(keks, sizeof(keks));
    keks[0].epoch = 2;
    keks[1].epoch = 4294967295u;
    pupil_epochs_known(keks, 2, known);

    pupil_hex_encode(known[1].fingerprint, 32, hex);
    ok(pupil_epoch_fits(known, 2, 4294967295, print, &error) == PUPIL_OK,
       "an epoch of the file");
    ok(says(pupil_epoch_fits(known, 2, 2, print, &error),
            "another installation"), "another key of that number");
    ok(pupil_epoch_fits(known, 1, 4294967295, print, &error) == PUPIL_NO_KEY
       && strstr(error.text, "copy the newest key file") != NULL,
       "a newer epoch than the file has");
    ok(says(pupil_epoch_fits(known, 2, 1, print, &error), "does not have"),
       "an older one");
    ok(says(pupil_epoch_fits(known, 2, -1, print, &error), "does not have"),
       "no number of an epoch");

    print.len = 62;
    ok(says(pupil_epoch_fits(known, 2, 4294967295, print, &error),
            "another installation"), "half a fingerprint");
    print.len = 0;
    ok(says(pupil_epoch_fits(known, 2, 4294967295, print, &error),
            "another installation"), "none at all");
}


static void
test_fixed(void)
{
    uint32_t  i, n, bad, oids[PUPIL_STATEMENT_PARAMS];

    for (i = 0, bad = 0; i < PUPIL_FIXED_COUNT; i++) {
        n = pupil_fixed_oids(&pupil_fixed[i], oids);
        bad += n == 0 || n > PUPIL_STATEMENT_PARAMS || oids[0] != 20
               || pupil_fixed[i].columns == 0;
    }

    ok(bad == 0, "every fixed statement has its nonce and its columns");
}


int
main(void)
{
    if (sodium_init() < 0) {
        return 2;
    }

    test_schema();
    test_systems();
    test_epochs();
    test_fixed();

    return tap_done();
}
