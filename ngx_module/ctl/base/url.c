/*
 * Copyright (C) the Pupil authors
 */

#include <string.h>

#include "ctl/base/ctl.h"
#include "ctl/base/url.h"


static int part_there(CURLU *url, CURLUPart part);
static int url_check(CURLU *url, const char *text, const char *what);


int
ctl_url_loopback(CURLU *url)
{
    int    is;
    char  *host;

    if (curl_url_get(url, CURLUPART_HOST, &host, 0) != CURLUE_OK) {
        return 0;
    }

    is = strcmp(host, "127.0.0.1") == 0 || strcmp(host, "[::1]") == 0;
    curl_free(host);

    return is;
}


int
ctl_url_check(const char *text, const char *what)
{
    int     rc;
    CURLU  *url;

    url = curl_url();
    rc = url != NULL ? url_check(url, text, what) : ctl_error("out of memory");
    curl_url_cleanup(url);

    return rc;
}


static int
url_check(CURLU *url, const char *text, const char *what)
{
    int    https, http;
    char  *scheme;

    if (curl_url_set(url, CURLUPART_URL, text, 0) != CURLUE_OK
        || curl_url_get(url, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK)
    {
        return ctl_error("%s is no URL", what);
    }

    https = strcmp(scheme, "https") == 0;
    http = strcmp(scheme, "http") == 0;
    curl_free(scheme);

    if (!https && !(http && ctl_url_loopback(url))) {
        return ctl_error("%s is https://HOST; http:// is for 127.0.0.1 and"
                         " [::1] alone", what);
    }

    if (part_there(url, CURLUPART_USER) || part_there(url, CURLUPART_QUERY)
        || part_there(url, CURLUPART_FRAGMENT))
    {
        return ctl_error("%s has neither user, query nor fragment", what);
    }

    return 0;
}


static int
part_there(CURLU *url, CURLUPart part)
{
    char  *text;

    if (curl_url_get(url, part, &text, 0) != CURLUE_OK) {
        return 0;
    }

    curl_free(text);

    return 1;
}
