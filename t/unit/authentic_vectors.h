/*
 * Copyright (C) the Pupil authors
 *
 * MACs of the rows of test_authentic.c, from a second implementation.
 */

#ifndef AUTHENTIC_VECTORS_H
#define AUTHENTIC_VECTORS_H


/* Key 00 01 .. 1f over the rows of row_*(). */

static const char  vec_mac_subject[] =
    "983e68ae5ffac522b287bc17932292d021d179d43cb122c6739e7886d574fb11";

static const char  vec_mac_role[] =
    "d0b3b85db2a7702b88891b62cb77ae71fc52ee9b3f5bdf24401413b8c5594e75";

/* The same with number 0x01020304. */
static const char  vec_mac_role_numbered[] =
    "effe558be6acce59c379e4622d5595cf2525b8f29ae7ee5629d203fdb0d372b9";

static const char  vec_mac_enrolment[] =
    "67a897cbf2df51f20ebd1ef6ae325b32880a97698123001c57668bd24d7dacb8";

static const char  vec_mac_index[] =
    "7ad02a5a07f265c1c7305aa85deda52653500f219cf0e6f70e7cf4120d221efb";

static const char  vec_mac_session[] =
    "ba7ac6ea13814ad7436fac8528142b1e1cb7f19a176f92c2b706d57bbe86ad63";

/* With a session and a subject of a provider. */
static const char  vec_mac_there[] =
    "80c41da21c1d2a43ff0c991d64e9c2bf0e3a0789ea66852aeb2ea19ab519638f";

static const char  vec_mac_mail[] =
    "21459321567227696cb429270a7417e2eb2779b079d69d926305ec7406ff0fdc";

static const char  vec_mac_image[] =
    "2b404080a183633a2607f84d81668dc7e92aec3772abcb1f5b6be3d312a13b35";

/* With a link and number 7. */
static const char  vec_mac_link[] =
    "b49e8f4594f59f24e748659bcfc606f0a4e59fd09d189e91414d2489c1988ebf"
    "00000007";

#endif /* AUTHENTIC_VECTORS_H */
