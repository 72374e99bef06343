/* unmarked.h - frames as they were made, for what measures them exactly: benches and tests.
 *
 * Nobody outside is handed such frames: cohl_run_frames marks each as a file's is marked. */
#ifndef COHL_ENGINE_UNMARKED_H
#define COHL_ENGINE_UNMARKED_H

#include "cohl/cohl.h"

/* cohl_run_frames without marks. */
cohl_status engine_run_unmarked(cohl_run *run, cohl_run_frame_fn *fn, void *user, cohl_run_report *report, cohl_error *err);

#endif
