/* fuzz_config.c - any bytes as a model's config.json.
 *
 * Each kind of value is asked for under names the corpus uses, and the promise
 * of the header is held: after a failure or not, what comes out is in range. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "weights/config.h"

static void ask(cohl_config *config)
{
    enum { MOST = 4 };
    int whole = 0, list[MOST], count = 0;
    double real = 0, reals[MOST];
    bool flag = false;
    const char *text = NULL;
    cohl_config_int_or(config, "window", 0, 1024, 7, &whole);
    assert(whole >= 0 && whole <= 1024);
    cohl_config_float_or(config, "eps", 0, 1, 0.5, &real);
    assert(real >= 0 && real <= 1);
    cohl_config_bool_or(config, "causal", true, &flag);
    cohl_config_string_or(config, "name", "none", &text);
    assert(text && strlen(text) < SIZE_MAX);
    cohl_config_ints(config, "patch", 1, 16, 1, MOST, list, &count);
    assert(count >= 0 && count <= MOST);
    cohl_config_floats(config, "mean", -10, 10, 1, MOST, reals, &count);
    assert(count >= 0 && count <= MOST);
    cohl_config_int(config, "dim", 1, 65536, &whole);
    assert(whole >= 1 && whole <= 65536);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    cohl_config *config = NULL;
    cohl_error err = { 0 };
    cohl_status st = cohl_config_parse(&config, "fuzz", (const char *)bytes, size, &err);
    if (st) {
        assert(err.text[0] && err.status == st);
        return 0;
    }
    ask(config);
    st = cohl_config_done(config, &err);
    assert((st == COHL_OK) == (err.text[0] == '\0'));
    cohl_config_close(config);
    return 0;
}
