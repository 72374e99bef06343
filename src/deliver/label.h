/* label.h - the visible label, for who wants one: "AI generated" in the lower left corner. */
#ifndef COHL_DELIVER_LABEL_H
#define COHL_DELIVER_LABEL_H

#include "media/frame.h"

/* Draw it. About a thirtieth of the height, at least the font's own size; cut on tiny frames. */
void cohl_label_draw(cohl_frame *frame);

#endif
