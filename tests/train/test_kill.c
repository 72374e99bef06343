/* The kill test: a run killed at random instants and resumed each time tells, bit for bit, the
 * losses of one that was never killed.
 *
 *     test_kill COHL TOKENIZER_FOLDER KILLS
 *
 * Most kills fall at a random moment of a random step; every third falls soon after the start,
 * while a checkpoint is being read or the log is being cut. */
#define _GNU_SOURCE
#include "tiny.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/rng.h"

enum { STEPS = 60 };

static const char *cohl, *tokenizer_folder;
static int kills;

static pid_t start(const char *recipe, const char *folder)
{
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (!pid) {
        if (!freopen("/dev/null", "w", stdout) || !freopen("/dev/null", "w", stderr))
            _exit(9);
        execl(cohl, cohl, "train", recipe, "-o", folder, "--threads", "1", (char *)NULL);
        _exit(8);
    }
    return pid;
}

static int lines_in(const char *path)
{
    char *text = NULL;
    int lines = 0;
    if (!cohl_file_exists(path) || cohl_file_read(&text, NULL, path, 1 << 24, NULL))
        return 0;
    for (const char *at = text; (at = strchr(at, '\n')); at++)
        lines++;
    free(text);
    return lines;
}

static void pause_us(uint32_t us) { nanosleep(&(struct timespec){ 0, (long)us * 1000 }, NULL); }

/* The exit status of a child, or -1 while it runs. */
static int ended(pid_t pid)
{
    int status;
    return waitpid(pid, &status, WNOHANG) == pid ? status : -1;
}

/* Wait for a place in the log, or only a moment, and kill; false if the run was over before. */
static bool kill_somewhere(pid_t pid, const char *log, int kill_index, cohl_rng *rng)
{
    int least = (kill_index + 1) * STEPS / (kills + 2) + (int)cohl_rng_below(rng, 3), status = -1;
    bool early = kill_index % 3 == 2;
    if (early)
        pause_us(cohl_rng_below(rng, 60000));
    while (!early && lines_in(log) < least && (status = ended(pid)) < 0)
        pause_us(500);
    pause_us(cohl_rng_below(rng, 30000));
    if (status >= 0 || (status = ended(pid)) >= 0) {
        assert_int_equal(status, 0);
        return false;
    }
    kill(pid, SIGKILL);
    waitpid(pid, &status, 0);
    assert_true(WIFSIGNALED(status) || status == 0);
    return WIFSIGNALED(status);
}

static void run_to_the_end(const char *recipe, const char *folder)
{
    int status;
    waitpid(start(recipe, folder), &status, 0);
    assert_int_equal(status, 0);
}

static void assert_one_line_a_step(const char *log)
{
    int step = 0;
    for (const char *line = log, *end; (end = strchr(line, '\n')); line = end + 1) {
        int found = -1;
        assert_int_equal(sscanf(line, "{\"step\":%d", &found), 1);
        if (memmem(line, (size_t)(end - line), "\"held_out\"", 10))
            assert_int_equal(found, step - 1);
        else
            assert_int_equal(found, step++);
    }
    assert_int_equal(step, STEPS);
}

static void survive(const char *recipe, const char *folder)
{
    char *whole = tiny_path(folder, "whole"), *parts = tiny_path(folder, "parts");
    char *whole_log = tiny_path(whole, "log.jsonl"), *parts_log = tiny_path(parts, "log.jsonl");
    char *a, *b;
    cohl_rng rng = cohl_rng_make((uint64_t)getpid(), 0);
    int killed = 0;

    run_to_the_end(recipe, whole);
    for (int i = 0; i < kills; i++)
        killed += kill_somewhere(start(recipe, parts), parts_log, i, &rng);
    run_to_the_end(recipe, parts);
    print_message("killed %d times\n", killed);
    assert_true(killed >= kills / 2);
    a = tiny_losses(whole_log), b = tiny_losses(parts_log);
    assert_one_line_a_step(a);
    assert_string_equal(a, b);
    free(a), free(b);
    free(whole), free(parts), free(whole_log), free(parts_log);
}

static const char *const schedule = "\"warmup\": 5, \"evaluate_every\": 7, \"sheet_every\": 0, \"save_seconds\": 0.03";

static void test_a_film_run_survives_being_killed(void **state)
{
    char *folder = tiny_folder(), *vae = tiny_path(folder, "vae"), *path = tiny_path(folder, "film.json");
    char *recipe = tiny_film_recipe(STEPS, folder, tokenizer_folder, schedule);
    tiny_vae_write(vae, 1, 1);
    tiny_write(path, recipe);
    survive(path, folder);
    free(recipe);
    free(path);
    free(vae);
    tiny_remove(folder);
}

static void test_an_autoencoder_run_survives_being_killed(void **state)
{
    char *folder = tiny_folder(), *path = tiny_path(folder, "vae.json");
    char *recipe = tiny_vae_recipe(STEPS, schedule);
    tiny_write(path, recipe);
    survive(path, folder);
    free(recipe);
    free(path);
    tiny_remove(folder);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_autoencoder_run_survives_being_killed),
        cmocka_unit_test(test_a_film_run_survives_being_killed),
    };
    if (argc < 4) {
        fprintf(stderr, "usage: test_kill COHL TOKENIZER_FOLDER KILLS\n");
        return 1;
    }
    cohl = argv[1], tokenizer_folder = argv[2], kills = atoi(argv[3]);
    return cmocka_run_group_tests_name("kill", tests, NULL, NULL);
}
