/* test_memory.c - memory does not grow with the film.
 *
 * Two children make films of half the usual width and height, from noise to the frames that a
 * caller takes, by the tests' tiny model in one step; what each of them ever held in memory
 * (VmHWM) is compared. A frame kept as bytes is 46 kB, so keeping one in three would show. What
 * grows by right is the latent. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "cohl/cohl.h"
#include "tiny.h"

enum { SHORT = 81, LONG = 961, MORE_BYTES = 15000000 };

static char folder[] = "/tmp/cohl-memory-XXXXXX";

/* The tiny model, which films five seconds at once; a minute is made window by window. */
static int set_up(void **state)
{
    static const char index[] =
        "{ \"cohl\": { \"name\": \"tiny\", \"known\": \"timestep:any\", \"fps\": 16, \"frames\": [5, 81],\n"
        "  \"words\": 1, \"sizes\": [[160, 96]] } }\n";
    char path[64];
    if (!mkdtemp(folder) || tiny_model_write(folder, NULL))
        return 1;
    setenv("XDG_DATA_HOME", folder, 1);            /* the key of the marks */
    snprintf(path, sizeof path, "%s/model_index.json", folder);
    return cohl_file_write(path, index, strlen(index), NULL);
}

static int tear_down(void **state)
{
    char command[64];
    snprintf(command, sizeof command, "rm -r %s", folder);
    return system(command);
}

static cohl_status count(void *user, int index, const uint8_t *rgb, cohl_error *err)
{
    ++*(int *)user;
    return COHL_OK;
}

/* The largest resident size of this process after so many frames; 0 when that failed. */
static uint64_t peak_of(int frames)
{
    cohl_engine *engine = NULL;
    cohl_run *run = NULL;
    cohl_error err = { 0 };
    cohl_request request = cohl_request_default();
    int taken = 0;
    request.prompt = "a red balloon", request.frames = frames, request.steps = 1, request.guidance = 1;
    if (cohl_engine_open(&engine, &(cohl_engine_params){ .model = folder, .threads = 2 }, &err) ||
        cohl_run_new(&run, engine, &request, &err) || cohl_run_frames(run, count, &taken, NULL, &err))
        fprintf(stderr, "%d frames: %s\n", frames, err.text);
    cohl_run_free(run);
    cohl_engine_close(engine);
    return taken == frames ? cohl_peak_resident_bytes() : 0;
}

static uint64_t peak_of_child(int frames)
{
    int ends[2], status;
    uint64_t peak = 0;
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (!child) {
        peak = peak_of(frames);
        _exit(write(ends[1], &peak, sizeof peak) != sizeof peak);
    }
    close(ends[1]);
    assert_int_equal(read(ends[0], &peak, sizeof peak), sizeof peak);
    close(ends[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(peak > 0);
    return peak;
}

static void test_a_long_film_takes_hardly_more_memory_than_a_short_one(void **state)
{
    uint64_t few = peak_of_child(SHORT), many = peak_of_child(LONG);
    print_message("%d frames: %.1f MB, %d frames: %.1f MB\n", SHORT, (double)few / 1e6, LONG, (double)many / 1e6);
    if (many > few + MORE_BYTES)
        fail_msg("%d frames took %.1f MB more than %d, expected at most %.0f", LONG, (double)(many - few) / 1e6, SHORT,
                 MORE_BYTES / 1e6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_long_film_takes_hardly_more_memory_than_a_short_one),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
