/* convert.c - `cohl convert IN OUT --type TYPE`: weights in another type, with what it cost. */
#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "cli/options.h"
#include "cli/stop.h"
#include "weights/convert.h"
#include "weights/lora.h"

/* The table as it grows, and its sums. */
typedef struct totals {
    bool   quiet;
    double bytes_from, bytes_to, worst;
    char   worst_name[COHL_NAME_MAX];
    int    count;
} totals;

static void print_row(void *user, const cohl_converted *one)
{
    totals *t = user;
    if (!t->count++ && !t->quiet)
        printf("%-52s %-22s %-8s %-8s %s\n", "tensor", "shape", "was", "is", "relative error");
    if (!t->quiet)
        printf("%-52s %-22s %-8s %-8s %.5f %%\n", one->name, cohl_shape_write(one->dim, one->rank).text, one->from,
               one->to, 100 * one->error);
    t->bytes_from += (double)one->bytes_from;
    t->bytes_to += (double)one->bytes_to;
    if (one->error > t->worst) {
        t->worst = one->error;
        snprintf(t->worst_name, sizeof t->worst_name, "%s", one->name);
    }
}

static cohl_status convert(const char *in, const char *out, const char *type, const char *loras, int threads,
                           totals *t, cohl_error *err)
{
    cohl_weights *weights = NULL;
    cohl_workers *workers = NULL;
    cohl_status st = cohl_weights_open(&weights, in, err);
    if (!st)
        st = cohl_lora_apply_list(weights, loras, COHL_LORA_ONLY, err);
    if (!st)
        st = cohl_workers_new(&workers, threads, err);
    if (!st)
        st = cohl_convert(weights, &(cohl_convert_params){ .type = type, .workers = workers, .report = print_row,
                                                           .user = t, .cancel = cohl_stop_watch() }, out, err);
    cohl_workers_free(workers);
    cohl_weights_close(weights);
    return st;
}

static int run_convert(int argc, char **argv)
{
    const char *words[2], *type = NULL, *loras = NULL;
    int threads = 0, exit_code;
    totals t = { 0 };
    cohl_error err;
    char about[128];
    snprintf(about, sizeof about, "%s", cohl_convert_types());
    const cohl_option options[] = {
        { "--type", "TYPE", about, COHL_OPTION_TEXT, &type, 0, 0 },
        { "--lora", "FILE[:0.8]", "lay a LoRA over the weights first; several with commas", COHL_OPTION_TEXT, &loras,
          0, 0 },
        { "--quiet", NULL, "only the sums, not a line for each tensor", COHL_OPTION_FLAG, &t.quiet, 0, 0 },
        { "--threads", "N", "worker threads; the file is the same with any number (all)", COHL_OPTION_INT, &threads,
          0, 256 },
        { NULL, NULL, NULL, COHL_OPTION_FLAG, NULL, 0, 0 },
    };
    const cohl_usage usage = { "convert", "IN OUT",
        "Write weights in another type. IN is a file of weights (safetensors, GGUF, .pth), an index or a\n"
        "folder; the ending of OUT says what is written: .safetensors (f32, f16, bf16, f8_e4m3) or .gguf\n"
        "(all but f8_e4m3). OUT has the original release's names and appears whole or not at all.\n\n"
        "The relative error is the root mean square of the change over that of the values. Packed types are\n"
        "for matrices; first and last layers become BF16, and what is no matrix F32.", options };

    if (!cohl_options_parse(&usage, argc, argv, words, 2, 2, &exit_code))
        return exit_code;
    if (!type) {
        fprintf(stderr, "cohl convert: missing --type TYPE, one of %s\n", cohl_convert_types());
        return COHL_EXIT_USAGE;
    }
    if (convert(words[0], words[1], type, loras, threads, &t, &err))
        return cohl_command_fail(&err);
    printf("%s: %d tensors, %.1f MB from %.1f MB", words[1], t.count, t.bytes_to / 1e6, t.bytes_from / 1e6);
    if (t.worst > 0)
        printf("; largest relative error %.5f %%, %s", 100 * t.worst, t.worst_name);
    putchar('\n');
    return COHL_EXIT_OK;
}

const cohl_command cohl_command_convert = { "convert", "weights in another type", run_convert };
