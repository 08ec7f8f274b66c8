/*
 * Copyright (C) the Pupil authors
 */

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "ctl/base/ctl.h"
#include "ctl/base/file.h"
#include "ctl/base/signers.h"


#define STRENGTH  2     /* of OpenSSL: 112 bits, RSA of 2048, no SHA-1 */


struct ctl_signers_s {
    ctl_pool_t       pool;
    X509_STORE      *roots;
    STACK_OF(X509)  *issuers;
    const char      *name;
};

static const int  names[] = {
    NID_commonName, NID_organizationIdentifier, NID_serialNumber
};


static int authorities_read(ctl_signers_t *signers, const char *path);
static int authority_take(ctl_signers_t *signers, X509 *certificate);
static const char *chain_check(const ctl_signers_t *signers,
    X509 *certificate);
static const char *reason_of(int code);
static int named(X509 *certificate, const char *name);


ctl_signers_t *
ctl_signers_open(const char *path, const char *name)
{
    ctl_signers_t  *signers;

    signers = ctl_pool_owner(sizeof(ctl_signers_t),
                             offsetof(ctl_signers_t, pool));
    signers->name = ctl_pool_text(&signers->pool, name, strlen(name));
    signers->roots = X509_STORE_new();
    signers->issuers = sk_X509_new_null();

    if (signers->roots == NULL || signers->issuers == NULL) {
        ctl_error("out of memory");

    } else if (authorities_read(signers, path) == 0) {
        return signers;
    }

    ctl_signers_close(signers);

    return NULL;
}


void
ctl_signers_close(ctl_signers_t *signers)
{
    ctl_pool_t  pool;

    if (signers == NULL) {
        return;
    }

    X509_STORE_free(signers->roots);
    sk_X509_pop_free(signers->issuers, X509_free);
    pool = signers->pool;
    ctl_pool_free(&pool);
}


static int
authorities_read(ctl_signers_t *signers, const char *path)
{
    int     taken;
    BIO    *bio;
    char   *text;
    X509   *certificate;
    size_t  len;

    text = ctl_file_read(&signers->pool, path, &len);
    if (text == NULL) {
        return -1;
    }

    bio = BIO_new_mem_buf(text, (int) len);
    taken = 0;

    while (bio != NULL
           && (certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL)) != NULL)
    {
        if (authority_take(signers, certificate) != 0) {
            X509_free(certificate);
            taken = 0;
            break;
        }

        X509_free(certificate);
        taken++;
    }

    BIO_free(bio);
    ERR_clear_error();

    return taken != 0 && sk_X509_OBJECT_num(X509_STORE_get0_objects(
                             signers->roots)) != 0 ? 0
           : ctl_error("%s has no certificates of authorities in PEM, one of"
                       " which issued itself", path);
}


static int
authority_take(ctl_signers_t *signers, X509 *certificate)
{
    if (X509_check_ca(certificate) == 0) {
        return -1;
    }

    if (X509_self_signed(certificate, 1) == 1) {
        return X509_STORE_add_cert(signers->roots, certificate) == 1 ? 0 : -1;
    }

    if (!X509_up_ref(certificate)) {
        return -1;
    }

    if (sk_X509_push(signers->issuers, certificate) == 0) {
        X509_free(certificate);
        return -1;
    }

    return 0;
}


const char *
ctl_signers_check(const ctl_signers_t *signers, X509 *certificate)
{
    const char  *reason;

    reason = chain_check(signers, certificate);
    ERR_clear_error();

    if (reason != NULL) {
        return reason;
    }

    if (X509_check_ca(certificate) != 0) {
        return "is signed by an authority itself";
    }

    if ((X509_get_key_usage(certificate)
         & (KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION)) == 0)
    {
        return "is signed by a certificate that is not for signatures";
    }

    return named(certificate, signers->name) ? NULL
           : "is signed by somebody else than signer says";
}


static const char *
chain_check(const ctl_signers_t *signers, X509 *certificate)
{
    const char      *reason;
    X509_STORE_CTX  *ctx;

    reason = "out of memory";
    ctx = X509_STORE_CTX_new();

    if (ctx != NULL
        && X509_STORE_CTX_init(ctx, signers->roots, certificate,
                               signers->issuers) == 1)
    {
        X509_VERIFY_PARAM_set_auth_level(X509_STORE_CTX_get0_param(ctx),
                                         STRENGTH);
        reason = X509_verify_cert(ctx) == 1
                 ? NULL : reason_of(X509_STORE_CTX_get_error(ctx));
    }

    X509_STORE_CTX_free(ctx);

    return reason;
}


static const char *
reason_of(int code)
{
    size_t  i;

    static const struct {
        int          code;
        const char  *reason;
    } reasons[] = {
        { X509_V_ERR_CERT_HAS_EXPIRED,
          "is signed by a certificate that is over, or its authority is" },
        { X509_V_ERR_CERT_NOT_YET_VALID,
          "is signed by a certificate that has not begun" },
        { X509_V_ERR_EE_KEY_TOO_SMALL,
          "is signed by a key that is too small" },
        { X509_V_ERR_CA_MD_TOO_WEAK,
          "is signed by a certificate whose own signature is too weak" }
    };

    for (i = 0; i < PUPIL_COUNT(reasons); i++) {
        if (reasons[i].code == code) {
            return reasons[i].reason;
        }
    }

    return "is signed by a certificate that no authority of the file has"
           " issued";
}


/* To the letter, and the only one of its kind. */
static int
named(X509 *certificate, const char *name)
{
    int               k;
    size_t            i;
    ASN1_STRING      *text;
    unsigned char    *utf8;
    int               len, is;
    const X509_NAME  *subject;

    subject = X509_get_subject_name(certificate);

    for (i = 0; i < PUPIL_COUNT(names); i++) {
        k = X509_NAME_get_index_by_NID(subject, names[i], -1);

        if (k < 0 || X509_NAME_get_index_by_NID(subject, names[i], k) >= 0) {
            continue;
        }

        text = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, k));
        len = ASN1_STRING_to_UTF8(&utf8, text);
        if (len < 0) {
            continue;
        }

        is = (size_t) len == strlen(name)
             && memcmp(utf8, name, (size_t) len) == 0;
        OPENSSL_free(utf8);

        if (is) {
            return 1;
        }
    }

    return 0;
}
