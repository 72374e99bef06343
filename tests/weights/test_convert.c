/* Tests of converting: what each type keeps, that the file is one others read, and that nothing
 * half-written stays. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <dirent.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../folder.h"
#include "base/file.h"
#include "base/rng.h"
#include "weights/convert.h"
#include "weights/lora.h"
#include "weights/safetensors.h"

enum { ROWS = 300, COLUMNS = 512, CELLS = ROWS * COLUMNS };

static float value[CELLS];

static int begin(void **state)
{
    cohl_rng_fill_normal(value, 0, CELLS, 3, 3);
    for (int i = 0; i < CELLS; i++)
        value[i] *= 0.03f;
    return folder_make(state);
}

static cohl_weights *open_model(void)
{
    const cohl_weight list[] = {
        { .name = "blocks.0.ffn.0.weight", .type = COHL_F32, .rank = 2, .dim = { ROWS, COLUMNS }, .count = CELLS,
          .data = value },
        { .name = "blocks.0.ffn.0.bias", .type = COHL_F32, .rank = 1, .dim = { ROWS }, .count = ROWS, .data = value },
        { .name = "blocks.0.narrow.weight", .type = COHL_F32, .rank = 2, .dim = { 10, 96 }, .count = 960,
          .data = value },
        { .name = "blocks.0.odd.weight", .type = COHL_F32, .rank = 2, .dim = { 10, 33 }, .count = 330, .data = value },
        { .name = "head.head.weight", .type = COHL_F32, .rank = 2, .dim = { 4, 256 }, .count = 1024, .data = value },
        { .name = "patch_embedding.weight", .type = COHL_F32, .rank = 5, .dim = { 4, 2, 1, 2, 2 }, .count = 32,
          .data = value },
    };
    cohl_weights *weights;
    cohl_error err;
    if (cohl_safetensors_write(path_of("model.safetensors"), list, 6, NULL, &err) ||
        cohl_weights_open(&weights, path_of("model.safetensors"), &err))
        fail_msg("%s", err.text);
    return weights;
}

typedef struct seen { int count; double worst; char types[512]; } seen;

static void note(void *user, const cohl_converted *one)
{
    seen *s = user;
    size_t used = strlen(s->types);
    s->count++;
    s->worst = fmax(s->worst, one->error);
    snprintf(s->types + used, sizeof s->types - used, "%s ", one->to);
}

static void test_every_type_keeps_what_its_bits_can(void **state)
{
    static const struct { const char *type, *file, *types; double most; } cases[] = {
        { "f32", "a.safetensors", "F32 F32 F32 F32 F32 F32 ", 0 },
        { "F16", "a.safetensors", "F16 F16 F16 F16 F16 F16 ", 4e-4 },
        { "bf16", "a.gguf", "BF16 BF16 BF16 BF16 BF16 BF16 ", 3e-3 },
        { "f8_e4m3", "a.safetensors", "F32 F8_E4M3 F8_E4M3 F8_E4M3 BF16 F32 ", 0.03 },
        { "q8_0", "a.gguf", "F32 Q8_0 Q8_0 F32 BF16 F32 ", 0.006 },
        { "q6_k", "a.gguf", "F32 Q6_K Q8_0 F32 BF16 F32 ", 0.02 },
        { "q5_k", "a.gguf", "F32 Q5_K Q8_0 F32 BF16 F32 ", 0.042 },
        { "q5_1", "a.gguf", "F32 Q5_1 Q5_1 F32 BF16 F32 ", 0.042 },
        { "q5_0", "a.gguf", "F32 Q5_0 Q5_0 F32 BF16 F32 ", 0.045 },
        { "Q4_K", "a.gguf", "F32 Q4_K Q8_0 F32 BF16 F32 ", 0.084 },
        { "q4_1", "a.gguf", "F32 Q4_1 Q4_1 F32 BF16 F32 ", 0.085 },
        { "q4_0", "a.gguf", "F32 Q4_0 Q4_0 F32 BF16 F32 ", 0.092 },
        { "q3_k", "a.gguf", "F32 Q3_K Q8_0 F32 BF16 F32 ", 0.18 },
        { "q2_k", "a.gguf", "F32 Q2_K Q8_0 F32 BF16 F32 ", 0.34 },
    };
    float *back = malloc(CELLS * sizeof *back);
    cohl_weights *weights = open_model(), *read;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        seen s = { 0 };
        cohl_error err = { 0 };
        const char *path = path_of(cases[i].file);
        if (cohl_convert(weights, &(cohl_convert_params){ .type = cases[i].type, .report = note, .user = &s }, path,
                         &err) || cohl_weights_open(&read, path, &err))
            fail_msg("%s: %s", cases[i].type, err.text);
        assert_int_equal(s.count, 6);
        assert_string_equal(s.types, cases[i].types);
        assert_int_equal(cohl_weights_count(read), 6);
        if (cohl_weights_tensor_f32(read, "blocks.0.ffn.0.weight", (int64_t[]){ ROWS, COLUMNS }, 2, back, &err) ||
            cohl_weights_tensor_f32(read, "patch_embedding.weight", (int64_t[]){ 4, 2, 1, 2, 2 }, 5, back + CELLS - 32,
                                    &err))
            fail_msg("%s: %s", cases[i].type, err.text);
        double off = 0, all = 0;
        for (int k = 0; k < CELLS - 32; k++)
            off += pow((double)back[k] - value[k], 2), all += pow(value[k], 2);
        if (sqrt(off / all) > cases[i].most || s.worst > cases[i].most)
            fail_msg("%s: error %g, told %g, expected at most %g", cases[i].type, sqrt(off / all), s.worst,
                     cases[i].most);
        cohl_weights_close(read);
    }
    cohl_weights_close(weights);
    free(back);
}

static void test_the_same_bytes_with_any_number_of_threads(void **state)
{
    cohl_weights *weights = open_model();
    cohl_workers *workers;
    char *bytes[2];
    size_t size[2];
    assert_int_equal(cohl_workers_new(&workers, 3, NULL), COHL_OK);
    for (int k = 0; k < 2; k++) {
        cohl_convert_params params = { .type = "q5_k", .workers = k ? workers : NULL };
        assert_int_equal(cohl_convert(weights, &params, path_of("t.gguf"), NULL), COHL_OK);
        assert_int_equal(cohl_file_read(&bytes[k], &size[k], path_of("t.gguf"), 1 << 24, NULL), COHL_OK);
    }
    assert_int_equal(size[0], size[1]);
    assert_memory_equal(bytes[0], bytes[1], size[0]);
    free(bytes[0]), free(bytes[1]);
    cohl_workers_free(workers);
    cohl_weights_close(weights);
}

static int files_in_folder(void)
{
    int count = 0;
    DIR *dir = opendir(folder);
    for (const struct dirent *entry; (entry = readdir(dir));)
        count += entry->d_name[0] != '.';
    closedir(dir);
    return count;
}

static void test_what_cannot_be_is_told_and_leaves_nothing(void **state)
{
    static const struct { const char *type, *file, *sentence; } cases[] = {
        { "q9_0", "x.gguf", "there is no type \"q9_0\"; there are f32, f16" }, { "q4_k", "x.bin", "the ending says" },
        { "q4_k", "x.safetensors", "Q4_K is a type of .gguf files" },
        { "f8_e4m3", "x.gguf", "F8_E4M3 is a type of .safetensors files" },
        { "f16", "no/where.safetensors", "cannot create" },
    };
    cohl_weights *weights = open_model();
    int before = files_in_folder();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cohl_error err = { 0 };
        if (!cohl_convert(weights, &(cohl_convert_params){ .type = cases[i].type }, path_of(cases[i].file), &err) ||
            !strstr(err.text, cases[i].sentence))
            fail_msg("case %zu: \"%s\", expected \"%s\"", i, err.text, cases[i].sentence);
    }
    assert_int_equal(cohl_convert(weights, &(cohl_convert_params){ .type = "f32", .cancel = &(bool){ true } },
                                  path_of("x.gguf"), NULL), COHL_ERR_CANCELLED);
    cohl_weights_close(weights);
    assert_int_equal(files_in_folder(), before);

    float bad[2] = { 1, NAN }, large[2] = { 1, 1e6f };
    cohl_error err;
    for (int k = 0; k < 2; k++) {
        const cohl_weight one = { .name = "w", .type = COHL_F32, .rank = 1, .dim = { 2 }, .count = 2,
                                  .data = k ? large : bad };
        assert_int_equal(cohl_safetensors_write(path_of("bad.safetensors"), &one, 1, NULL, NULL), COHL_OK);
        assert_int_equal(cohl_weights_open(&weights, path_of("bad.safetensors"), NULL), COHL_OK);
        assert_int_equal(cohl_convert(weights, &(cohl_convert_params){ .type = "f16" }, path_of("x.safetensors"), &err),
                         COHL_ERR_FORMAT);
        assert_non_null(strstr(err.text, k ? "tensor w holds 1e+06 at 1, which F16 cannot hold" : "tensor w holds nan"));
        cohl_weights_close(weights);
    }
    assert_int_equal(files_in_folder(), before + 1);
}

/* A disk that is full after 100 kB, as a limit on the size of files. */
static void test_a_full_disk_leaves_the_old_file(void **state)
{
    const char *path = path_of("full.gguf");
    cohl_weights *weights = open_model();
    char *old;
    size_t size;
    assert_int_equal(cohl_file_write(path, "old", 3, NULL), COHL_OK);
    int before = files_in_folder();
    pid_t child = fork();
    if (!child) {
        cohl_error err = { 0 };
        signal(SIGXFSZ, SIG_IGN);
        setrlimit(RLIMIT_FSIZE, &(struct rlimit){ 100000, 100000 });
        cohl_status st = cohl_convert(weights, &(cohl_convert_params){ .type = "f32" }, path, &err);
        _exit(st == COHL_ERR_IO && strstr(err.text, "cannot write") ? 0 : 1);
    }
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(files_in_folder(), before);
    assert_int_equal(cohl_file_read(&old, &size, path, 1 << 20, NULL), COHL_OK);
    assert_int_equal(size, 3);
    free(old);
    cohl_weights_close(weights);
}

static void test_a_lora_laid_over_is_baked_in(void **state)
{
    static float down[2 * COLUMNS], up[ROWS * 2];
    const cohl_weight list[] = {
        { .name = "blocks.0.ffn.0.lora_A.weight", .type = COHL_F32, .rank = 2, .dim = { 2, COLUMNS },
          .count = 2 * COLUMNS, .data = down },
        { .name = "blocks.0.ffn.0.lora_B.weight", .type = COHL_F32, .rank = 2, .dim = { ROWS, 2 }, .count = 2 * ROWS,
          .data = up },
    };
    cohl_weights *weights = open_model(), *read;
    cohl_lora *lora;
    down[COLUMNS + 7] = 2, up[2 * 5 + 1] = 3;
    assert_int_equal(cohl_safetensors_write(path_of("l"), list, 2, NULL, NULL), COHL_OK);
    assert_int_equal(cohl_lora_open(&lora, path_of("l"), NULL), COHL_OK);
    assert_int_equal(cohl_lora_apply(weights, lora, 0.5f, NULL), COHL_OK);
    cohl_lora_close(lora);
    assert_int_equal(cohl_convert(weights, &(cohl_convert_params){ .type = "f32" }, path_of("b.safetensors"), NULL),
                     COHL_OK);
    assert_int_equal(cohl_weights_open(&read, path_of("b.safetensors"), NULL), COHL_OK);
    float got[2];
    cohl_weight_read_f32(cohl_weights_find(read, "blocks.0.ffn.0.weight"), 5 * COLUMNS + 7, 2, got);
    assert_true(got[0] == value[5 * COLUMNS + 7] + 3 && got[1] == value[5 * COLUMNS + 8]);
    cohl_weights_close(read);
    cohl_weights_close(weights);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_type_keeps_what_its_bits_can),
        cmocka_unit_test(test_the_same_bytes_with_any_number_of_threads),
        cmocka_unit_test(test_what_cannot_be_is_told_and_leaves_nothing),
        cmocka_unit_test(test_a_full_disk_leaves_the_old_file),
        cmocka_unit_test(test_a_lora_laid_over_is_baked_in),
    };
    return cmocka_run_group_tests(tests, begin, folder_remove);
}
