/* deliver.c - `cohl deliver FILE -o OUT`: a film once more, as another format, size, rate or quality. */
#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"
#include "cli/command.h"
#include "cli/options.h"
#include "cli/print.h"
#include "cli/size.h"
#include "cli/stop.h"
#include "engine/recode.h"

static void tell(const cohl_door_report *r, bool as_json)
{
    if (as_json) {
        cohl_print_json(json_pack("{s:o, s:o, s:o, s:i, s:f, s:I, s:s, s:s, s:o}", "film", cohl_json_name(r->path), "sheet",
                                  cohl_json_name(r->sheet), "credentials", cohl_json_name(r->credentials), "frames", r->frames, "seconds", r->seconds, "bytes",
                                  (json_int_t)r->bytes, "packets", r->packets, "mark", r->mark, "ledger_film",
                                  r->ledger_film ? json_integer(r->ledger_film) : json_null()));
        return;
    }
    printf("%s: %d frames, %.2f s, %.0f kB\n", r->path, r->frames, r->seconds, (double)r->bytes / 1000);
    if (r->credentials)
        printf("its credentials stand beside it: %s\n", r->credentials);
}

static int run_deliver(int argc, char **argv)
{
    engine_recode asked = { .crf = -1 };
    const char *size = NULL;
    bool as_json = false;
    int exit_code;
    cohl_door_report report;
    cohl_error err = { 0 };
    const cohl_option options[] = {
        { "-o, --out", "FILE", "where it goes: .mp4, .webm, .mov, .gif, or a folder of pictures with / at the end", COHL_OPTION_TEXT, &asked.path, 0, 0 },
        { "--size", "WxH", "pixels; another shape is cut at the sides (the film's own)", COHL_OPTION_TEXT, &size, 0, 0 },
        { "--fps", "N", "frames a second; what is shown lasts as long (the film's own)", COHL_OPTION_NUMBER, &asked.fps, 0.1, 240 },
        { "--crf", "N", "quality, lower is finer (the format's own)", COHL_OPTION_INT, &asked.crf, 0, 63 },
        { "--sheet", "FILE", "also a contact sheet, .png", COHL_OPTION_TEXT, &asked.sheet, 0, 0 },
        { "--title", "TEXT", "another title", COHL_OPTION_TEXT, &asked.title, 0, 0 },
        { "--label", NULL, "draw \"AI generated\" into every frame", COHL_OPTION_FLAG, &asked.label, 0, 0 },
        { "--signer", "FILE", "PEM with the key and chain that sign it (this installation's)", COHL_OPTION_TEXT, &asked.signer, 0, 0 },
        { "--threads", "N", "worker threads (all)", COHL_OPTION_INT, &asked.threads, 0, 256 },
        { "--json", NULL, "answer as JSON", COHL_OPTION_FLAG, &as_json, 0, 0 },
        { NULL, NULL, NULL, COHL_OPTION_FLAG, NULL, 0, 0 },
    };
    const cohl_usage usage = { "deliver", "FILE",
        "A film that was made here, once more: in another format, size, rate or quality. Its frames pass the\n"
        "checks again, its marks stay, and its credentials carry those of the film it comes from.", options };
    if (!cohl_options_parse(&usage, argc, argv, &asked.from, 1, 1, &exit_code))
        return exit_code;
    if (!asked.path) {
        fprintf(stderr, "cohl deliver: missing -o FILE; cohl deliver --help says more\n");
        return COHL_EXIT_USAGE;
    }
    cohl_status st = size ? cohl_size_read(size, &asked.width, &asked.height, &err) : COHL_OK;
    asked.cancel = cohl_stop_watch();
    if (!st)
        st = engine_recode_film(&asked, &report, &err);
    if (st)
        return cohl_command_fail(&err);
    tell(&report, as_json);
    if (*report.ledger_said)
        fprintf(stderr, "cohl: %s\n", report.ledger_said);
    cohl_door_report_free(&report);
    return COHL_EXIT_OK;
}

const cohl_command cohl_command_deliver = { "deliver", "a film once more: another format, size, rate or quality", run_deliver };
