/* trace.h - what is kept of a protected picture: never the picture.
 *
 * Its fingerprint (provenance/print.h) and its features (feature.h), and both of it seen in a mirror.
 * They tell the picture when it is seen again, and nothing else: what it shows cannot be drawn from them but
 * for a rough guess of edges. */
#ifndef COHL_PROTECT_TRACE_H
#define COHL_PROTECT_TRACE_H

#include "base/text.h"
#include "protect/feature.h"

typedef struct cohl_picture_trace_side {
    uint64_t      print;
    int           count;
    cohl_feature *feature;       /* [count]; of the trace */
} cohl_picture_trace_side;

typedef struct cohl_picture_trace {
    int                     width, height;    /* of the small picture (feature.h)  */
    cohl_picture_trace_side side[2];          /* as it is, and as in a mirror      */
} cohl_picture_trace;

/* COHL_ERR_ARGUMENT  there is too little in the picture to know it again: an even plane, a few blurs.
 * name is what the sentence calls it. */
cohl_status cohl_picture_trace_of(cohl_picture_trace *out, cohl_feature_finder *finder, const cohl_frame *frame,
                                  const char *name, cohl_error *err);
void        cohl_picture_trace_free(cohl_picture_trace *trace);

/* As bytes, appended; and back. COHL_ERR_FORMAT: these are not a trace's. */
void        cohl_picture_trace_write(cohl_text *out, const cohl_picture_trace *trace);
cohl_status cohl_picture_trace_read(cohl_picture_trace *out, const void *data, size_t size, cohl_error *err);

#endif
