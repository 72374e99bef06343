/* film.c - the smallest program that makes a film:
 *
 *     cc film.c $(pkg-config --cflags --libs cohl) -o film
 *     ./film "a red balloon drifts over a white village" film.mp4 [MODEL]        */
#include <stdio.h>

#include <cohl/cohl.h>

static void show(void *user, const cohl_run_progress *p)
{
    (void)user;
    fprintf(stderr, "\r%s %d of %d ", p->stage, p->step, p->steps);
}

static cohl_status make(const char *prompt, const char *path, const char *model, cohl_error *err)
{
    cohl_engine *engine;
    cohl_run *run = NULL;
    cohl_run_report report;
    cohl_request request = cohl_request_default();
    cohl_status st = cohl_engine_open(&engine, &(cohl_engine_params){ .model = model }, err);

    if (st)
        return st;
    request.prompt = prompt;
    request.seed = 7;
    if (!(st = cohl_run_new(&run, engine, &request, err))) {
        cohl_run_watch(run, show, NULL);
        st = cohl_run_film(run, &(cohl_film){ .path = path }, &report, err);
    }
    if (!st)
        printf("\n%s: %d frames in %.1f s\n", path, report.frames, report.seconds);
    cohl_run_free(run);
    cohl_engine_close(engine);
    return st;
}

int main(int argc, char **argv)
{
    cohl_error err;
    if (argc < 3) {
        fprintf(stderr, "usage: film PROMPT FILE [MODEL]\n");
        return 2;
    }
    if (make(argv[1], argv[2], argc > 3 ? argv[3] : NULL, &err)) {
        fprintf(stderr, "film: %s\n", err.text);
        return 1;
    }
    return 0;
}
