/* Test of what the networks declare, against the published lists of tensors: every name and shape, no
 * less and no more. Files with those headers and a hole for data stand for the checkpoints.
 *
 * The lists are not in the repository: COHL_SHARED names the folder that has goldens/ in it, or it
 * stands beside the repository. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "model/dit.h"
#include "model/image_encoder.h"
#include "model/taehv.h"
#include "model/text_encoder.h"
#include "model/vae.h"
#include "tensor/backend.h"
#include "weights/gguf.h"

enum { TENSORS_MAX = 2048, NAME_BYTES = 160 };

typedef struct list {
    cohl_weight weight[TENSORS_MAX];
    char        name[TENSORS_MAX][NAME_BYTES];
    size_t      count, values;
} list;

static void read_line(list *l, char *line)
{
    char *tab = strchr(line, '\t');
    cohl_weight *w = &l->weight[l->count];
    assert_true(tab && tab - line < NAME_BYTES && l->count < TENSORS_MAX);
    *tab = 0;
    strcpy(l->name[l->count], line);
    *w = (cohl_weight){ .name = l->name[l->count++], .type = COHL_BF16, .count = 1 };
    for (char *size = strtok(tab + 1, "x\n"); size; size = strtok(NULL, "x\n")) {
        w->dim[w->rank++] = atoll(size);
        w->count *= (size_t)atoll(size);
    }
    l->values += w->count;
}

/* As GGUF files travel: five sizes joined to four, leading ones lost. */
static void bend(list *l)
{
    for (size_t i = 0; i < l->count; i++) {
        cohl_weight *w = &l->weight[i];
        if (w->rank == 5) {
            w->dim[0] *= w->dim[1];
            memmove(w->dim + 1, w->dim + 2, 3 * sizeof *w->dim);
            w->rank = 4;
        }
        while (w->rank > 1 && w->dim[0] == 1)
            memmove(w->dim, w->dim + 1, (size_t)--w->rank * sizeof *w->dim);
    }
}

/* A file of no values; in GGUF there is room for the zeros between tensors too. */
static void open_hollow(cohl_weights **out, const list *l, const char *path, bool gguf)
{
    enum { ALIGNMENT = 32 };
    cohl_writer file;
    off_t bytes = (off_t)(l->values * sizeof(uint16_t)) + (gguf ? (off_t)l->count * ALIGNMENT : 0);
    assert_int_equal(cohl_writer_open(&file, path, NULL), COHL_OK);
    assert_int_equal(gguf ? cohl_gguf_begin(&file, "wan", l->weight, l->count, NULL)
                          : cohl_safetensors_begin(&file, l->weight, l->count, NULL, NULL), COHL_OK);
    assert_int_equal(fflush(file.file), 0);
    assert_int_equal(ftruncate(fileno(file.file), ftello(file.file) + bytes), 0);
    assert_int_equal(cohl_writer_close(&file, COHL_OK, NULL), COHL_OK);
    assert_int_equal(cohl_weights_open(out, path, NULL), COHL_OK);
}

/* ---- each network, as its loader would find it ---------------------------- */

static cohl_status expect_dit(const cohl_weights *weights, cohl_ctx *ctx, cohl_error *err)
{
    cohl_dit_config config;
    cohl_dit *dit = NULL;
    cohl_status st = cohl_dit_config_infer(&config, weights, err);
    if (!st) st = cohl_dit_new(&dit, &config, err);
    if (!st) st = cohl_params_expect(&dit->params, ctx, weights, COHL_SURPLUS_REFUSED, err);
    cohl_dit_free(dit);
    return st;
}

static cohl_status expect_text(const cohl_weights *weights, cohl_ctx *ctx, cohl_error *err)
{
    cohl_text_encoder_config config;
    cohl_text_encoder *text = NULL;
    cohl_status st = cohl_text_encoder_config_infer(&config, weights, err);
    if (!st) st = cohl_text_encoder_new(&text, &config, err);
    if (!st) st = cohl_params_expect(&text->params, ctx, weights, COHL_SURPLUS_REFUSED, err);
    cohl_text_encoder_free(text);
    return st;
}

static cohl_status expect_vae(const cohl_weights *weights, cohl_ctx *ctx, cohl_error *err)
{
    cohl_vae_config config;
    cohl_vae *vae = NULL;
    cohl_status st = cohl_vae_config_infer(&config, weights) ? COHL_OK
                                                             : cohl_fail(err, COHL_ERR_FORMAT, "no autoencoder");
    if (!st) st = cohl_vae_new(&vae, &config, err);
    if (!st) st = cohl_params_expect(&vae->params, ctx, weights, COHL_SURPLUS_REFUSED, err);
    cohl_vae_free(vae);
    return st;
}

static cohl_status expect_taehv(const cohl_weights *weights, cohl_ctx *ctx, cohl_error *err)
{
    cohl_taehv_config config;
    cohl_taehv *taehv = NULL;
    cohl_status st = cohl_taehv_config_infer(&config, weights, err);
    if (!st) st = cohl_taehv_new(&taehv, &config, err);
    if (!st) st = cohl_params_expect(&taehv->params, ctx, weights, COHL_SURPLUS_REFUSED, err);
    cohl_taehv_free(taehv);
    return st;
}

/* Its file holds the last layer and the head too, which no film model asks for. */
static cohl_status expect_image(const cohl_weights *weights, cohl_ctx *ctx, cohl_error *err)
{
    cohl_image_encoder_config config = cohl_image_encoder_config_default();
    cohl_image_encoder *image = NULL;
    cohl_status st = cohl_image_encoder_open(&image, &config, ctx, weights, COHL_BF16, err);
    cohl_image_encoder_close(image);
    return st;
}

static const struct { const char *name; cohl_status (*expect)(const cohl_weights *, cohl_ctx *, cohl_error *); } LISTS[] = {
    { "wan2.1-t2v-1.3b", expect_dit }, { "wan2.1-t2v-14b", expect_dit }, { "wan2.1-i2v-14b", expect_dit },
    { "wan2.1-flf2v-14b", expect_dit }, { "wan2.1-vace-1.3b", expect_dit }, { "wan2.1-vace-14b", expect_dit },
    { "wan2.2-ti2v-5b", expect_dit }, { "wan2.2-t2v-a14b-each-expert", expect_dit },
    { "wan2.2-i2v-a14b-each-expert", expect_dit }, { "umt5-xxl-encoder", expect_text }, { "wan2.1-vae", expect_vae },
    { "wan2.2-vae", expect_vae }, { "taew2_1", expect_taehv }, { "taew2_2", expect_taehv },
    { "clip-vit-h-14-visual-part", expect_image },
};

/* false: the lists are not here. */
static bool read_list(list *l, const char *name)
{
    const char *shared = getenv("COHL_SHARED");
    char path[600], line[256];
    snprintf(path, sizeof path, "%s/goldens/checkpoint-names/%s.tsv", shared ? shared : COHL_TEST_SHARED, name);
    FILE *file = fopen(path, "r");
    l->count = l->values = 0;
    if (!file)
        return false;
    while (fgets(line, sizeof line, file))
        read_line(l, line);
    fclose(file);
    return true;
}

static void check_lists(bool gguf)
{
    static list l;
    char path[] = "/tmp/cohl-lists-XXXXXX";
    int made = mkstemp(path);
    cohl_ctx ctx;
    assert_true(made >= 0);
    close(made);
    assert_int_equal(cohl_ctx_open(&ctx, &(cohl_ctx_params){ .backend = cohl_backend_named("ref") }, NULL), COHL_OK);
    for (size_t i = 0; i < sizeof LISTS / sizeof *LISTS; i++) {
        cohl_weights *weights;
        cohl_error err = { 0 };
        if (!read_list(&l, LISTS[i].name)) {
            print_message("%s: its list is not here\n", LISTS[i].name);
            unlink(path);
            cohl_ctx_close(&ctx);
            skip();
        }
        if (gguf)
            bend(&l);
        open_hollow(&weights, &l, path, gguf);
        if (LISTS[i].expect(weights, &ctx, &err))
            fail_msg("%s: %s", LISTS[i].name, err.text);
        cohl_weights_close(weights);
    }
    cohl_ctx_close(&ctx);
    unlink(path);
}

static void test_networks_declare_what_the_checkpoints_hold(void **state) { check_lists(false); }
static void test_gguf_files_without_a_configuration_are_known(void **state) { check_lists(true); }

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_networks_declare_what_the_checkpoints_hold),
        cmocka_unit_test(test_gguf_files_without_a_configuration_are_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
