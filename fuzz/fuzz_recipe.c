/* fuzz_recipe.c - any bytes as a training recipe.
 *
 * What is accepted is in range, its rates are factors of 0..1, and its sections
 * have one text that reads as itself. What is refused has a sentence. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "train/recipe.h"

static void check_values(const cohl_recipe *r)
{
    const cohl_optimizer_params *o = &r->optimizer;
    assert(r->steps >= 1 && r->batch >= 1 && r->batch <= 4096 && r->seed <= 2147483647);
    assert(r->warmup >= 0 && r->decay >= 0 && r->decay <= 1 && r->evaluate_every >= 1 && r->sheet_every >= 0);
    assert(o->matrix_rate >= 0 && o->matrix_rate <= 1 && o->rate >= 0 && o->rate <= 1);
    assert(o->beta1 < 1 && o->beta2 < 1 && o->matrix_momentum < 1 && o->average >= 1 && o->clip >= 0);
    const int64_t steps[] = { 0, 1, r->steps / 2, r->steps - 1, r->steps, (int64_t)r->steps * 2 };
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        double rate = cohl_recipe_rate(r, steps[i]);
        assert(rate >= 0 && rate <= 1);
    }
}

static void check_sections(const cohl_recipe *r)
{
    static const char *const keys[] = { "model", "data", "draw", "optimizer", "nothing" };
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        cohl_config *section;
        char *text = cohl_recipe_section_text(r, keys[i]);
        assert(text);
        if (!cohl_recipe_section(r, keys[i], &section, NULL))
            cohl_config_close(section);
        free(text);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    cohl_recipe recipe;
    cohl_error err = { 0 };
    cohl_status st = cohl_recipe_parse(&recipe, "fuzz.json", (const char *)bytes, size, &err);
    if (st) {
        assert(err.text[0] && err.status == st && !recipe.config && !recipe.start_from);
        return 0;
    }
    check_values(&recipe);
    check_sections(&recipe);
    cohl_recipe_close(&recipe);
    return 0;
}
