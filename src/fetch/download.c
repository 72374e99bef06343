/* download.c - one file by HTTP, with libcurl. */
#define _GNU_SOURCE
#include "fetch/download.h"

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/file.h"

enum { TRIES = 5, TAG_BYTES = 256, CONNECT_SECONDS = 30, STALL_SECONDS = 60 };

typedef struct download {
    const cohl_download_params *params;
    char   *partial, *tag_path, *lock_path;
    int     lock;
    FILE   *file;
    int64_t start;                  /* bytes that were here before this try */
    int64_t here, all;              /* bytes now, and in all; 0: not told   */
    char    tag[TAG_BYTES];         /* of the version that lies here        */
    char    new_tag[TAG_BYTES];     /* of the version that the server has   */
    char    linked[TAG_BYTES];      /* what a hub calls it, and the answer with the bytes: from these it is chosen */
    char    etag[TAG_BYTES], modified[TAG_BYTES];
    char    sum[COHL_DIGEST_HEX];   /* that it publishes                    */
    long    code;
    bool    opened;                 /* PATH.partial could be written        */
    bool    begun, full;            /* bytes of this try were written; the disk refused */
} download;

/* ---- what the server says ------------------------------------------------ */

/* The value of header `name` in `line`, without quotes and a weak mark; false if it is another. */
static bool header_value(char *out, size_t room, const char *line, size_t size, const char *name)
{
    size_t length = strlen(name);
    if (size <= length + 1 || strncasecmp(line, name, length) || line[length] != ':')
        return false;
    const char *at = line + length + 1, *end = line + size;
    while (at < end && (*at == ' ' || *at == '"'))
        at++;
    if (end - at > 3 && !strncmp(at, "W/\"", 3))
        at += 3;
    while (end > at && (end[-1] == '\r' || end[-1] == '\n' || end[-1] == ' ' || end[-1] == '"'))
        end--;
    snprintf(out, room, "%.*s", (int)(end - at), at);
    return true;
}

static bool is_sum(const char *text)
{
    return strlen(text) == COHL_DIGEST_HEX - 1 && strspn(text, "0123456789abcdefABCDEF") == COHL_DIGEST_HEX - 1;
}

/* Redirections come through here too: the hub's own answer has the sum, the store's has the bytes. What an answer says
 * of itself is forgotten when the next one begins. */
static size_t on_header(char *line, size_t size, size_t count, void *user)
{
    download *d = user;
    char value[TAG_BYTES];
    if (count > 5 && !strncasecmp(line, "HTTP/", 5)) {
        d->etag[0] = d->modified[0] = 0;
    } else if (header_value(value, sizeof value, line, count, "x-linked-etag")) {
        snprintf(d->linked, sizeof d->linked, "%s", value);
        if (is_sum(value))
            snprintf(d->sum, sizeof d->sum, "%s", value);
    } else if (header_value(value, sizeof value, line, count, "content-range")) {
        const char *slash = strchr(value, '/');
        d->all = slash ? atoll(slash + 1) : 0;
    } else if (!header_value(d->etag, sizeof d->etag, line, count, "etag")) {
        header_value(d->modified, sizeof d->modified, line, count, "last-modified");
    }
    const char *tag = d->linked[0] ? d->linked : d->etag[0] ? d->etag : d->modified;
    snprintf(d->new_tag, sizeof d->new_tag, "%s", tag);
    return size * count;
}

static void keep_tag(download *d)
{
    snprintf(d->tag, sizeof d->tag, "%s", d->new_tag);
    cohl_file_write(d->tag_path, d->tag, strlen(d->tag), NULL);
}

/* The server has another version than what lies here, or never said which it has. */
static bool is_other(const download *d) { return d->new_tag[0] ? strcmp(d->tag, d->new_tag) != 0 : !d->tag[0]; }

/* The first bytes of an answer: does it go on where we are, or begin anew? */
static bool begin(download *d, CURL *curl)
{
    curl_off_t length = 0;
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &d->code);
    curl_easy_getinfo(curl, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
    d->begun = true;
    if (d->code == 206)
        return !is_other(d);              /* or the rest of another version */
    d->here = d->start = 0;
    d->all = length > 0 ? (int64_t)length : 0;
    if (fflush(d->file) || ftruncate(fileno(d->file), 0))
        return false;
    rewind(d->file);
    keep_tag(d);
    return true;
}

typedef struct sink { download *d; CURL *curl; } sink;

static size_t on_bytes(char *data, size_t size, size_t count, void *user)
{
    sink *s = user;
    download *d = s->d;
    long code = 0;
    curl_easy_getinfo(s->curl, CURLINFO_RESPONSE_CODE, &code);
    if (code != 200 && code != 206)
        return size * count;              /* a page that says why not */
    if (!d->begun && !begin(d, s->curl))
        return 0;
    size_t put = fwrite(data, 1, size * count, d->file);
    d->here += (int64_t)put;
    d->full = put < size * count;
    if (d->params->progress)
        d->params->progress(d->params->user, d->here, d->all);
    return put;
}

static int on_progress(void *user, curl_off_t all, curl_off_t now, curl_off_t up_all, curl_off_t up)
{
    const download *d = user;
    return d->params->cancel && *d->params->cancel;
}

/* ---- one try ------------------------------------------------------------- */

static CURL *ask(download *d, sink *s)
{
    CURL *curl = curl_easy_init();
    if (!curl)
        return NULL;
    *s = (sink){ d, curl };
    curl_easy_setopt(curl, CURLOPT_URL, d->params->url);
    bool secure = !strncasecmp(d->params->url, "https:", 6);      /* and stays so when it is sent elsewhere */
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, secure ? "https" : "https,http");
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
    curl_easy_setopt(curl, CURLOPT_MAXREDIRS, 8L);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_SECONDS);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, (long)STALL_SECONDS);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "cohl");
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, d);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_bytes);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, s);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(curl, CURLOPT_XFERINFODATA, d);
    if (d->start > 0)
        curl_easy_setopt(curl, CURLOPT_RESUME_FROM_LARGE, (curl_off_t)d->start);
    return curl;
}

static void forget(download *d)
{
    unlink(d->partial);
    unlink(d->tag_path);
    d->tag[0] = 0;
    d->here = d->start = 0;
}

/* What curl's answer means; *again: another try may help. */
static cohl_status judge(download *d, CURLcode result, bool *again, cohl_error *err)
{
    const char *url = d->params->url;
    *again = false;
    if (result == CURLE_ABORTED_BY_CALLBACK)
        return cohl_fail(err, COHL_ERR_CANCELLED, "%s: stopped; the same command goes on from here", d->params->path);
    if (d->full) {
        cohl_status st = cohl_fail(err, COHL_ERR_IO, "%s: cannot write: %s", d->params->path, strerror(errno));
        forget(d);
        return st;
    }
    if (d->code == 416 && d->here > 0 && d->all == d->here && !is_other(d))
        return COHL_OK;                   /* nothing is left to come: all of it lies here */
    if (d->code == 416 || (d->begun && d->code == 206 && is_other(d))) {
        const char *what = d->new_tag[0] ? "it changed on the server while it came"
                                         : "the server does not say whether it changed, so it cannot go on";
        forget(d);                        /* a version that is no more there */
        *again = true;
        return cohl_fail(err, COHL_ERR_IO, "%s: %s", url, what);
    }
    if (d->code == 404)
        return cohl_fail(err, COHL_ERR_IO, "%s: there is no such file (404)", url);
    if (d->code == 401 || d->code == 403)
        return cohl_fail(err, COHL_ERR_IO, "%s: the server wants a login for it (%ld)", url, d->code);
    if (result == CURLE_RANGE_ERROR) {    /* the server gives no parts */
        forget(d);
        *again = true;
        return cohl_fail(err, COHL_ERR_IO, "%s: the server gives only all of it at once, and it broke off", url);
    }
    if (result == CURLE_OK && d->code != 200 && d->code != 206) {
        *again = d->code >= 500;
        return cohl_fail(err, COHL_ERR_IO, "%s: the server answered %ld", url, d->code);
    }
    if (result != CURLE_OK) {
        *again = true;
        return cohl_fail(err, COHL_ERR_IO, "%s: %s after %lld bytes; the same command goes on from there", url,
                         curl_easy_strerror(result), (long long)d->here);
    }
    return COHL_OK;
}

static cohl_status try_once(download *d, bool *again, cohl_error *err)
{
    sink s;
    *again = false;
    d->begun = d->full = false;
    d->code = 0;
    d->sum[0] = d->new_tag[0] = d->linked[0] = d->etag[0] = d->modified[0] = 0;
    if (!(d->file = fopen(d->partial, "ab")))
        return cohl_fail(err, COHL_ERR_IO, "%s: cannot write: %s", d->partial, strerror(errno));
    d->opened = true;
    fseeko(d->file, 0, SEEK_END);
    d->here = d->start = ftello(d->file);
    CURL *curl = ask(d, &s);
    if (!curl) {
        fclose(d->file);
        return cohl_fail(err, COHL_ERR_MEMORY, "%s: no memory to ask for it", d->params->url);
    }
    CURLcode result = curl_easy_perform(curl);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &d->code);
    bool empty = result == CURLE_OK && d->code == 200 && !d->begun && !d->start;
    if (empty)
        begin(d, curl);
    curl_easy_cleanup(curl);
    if (fflush(d->file) || fsync(fileno(d->file)))
        d->full = true;
    if (fclose(d->file))
        d->full = true;
    return judge(d, result, again, err);
}

/* ---- all of it ----------------------------------------------------------- */

static void read_tag(download *d)
{
    char *text;
    if (cohl_file_read(&text, NULL, d->tag_path, TAG_BYTES - 1, NULL)) {
        unlink(d->partial);               /* bytes of nobody knows which version */
        return;
    }
    snprintf(d->tag, sizeof d->tag, "%s", text);
    free(text);
}

static cohl_status check(download *d, cohl_downloaded *done, cohl_error *err)
{
    const char *asked = d->params->sha256;
    cohl_status st;
    if (d->all && d->here != d->all) {
        st = cohl_fail(err, COHL_ERR_FORMAT, "%s: %lld bytes came, %lld were promised", d->params->url,
                       (long long)d->here, (long long)d->all);
        forget(d);
        return st;
    }
    if ((st = cohl_digest_file(done->sha256, d->partial, err)))
        return st;
    done->bytes = d->here;
    done->checked = asked || d->sum[0];
    const char *wrong = asked && strcasecmp(asked, done->sha256) ? asked
                      : d->sum[0] && strcasecmp(d->sum, done->sha256) ? d->sum : NULL;
    if (wrong) {
        st = cohl_fail(err, COHL_ERR_FORMAT, "%s: its SHA-256 is %.16s..., expected %.16s...; what came was removed",
                       d->params->url, done->sha256, wrong);
        forget(d);
    }
    return st;
}

static cohl_status fetch(download *d, cohl_downloaded *done, cohl_error *err)
{
    int tries = d->params->tries ? d->params->tries : TRIES;
    bool again = true;
    cohl_status st = COHL_OK;
    for (int i = 0; i < tries && again; i++) {
        if (i > 1)
            sleep(1u << (i - 2));         /* the first repetition at once */
        st = try_once(d, &again, err);
    }
    if (!st)
        st = check(d, done, err);
    if (st && d->opened && !d->here)
        forget(d);                        /* nothing came */
    if (!st && rename(d->partial, d->params->path))
        st = cohl_fail(err, COHL_ERR_IO, "%s: cannot rename to: %s", d->params->path, strerror(errno));
    if (!st)
        unlink(d->tag_path);
    return st;
}

/* Two downloads of one file would mix their bytes. The lock goes with its process; the name of one that is
 * over may be gone, so what was locked must still be what is there. */
static cohl_status take_lock(download *d, cohl_error *err)
{
    struct stat held, there;
    for (;;) {
        if ((d->lock = open(d->lock_path, O_RDWR | O_CREAT | O_CLOEXEC, 0644)) < 0)
            return cohl_fail(err, COHL_ERR_IO, "%s: cannot write: %s", d->lock_path, strerror(errno));
        if (flock(d->lock, LOCK_EX | LOCK_NB) && errno == EWOULDBLOCK)
            return cohl_fail(err, COHL_ERR_IO, "%s: another download of it is at work", d->params->path);
        if (!fstat(d->lock, &held) && !stat(d->lock_path, &there) && held.st_ino == there.st_ino)
            return COHL_OK;
        close(d->lock);
    }
}

static cohl_status fetch_alone(download *d, cohl_downloaded *done, cohl_error *err)
{
    cohl_status st = take_lock(d, err);
    if (!st) {
        curl_global_init(CURL_GLOBAL_DEFAULT);
        read_tag(d);
        st = fetch(d, done, err);
        curl_global_cleanup();
        unlink(d->lock_path);
    }
    if (d->lock >= 0)
        close(d->lock);
    return st;
}

cohl_status cohl_download(const cohl_download_params *params, cohl_downloaded *done, cohl_error *err)
{
    download d = { .params = params, .lock = -1 };
    cohl_status st;
    *done = (cohl_downloaded){ 0 };
    if (asprintf(&d.partial, "%s.partial", params->path) < 0)
        d.partial = NULL;
    if (asprintf(&d.tag_path, "%s.partial.tag", params->path) < 0)
        d.tag_path = NULL;
    if (asprintf(&d.lock_path, "%s.partial.lock", params->path) < 0)
        d.lock_path = NULL;
    if (!d.partial || !d.tag_path || !d.lock_path)
        st = cohl_fail(err, COHL_ERR_MEMORY, "%s: no memory for its name", params->path);
    else
        st = fetch_alone(&d, done, err);
    free(d.partial);
    free(d.tag_path);
    free(d.lock_path);
    return st;
}
