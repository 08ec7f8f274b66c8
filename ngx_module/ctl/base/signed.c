/*
 * Copyright (C) the Pupil authors
 *
 * libxmlsec1 works out digests and the signature, with the key of a certificate
 * that was checked before, and finds nothing but what is registered here.  What
 * a message may look like is decided before that: see signed_parts.c.
 */

#include <openssl/err.h>
#include <sodium.h>
#include <string.h>
#include <xmlsec/xmlsec.h>
#include <xmlsec/errors.h>
#include <xmlsec/io.h>
#include <xmlsec/openssl/crypto.h>
#include <xmlsec/openssl/evp.h>
#include <xmlsec/xmldsig.h>

#include "core/base/time.h"
#include "ctl/base/clock.h"
#include "ctl/base/signed.h"
#include "ctl/base/signed_parts.h"


#define TOKEN_MOST  16384       /* bytes of a certificate */


static int library_start(void);
static void be_silent(const char *file, int line, const char *function,
    const char *object, const char *subject, int reason, const char *message);
static X509 *certificate_of(const signed_parts_t *parts);
static const char *signature_check(const signed_parts_t *parts,
    X509 *certificate);
static xmlSecDSigCtxPtr signature_begin(X509 *certificate);
static int parts_register(const signed_parts_t *parts);
static const char *signature_says(const signed_parts_t *parts,
    xmlSecDSigCtxPtr ctx);
static const char *time_check(const signed_parts_t *parts, int64_t asked);
static int time_read(const xmlNode *timestamp, const char *name,
    int64_t *seconds);
static const char *answer_check(const signed_parts_t *parts, const char *to,
    xmlNodePtr *body);


const char *
ctl_signed_check(xmlDocPtr doc, const ctl_signed_t *expected,
    xmlNodePtr *body)
{
    X509            *certificate;
    const char      *reason;
    signed_parts_t   parts;

    reason = signed_parts_find(doc, &parts);
    if (reason != NULL) {
        return reason;
    }

    if (library_start() != 0) {
        return "cannot be checked: libxmlsec1 does not start";
    }

    certificate = certificate_of(&parts);
    if (certificate == NULL) {
        return "has a token that is no certificate";
    }

    reason = ctl_signers_check(expected->signers, certificate);

    if (reason == NULL) {
        reason = signature_check(&parts, certificate);
    }

    X509_free(certificate);
    ERR_clear_error();

    if (reason == NULL) {
        reason = time_check(&parts, expected->asked);
    }

    return reason != NULL ? reason
           : answer_check(&parts, expected->to, body);
}


static int
library_start(void)
{
    static int  started;

    if (started) {
        return 0;
    }

    xmlSecErrorsSetCallback(be_silent);

    if (xmlSecInit() != 0 || xmlSecCheckVersion() != 1
        || xmlSecOpenSSLInit() != 0)
    {
        return -1;
    }

    /* no address is ever read */
    xmlSecIOCleanupCallbacks();
    started = 1;

    return 0;
}


static void
be_silent(const char *file, int line, const char *function,
    const char *object, const char *subject, int reason, const char *message)
{
    (void) file;
    (void) line;
    (void) function;
    (void) object;
    (void) subject;
    (void) reason;
    (void) message;
}


static X509 *
certificate_of(const signed_parts_t *parts)
{
    X509                 *certificate;
    size_t                len;
    uint8_t               der[TOKEN_MOST];
    pupil_str_t           text;
    const unsigned char  *end;

    if (ctl_xml_text(parts->token, &text) != 0
        || sodium_base642bin(der, sizeof(der), (const char *) text.data,
                             text.len, " \t\r\n", &len, NULL,
                             sodium_base64_VARIANT_ORIGINAL) != 0)
    {
        return NULL;
    }

    end = der;
    certificate = d2i_X509(NULL, &end, (long) len);

    if (certificate != NULL && end != der + len) {
        X509_free(certificate);
        certificate = NULL;
    }

    return certificate;
}


static const char *
signature_check(const signed_parts_t *parts, X509 *certificate)
{
    const char        *reason;
    xmlSecDSigCtxPtr   ctx;

    ctx = signature_begin(certificate);
    if (ctx == NULL) {
        return "is signed by a key that is none of RSA";
    }

    if (parts_register(parts) != 0) {
        reason = "names parts by ids that are none";

    } else if (xmlSecDSigCtxVerify(ctx, parts->signature) != 0) {
        reason = "has a signature that cannot be worked out";

    } else {
        reason = signature_says(parts, ctx);
    }

    xmlSecDSigCtxDestroy(ctx);

    return reason;
}


/* With the key of the certificate, whatever the message has. */
static xmlSecDSigCtxPtr
signature_begin(X509 *certificate)
{
    EVP_PKEY          *key;
    xmlSecKeyDataPtr   data;
    xmlSecDSigCtxPtr   ctx;

    key = X509_get_pubkey(certificate);

    if (key == NULL || EVP_PKEY_get_base_id(key) != EVP_PKEY_RSA) {
        EVP_PKEY_free(key);
        return NULL;
    }

    ctx = xmlSecDSigCtxCreate(NULL);
    data = xmlSecOpenSSLEvpKeyAdopt(key);       /* whose the key is then */

    if (data == NULL) {
        EVP_PKEY_free(key);
    }

    if (ctx == NULL || data == NULL
        || (ctx->signKey = xmlSecKeyCreate()) == NULL
        || xmlSecKeySetValue(ctx->signKey, data) != 0)
    {
        if (data != NULL) {
            xmlSecKeyDataDestroy(data);
        }

        xmlSecDSigCtxDestroy(ctx);
        return NULL;
    }

    ctx->enabledReferenceUris = xmlSecTransformUriTypeSameDocument;

    if (xmlSecDSigCtxEnableReferenceTransform(ctx, xmlSecTransformExclC14NId)
        != 0
        || xmlSecDSigCtxEnableReferenceTransform(
               ctx, xmlSecOpenSSLTransformSha256Id) != 0
        || xmlSecDSigCtxEnableSignatureTransform(
               ctx, xmlSecTransformExclC14NId) != 0
        || xmlSecDSigCtxEnableSignatureTransform(
               ctx, xmlSecOpenSSLTransformRsaSha256Id) != 0)
    {
        xmlSecDSigCtxDestroy(ctx);
        return NULL;
    }

    return ctx;
}


/* Nothing but these is found by an id. */
static int
parts_register(const signed_parts_t *parts)
{
    unsigned       i;
    xmlAttrPtr     attribute;
    const xmlChar  *id;

    for (i = 0; i < parts->count; i++) {
        attribute = xmlHasNsProp(parts->parts[i], (const xmlChar *) "Id",
                                 (const xmlChar *) CTL_NS_WSU);
        id = (const xmlChar *) signed_parts_id(parts->parts[i]);

        if (attribute == NULL || id == NULL
            || xmlAddID(NULL, parts->parts[i]->doc, id, attribute) == NULL)
        {
            return -1;
        }
    }

    return 0;
}


static const char *
signature_says(const signed_parts_t *parts, xmlSecDSigCtxPtr ctx)
{
    xmlSecSize                i, count;
    xmlSecDSigReferenceCtxPtr  reference;

    count = xmlSecPtrListGetSize(&ctx->signedInfoReferences);

    for (i = 0; i < count; i++) {
        reference = xmlSecPtrListGetItem(&ctx->signedInfoReferences, i);

        if (reference == NULL
            || reference->status != xmlSecDSigStatusSucceeded)
        {
            return "is not what was signed";
        }
    }

    return ctx->status != xmlSecDSigStatusSucceeded || count != parts->count
           ? "has a signature that is not of its certificate" : NULL;
}


/* It was made about when it was asked for, and is not over. */
static const char *
time_check(const signed_parts_t *parts, int64_t asked)
{
    int64_t  created, expires, now;

    now = (int64_t) (ctl_now() / PUPIL_TIME_SECOND);

    if (time_read(parts->timestamp, "Created", &created) != 0
        || time_read(parts->timestamp, "Expires", &expires) != 0)
    {
        return "has a Timestamp that is not understood";
    }

    if (created < asked - CTL_SIGNED_SKEW) {
        return "is older than what it answers";
    }

    if (created > now + CTL_SIGNED_SKEW) {
        return "was made later than now";
    }

    return expires < asked || expires <= created ? "is over" : NULL;
}


static int
time_read(const xmlNode *timestamp, const char *name, int64_t *seconds)
{
    xmlNodePtr    node;
    pupil_str_t   text;
    pupil_time_t  time;

    node = ctl_xml_only(timestamp, CTL_NS_WSU, name);

    if (node == NULL || ctl_xml_text(node, &text) != 0
        || pupil_time_parse(text.data, text.len, &time) != PUPIL_OK)
    {
        return -1;
    }

    *seconds = time / PUPIL_TIME_SECOND;

    return 0;
}


static const char *
answer_check(const signed_parts_t *parts, const char *to, xmlNodePtr *body)
{
    pupil_str_t  text;

    if (ctl_xml_text(parts->relates, &text) != 0 || text.len != strlen(to)
        || memcmp(text.data, to, text.len) != 0)
    {
        return "is the answer to another message";
    }

    *body = ctl_xml_first(parts->body);

    return *body == NULL || ctl_xml_next(*body) != NULL
           ? "has not one thing in its Body" : NULL;
}
