/*
 * Copyright (C) the Pupil authors
 *
 * Known answers of the vault, computed by a second implementation, in Python,
 * from the description in vault.h: hashlib's BLAKE2b and the
 * XChaCha20-Poly1305 of libsodium's combined API.
 */

#ifndef PUPIL_VAULT_VECTORS_H
#define PUPIL_VAULT_VECTORS_H

/* Key 00 01 .. 1f, the place of place_make(), nonce a0 a1 .. b7. */

static const char  vec_subkey[] =
    "4bfcfc807f71b66e88678775514455358baaa9d0c10d1563bcc0b1da8baa2e35"
    "ed796d9c90115522cc627c8a6523448528d06329e0f8e9af57e0514e5608b53f";

static const char  vec_ad[] =
    "010176616c75650000000000000000000000101112131415161718191a1b1c1d"
    "1e1f404142434445464748494a4b4c4d4e4f00086964656e74697479000a6769"
    "76656e5f6e616d65707172737475767778797a7b7c7d7e7f0000000700000000";

static const char  vec_sealed[] =
    "0101000000074ba0214dca581469ccbd8f60e9b7f2f2c48395b6e483277fcaed"
    "4e5ee614f63ba0a1a2a3a4a5a6a7a8a9aaabacadaeafb0b1b2b3b4b5b6b7218e"
    "de8e58ea01ad078aea0887ce27e3aef1a5e92da4e5254fcc98733549d83b5cc2"
    "638d44fe59fd075b82e49522bec6";

static const char  vec_sealed_empty[] =
    "0101000000077d73656e978e5dfb238a0393556a6860dcc73b755bf631e4508a"
    "d30f1722d5bca0a1a2a3a4a5a6a7a8a9aaabacadaeafb0b1b2b3b4b5b6b7218e"
    "de8a0285c206078aea0887ce27e3aef1a5e92da4e5254fcc98733549d83bcd47"
    "2faa81f21d97b568da29433b399f";

/* Authenticated by the right key, but padded wrongly. */

static const char  vec_pad_nonzero[] =
    "0101000000074039da2d7178722be14a1b0b221f39a340d548a582c135377b63"
    "be664dc6a4eda0a1a2a3a4a5a6a7a8a9aaabacadaeafb0b1b2b3b4b5b6b7218e"
    "de8e58ea01ad078aea0887ce27e3aef1a5e92da4e5254fcc98733549d83a7bf2"
    "463da5451e7e000457d048fdfb3c";

static const char  vec_pad_class[] =
    "01010000000729285b92728939cca0be479d95c1d8d916db7338cc8f5cbf8a1d"
    "6a6c4f01e7aca0a1a2a3a4a5a6a7a8a9aaabacadaeafb0b1b2b3b4b5b6b7218e"
    "de8e58ea01ad078aea0887ce27e3aef1a5e92da4e5254fcc98733549d83b9972"
    "f32cfae2a5b9e45d59559236ed714511c7a5210a15af4946547646e8350b6e64"
    "15442c31173f40780d0895053e6f";

static const char  vec_pad_length[] =
    "010100000007dd17646f185fc519d570d4edf4b6217d7380fa71729ef5327000"
    "599b835abe2ba0a1a2a3a4a5a6a7a8a9aaabacadaeafb0b1b2b3b4b5b6b7218e"
    "de977afdba7e7ff29270ffb65f9bd689dd9155dc9d5d37b4e00b4d31a043aba8"
    "ec39bc3060a52595667c5508edc9";

static const char  vec_pad_huge[] =
    "01010000000735b7f4771c8e3d4e60fb3a6d19a141f8834bc50f5c6fb4b99aa7"
    "1a56e7274f33a0a1a2a3a4a5a6a7a8a9aaabacadaeafb0b1b2b3b4b5b6b7de71"
    "21757afdba7e7ff29270ffb65f9bd689dd9155dc9d5d37b4e00b4d31a0435c79"
    "e0d93fde3bd698e2fda4268340c8";

/* An owner key c0 c1 .. df, version 2, under version 3 of a tenant key. */

static const char  vec_wrapped[] =
    "010100000003a6cb2299a3faf33a7c702455f97953734184106cbb7cc0a72000"
    "c3bdc3091ec3a0a1a2a3a4a5a6a7a8a9aaabacadaeafb0b1b2b3b4b5b6b7070e"
    "4e8aa9b2e2d8ed25e0f7e1282a207a307df8bdf09c549b6f6e0bbd09e4bb9636"
    "28a2755d99fc4f8c3e27326ea22faa7e6f0ac28651c681b3fa68f511897fe58a"
    "2cac3413bf8b898d15b5b3a1dda3";

/* The same of only 31 bytes. */

static const char  vec_wrapped_short[] =
    "01010000000397d5e87959297c92cc7bd078c7821219627879da0c3375c252ef"
    "922ba1cc302ea0a1a2a3a4a5a6a7a8a9aaabacadaeafb0b1b2b3b4b5b6b7070e"
    "4eb5a9b2e2d8ed25e0f7e1282a207a307df8bdf09c549b6f6e0bbd09e4bb9636"
    "287d755d99fc4f8c3e27326ea22faa7e6f0ac28651c681b3fa68f511897fbec5"
    "a947c90e6346790d7c1ecdd67d18";

static const char  vec_blind[] =
    "4a38d6ec0479fe1ba675dd2a85415edb5b5f4e51295f21abc3fcd1dd4c5a4297";

/*
 * One ciphertext whose tag is right, and whose padding is well formed, under
 * the keys 00000327 x 8 and 00002c97 x 8; with the commitment of the first,
 * and of the second.
 */

static const char  vec_two_keys_1[] =
    "010100000007c261e3c3ef396933da34a1dd58aab301f242324247435682fad6"
    "5160d3327180a0a1a2a3a4a5a6a7a8a9aaabacadaeafb0b1b2b3b4b5b6b7a68a"
    "b0240300000000000000000000003f3330e015e1c0d6ecc14702c5b48adc0fb0"
    "72c9cd57de307704e10a905a3c47";

static const char  vec_two_keys_2[] =
    "01010000000738a10d9d40b2bc0fba35074af58d9fed74facb36049f7e466cd7"
    "423cc9cd998ba0a1a2a3a4a5a6a7a8a9aaabacadaeafb0b1b2b3b4b5b6b7a68a"
    "b0240300000000000000000000003f3330e015e1c0d6ecc14702c5b48adc0fb0"
    "72c9cd57de307704e10a905a3c47";

#endif /* PUPIL_VAULT_VECTORS_H */
