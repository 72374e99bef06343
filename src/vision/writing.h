/* writing.h - what is written in a frame.
 *
 *     cohl_writing *writing;
 *     if ((st = cohl_writing_new(&writing, err))) return st;
 *     st = cohl_writing_read(&text, writing, frame, err);      each frame
 *     if (text.size) ...
 *     cohl_writing_free(writing);
 *
 * Lines are found by how letters look (writing_line.h) and read by Tesseract (Smith 2007; its networks of 2018)
 * with Debian's English data, and French where they are installed. docs/checks.md says what is read and what not. */
#ifndef COHL_VISION_WRITING_H
#define COHL_VISION_WRITING_H

#include "base/text.h"
#include "media/frame.h"

typedef struct cohl_writing cohl_writing;

/* Tesseract itself is started with the first line that is found.
 * COHL_ERR_IO  its data is not installed: the sentence says what brings it */
cohl_status cohl_writing_new(cohl_writing **out, cohl_error *err);
void        cohl_writing_free(cohl_writing *writing);

/* Append the words that are surely there, UTF-8, a line of writing on a line, from top to bottom. One thread at a time. */
cohl_status cohl_writing_read(cohl_text *out, cohl_writing *writing, const cohl_frame *frame, cohl_error *err);

#endif
