/*
 * Copyright (C) the Pupil authors
 *
 * A message of SOAP 1.2 that WS-Security signs, by an X.509 token.  What is
 * read of it is what was signed: the parts are found by where they stand, and
 * only these can be named by the signature, once each.  RSA with SHA-256 over
 * exclusive canonical XML is all that is understood.
 */

#ifndef PUPIL_CTL_SIGNED_H
#define PUPIL_CTL_SIGNED_H

#include "ctl/base/signers.h"
#include "ctl/base/xml.h"


#define CTL_NS_SOAP  "http://www.w3.org/2003/05/soap-envelope"
#define CTL_NS_WSA   "http://www.w3.org/2005/08/addressing"
#define CTL_NS_DS    "http://www.w3.org/2000/09/xmldsig#"
#define CTL_NS_WSS   "http://docs.oasis-open.org/wss/2004/01/oasis-200401-"
#define CTL_NS_WSSE  CTL_NS_WSS "wss-wssecurity-secext-1.0.xsd"
#define CTL_NS_WSU   CTL_NS_WSS "wss-wssecurity-utility-1.0.xsd"

#define CTL_X509V3    CTL_NS_WSS "wss-x509-token-profile-1.0#X509v3"
#define CTL_BASE64    CTL_NS_WSS "wss-soap-message-security-1.0#Base64Binary"
#define CTL_EXC_C14N  "http://www.w3.org/2001/10/xml-exc-c14n#"
#define CTL_SHA256    "http://www.w3.org/2001/04/xmlenc#sha256"
#define CTL_RSA_SHA256  "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"

#define CTL_SIGNED_SKEW  300    /* seconds that clocks may differ by */


/* What is asked of an answer. */
typedef struct {
    const ctl_signers_t  *signers;
    const char           *to;       /* the id of the message that it is to */
    int64_t               asked;    /* when that was sent, seconds of UTC */
} ctl_signed_t;


/*
 * NULL, or why it is not believed: nothing of it may be used then.  *body: the
 * only element in its body.
 */
const char *ctl_signed_check(xmlDocPtr doc, const ctl_signed_t *expected,
    xmlNodePtr *body);

#endif /* PUPIL_CTL_SIGNED_H */
