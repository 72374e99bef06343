/* Tests of fetch: downloads from a server of our own on the loopback: whole, cut, resumed, wrong, changed. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/file.h"
#include "fetch/pull.h"

enum { FILE_BYTES = 300000 };

static char folder[64], data[FILE_BYTES], right[COHL_DIGEST_HEX], base[64];
static int listening;
static volatile int requests, version = 1;
static volatile long last_from;
static pthread_t thread;

/* --- the server: what it does is said by the path ------------------------ */

static void put(int client, const void *bytes, size_t size)
{
    for (const char *at = bytes; size;) {
        ssize_t sent = send(client, at, size, MSG_NOSIGNAL);
        if (sent <= 0)
            return;
        at += sent, size -= (size_t)sent;
    }
}

static void put_file(int client, const char *path, long from)
{
    bool ranges = !strstr(path, "no-ranges"), cut = strstr(path, "always-cut") || (strstr(path, "cut") && !from);
    char head[600], sum[128] = "";
    if (!ranges)
        from = 0;
    if (from >= FILE_BYTES) {
        snprintf(head, sizeof head, "HTTP/1.1 416 No More\r\nContent-Range: bytes */%d\r\nX-Linked-ETag: \"%s\"\r\n"
                 "Content-Length: 0\r\nConnection: close\r\n\r\n", FILE_BYTES, right);
        put(client, head, strlen(head));
        return;
    }
    if (strstr(path, "wrong"))
        snprintf(sum, sizeof sum, "X-Linked-ETag: \"%064d\"\r\n", 7);
    else if (!strstr(path, "plain") && !(from && strstr(path, "silent")))
        snprintf(sum, sizeof sum, "X-Linked-ETag: \"%s\"\r\n", strstr(path, "changes") && version == 1 ? "old" : right);
    if (strstr(path, "dated"))
        snprintf(sum, sizeof sum, "Last-Modified: Sun, 22 Nov 2026 12:00:00 GMT\r\n");
    int size = from ? snprintf(head, sizeof head, "HTTP/1.1 206 Partial\r\nContent-Range: bytes %ld-%d/%d\r\n", from,
                               FILE_BYTES - 1, FILE_BYTES)
                    : snprintf(head, sizeof head, "HTTP/1.1 200 OK\r\n");
    snprintf(head + size, sizeof head - (size_t)size, "%sContent-Length: %ld\r\nConnection: close\r\n\r\n", sum,
             FILE_BYTES - from);
    put(client, head, strlen(head));
    put(client, data + from, (size_t)(cut ? (FILE_BYTES - from) / 2 : FILE_BYTES - from));
}

static void put_text(int client, const char *text)
{
    char head[200];
    snprintf(head, sizeof head, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n", strlen(text));
    put(client, head, strlen(head));
    put(client, text, strlen(text));
}

static void answer(int client)
{
    char request[2048] = "", path[512] = "";
    size_t size = 0;
    ssize_t got;
    while (!strstr(request, "\r\n\r\n") && size < sizeof request - 1 &&
           (got = recv(client, request + size, sizeof request - 1 - size, 0)) > 0)
        request[size += (size_t)got] = 0;
    const char *range = strcasestr(request, "Range: bytes=");
    last_from = range ? atol(range + 13) : 0;
    requests++;
    if (sscanf(request, "GET %500s", path) != 1)
        return;
    if (strstr(path, "missing")) {
        static const char answer[] = "HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\nConnection: close\r\n\r\nnone";
        put(client, answer, sizeof answer - 1);
    } else if (strstr(path, "sends-on")) {
        char head[400];
        snprintf(head, sizeof head, "HTTP/1.1 302 Found\r\nX-Linked-ETag: \"%s\"\r\nLocation: %s/plain\r\n"
                 "Content-Length: 0\r\nConnection: close\r\n\r\n", right, base);
        put(client, head, strlen(head));
    } else if (strstr(path, "detour")) {
        char head[400];
        snprintf(head, sizeof head, "HTTP/1.1 302 Found\r\nLast-Modified: %d\r\nETag: \"%d\"\r\nLocation: %s/plain-dated-cut\r\n"
                 "Content-Length: 0\r\nConnection: close\r\n\r\n", requests, requests, base);
        put(client, head, strlen(head));
    } else if (strstr(path, "index.json"))
        put_text(client, "{\"weight_map\":{\"a\":\"shard-1.safetensors\",\"b\":\"shard-2.safetensors\","
                         "\"c\":\"shard-1.safetensors\"}}");
    else
        put_file(client, path, last_from);
}

static void *serve(void *unused)
{
    for (int client; (client = accept(listening, NULL, NULL)) >= 0;) {
        answer(client);
        shutdown(client, SHUT_WR);
        close(client);
    }
    return NULL;
}

static int begin(void **state)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t size = sizeof address;
    for (int i = 0; i < FILE_BYTES; i++)
        data[i] = (char)(i * 31 + i / 977);
    strcpy(folder, "/tmp/cohl-fetch-XXXXXX");
    listening = socket(AF_INET, SOCK_STREAM, 0);
    if (!mkdtemp(folder) || cohl_digest_bytes(right, data, FILE_BYTES, NULL) || listening < 0 ||
        bind(listening, (struct sockaddr *)&address, sizeof address) || listen(listening, 16) ||
        getsockname(listening, (struct sockaddr *)&address, &size))
        return -1;
    snprintf(base, sizeof base, "http://127.0.0.1:%d", ntohs(address.sin_port));
    return pthread_create(&thread, NULL, serve, NULL);
}

static int end(void **state)
{
    char command[128];
    shutdown(listening, SHUT_RDWR);
    pthread_join(thread, NULL);
    close(listening);
    snprintf(command, sizeof command, "rm -r %s", folder);
    return system(command);
}

/* --- a file ------------------------------------------------------------- */

static char url[200], path[200], partial[220];

static cohl_status get(const char *name, const char *sha256, int tries, cohl_downloaded *done, cohl_error *err)
{
    snprintf(url, sizeof url, "%s/%s", base, name);
    snprintf(path, sizeof path, "%s/%s", folder, name);
    snprintf(partial, sizeof partial, "%s.partial", path);
    requests = 0;
    return cohl_download(&(cohl_download_params){ .url = url, .path = path, .sha256 = sha256, .tries = tries }, done,
                         err);
}

static void expect_whole(void)
{
    char sum[COHL_DIGEST_HEX];
    assert_int_equal(cohl_digest_file(sum, path, NULL), COHL_OK);
    assert_string_equal(sum, right);
    assert_false(cohl_file_exists(partial));
    strcat(partial, ".tag");
    assert_false(cohl_file_exists(partial));
}

static void test_a_file_comes_whole_and_checked(void **state)
{
    static const struct { const char *name; bool given, checked; } cases[] = {
        { "good", false, true }, { "plain-1", false, false }, { "plain-2", true, true }, { "sends-on", false, true },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cohl_downloaded done;
        cohl_error err = { 0 };
        if (get(cases[i].name, cases[i].given ? right : NULL, 1, &done, &err))
            fail_msg("%s: %s", cases[i].name, err.text);
        assert_int_equal(done.bytes, FILE_BYTES);
        assert_int_equal(done.checked, cases[i].checked);
        assert_string_equal(done.sha256, right);
        expect_whole();
    }
}

static void test_a_cut_goes_on_where_it_was(void **state)
{
    cohl_downloaded done;
    cohl_error err = { 0 };
    assert_int_equal(get("cut-1", NULL, 1, &done, &err), COHL_ERR_IO);      /* one try: what came stays */
    assert_non_null(strstr(err.text, "goes on from there"));
    assert_true(cohl_file_exists(partial));
    assert_false(cohl_file_exists(path));
    if (get("cut-1", NULL, 1, &done, &err))
        fail_msg("%s", err.text);
    assert_int_equal(last_from, FILE_BYTES / 2);
    expect_whole();
    if (get("cut-2", NULL, 3, &done, &err))                                 /* the same within one call */
        fail_msg("%s", err.text);
    assert_int_equal(requests, 2);
    expect_whole();
    assert_int_equal(get("no-ranges-cut", NULL, 1, &done, &err), COHL_ERR_IO);
    assert_int_equal(get("always-cut", NULL, 2, &done, &err), COHL_ERR_IO);
    assert_int_equal(requests, 2);
}

/* Stopped between the last byte and the check: nothing is asked for twice. */
static void test_what_is_whole_is_only_checked(void **state)
{
    cohl_downloaded done;
    cohl_error err = { 0 };
    char tag[240];
    snprintf(partial, sizeof partial, "%s/all-here.partial", folder);
    snprintf(tag, sizeof tag, "%s.tag", partial);
    assert_int_equal(cohl_file_write(partial, data, FILE_BYTES, NULL), COHL_OK);
    assert_int_equal(cohl_file_write(tag, right, strlen(right), NULL), COHL_OK);
    if (get("all-here", NULL, 1, &done, &err))
        fail_msg("%s", err.text);
    assert_int_equal(requests, 1);
    assert_int_equal(done.bytes, FILE_BYTES);
    assert_true(done.checked);
    expect_whole();
}

/* A server that says which version it sends, but not again with the rest. */
static void test_the_rest_may_come_without_a_version(void **state)
{
    cohl_downloaded done;
    cohl_error err = { 0 };
    assert_int_equal(get("silent-cut", right, 1, &done, &err), COHL_ERR_IO);
    if (get("silent-cut", right, 1, &done, &err))
        fail_msg("%s", err.text);
    assert_int_equal(last_from, FILE_BYTES / 2);
    expect_whole();
}

/* Whoever sends on dates its own answer, each time anew: that was taken for the file's version, and nothing went on. */
static void test_the_version_is_that_of_the_answer_with_the_bytes(void **state)
{
    cohl_downloaded done;
    cohl_error err = { 0 };
    if (get("detour", right, 2, &done, &err))
        fail_msg("%s", err.text);
    assert_int_equal(requests, 4);                        /* there and on, twice */
    assert_int_equal(last_from, FILE_BYTES / 2);
    expect_whole();
}

/* One that never says: the rest might be of another file. */
static void test_without_any_version_it_begins_anew(void **state)
{
    cohl_downloaded done;
    cohl_error err = { 0 };
    struct stat there;
    assert_int_equal(get("plain-cut", right, 1, &done, &err), COHL_ERR_IO);
    assert_int_equal(get("plain-cut", right, 2, &done, &err), COHL_ERR_IO);   /* it is cut again */
    assert_int_equal(requests, 2);
    assert_int_equal(last_from, 0);
    assert_int_equal(stat(partial, &there), 0);
    assert_int_equal(there.st_size, FILE_BYTES / 2);
}

static void test_a_version_that_changed_begins_anew(void **state)
{
    cohl_downloaded done;
    cohl_error err = { 0 };
    version = 1;
    assert_int_equal(get("changes-cut", NULL, 1, &done, &err), COHL_ERR_IO);
    version = 2;
    assert_int_equal(get("changes-cut", NULL, 1, &done, &err), COHL_ERR_IO);
    assert_non_null(strstr(err.text, "it changed on the server"));
    assert_false(cohl_file_exists(partial));
    if (get("changes", NULL, 1, &done, &err))
        fail_msg("%s", err.text);
    expect_whole();
}

static void test_what_is_wrong_is_told_and_removed(void **state)
{
    static const struct { const char *name, *sha256, *sentence; cohl_status status; } cases[] = {
        { "wrong", NULL, "its SHA-256 is", COHL_ERR_FORMAT },
        { "given-wrong", "0000000000000000000000000000000000000000000000000000000000000001", "expected 0000000000000000",
          COHL_ERR_FORMAT },
        { "missing", NULL, "there is no such file (404)", COHL_ERR_IO },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cohl_downloaded done;
        cohl_error err = { 0 };
        assert_int_equal(get(cases[i].name, cases[i].sha256, 1, &done, &err), cases[i].status);
        if (!strstr(err.text, cases[i].sentence))
            fail_msg("%s: \"%s\"", cases[i].name, err.text);
        assert_false(cohl_file_exists(path));
        if (cases[i].status == COHL_ERR_FORMAT)
            assert_false(cohl_file_exists(partial));
    }
    cohl_error err = { 0 };
    cohl_downloaded done;
    snprintf(path, sizeof path, "%s/nobody", folder);
    assert_int_equal(cohl_download(&(cohl_download_params){ .url = "http://127.0.0.1:1/x", .path = path, .tries = 1 },
                                   &done, &err), COHL_ERR_IO);
    assert_non_null(strstr(err.text, "connect"));
    snprintf(partial, sizeof partial, "%s.partial", path);
    assert_false(cohl_file_exists(partial));
}

static void test_a_file_comes_once_at_a_time(void **state)
{
    cohl_downloaded done;
    cohl_error err = { 0 };
    char lock[240];
    snprintf(lock, sizeof lock, "%s/once.partial.lock", folder);
    int held = open(lock, O_RDWR | O_CREAT, 0644);
    assert_int_equal(flock(held, LOCK_EX), 0);
    assert_int_equal(get("once", right, 1, &done, &err), COHL_ERR_IO);
    assert_non_null(strstr(err.text, "another download of it is at work"));
    assert_int_equal(requests, 0);
    close(held);                              /* as of a process that was killed: the file stays, the lock does not */
    if (get("once", right, 1, &done, &err))
        fail_msg("%s", err.text);
    expect_whole();
    assert_false(cohl_file_exists(lock));
}

static void test_a_full_disk_leaves_nothing(void **state)
{
    pid_t child = fork();
    if (!child) {
        cohl_downloaded done;
        cohl_error err = { 0 };
        signal(SIGXFSZ, SIG_IGN);
        setrlimit(RLIMIT_FSIZE, &(struct rlimit){ 100000, 100000 });
        cohl_status st = get("full", NULL, 3, &done, &err);
        _exit(st == COHL_ERR_IO && strstr(err.text, "cannot write") && !cohl_file_exists(partial) ? 0 : 1);
    }
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

/* --- a model ------------------------------------------------------------ */

static const cohl_model_entry small = {
    .name = "small", .repository = "us/small", .licence = "MIT",
    .file = { { "config.json", NULL }, { "part/x.index.json", NULL }, { "plain.pth", NULL } },
};

static int begun, ended, there;

static void count_begin(void *user, const char *name, int done, int files) { begun++; }

static void count_end(void *user, const char *name, const cohl_downloaded *done)
{
    ended++;
    there += !done;
}

static void test_a_model_comes_with_the_shards_its_index_names(void **state)
{
    char where[128], file[200];
    cohl_error err = { 0 };
    snprintf(where, sizeof where, "%s/small", folder);
    cohl_pull_params params = { .base = base, .folder = where, .begin = count_begin, .end = count_end };
    assert_false(cohl_pull_installed(&small, where));
    if (cohl_pull(&small, &params, &err))
        fail_msg("%s", err.text);
    assert_int_equal(begun, 5);
    assert_int_equal(ended, 5);
    assert_true(cohl_pull_installed(&small, where));
    snprintf(file, sizeof file, "%s/part/shard-2.safetensors", where);
    assert_true(cohl_file_exists(file));
    assert_int_equal(unlink(file), 0);
    assert_false(cohl_pull_installed(&small, where));
    if (cohl_pull(&small, &params, &err))                                   /* only what is missing */
        fail_msg("%s", err.text);
    assert_int_equal(there, 4);
    assert_true(cohl_pull_installed(&small, where));
}

static void test_the_catalogue_is_sound(void **state)
{
    const char *nearest;
    for (const cohl_model_entry *e = cohl_model_catalogue; e->name; e++) {
        assert_true(e->about && e->repository && e->can && e->billions > 0 && e->experts >= 1 && e->file[0].path);
        assert_ptr_equal(cohl_model_entry_named(e->name, NULL), e);
        for (const cohl_model_file *f = e->file; f < e->file + COHL_MODEL_FILES_MAX && f->path; f++)
            assert_true(!f->sha256 || strlen(f->sha256) == 64);
    }
    assert_null(cohl_model_entry_named("wan2.1-t2v-1.3", &nearest));
    assert_string_equal(nearest, "wan2.1-t2v-1.3b");
    assert_null(cohl_model_entry_named("sora", &nearest));
    assert_null(nearest);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_file_comes_whole_and_checked),
        cmocka_unit_test(test_a_cut_goes_on_where_it_was),
        cmocka_unit_test(test_what_is_whole_is_only_checked),
        cmocka_unit_test(test_the_rest_may_come_without_a_version),
        cmocka_unit_test(test_the_version_is_that_of_the_answer_with_the_bytes),
        cmocka_unit_test(test_without_any_version_it_begins_anew),
        cmocka_unit_test(test_a_version_that_changed_begins_anew),
        cmocka_unit_test(test_what_is_wrong_is_told_and_removed),
        cmocka_unit_test(test_a_file_comes_once_at_a_time),
        cmocka_unit_test(test_a_full_disk_leaves_nothing),
        cmocka_unit_test(test_a_model_comes_with_the_shards_its_index_names),
        cmocka_unit_test(test_the_catalogue_is_sound),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
