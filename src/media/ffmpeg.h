/* ffmpeg.h - what the files that call FFmpeg's libraries share. Not for other rooms.
 *
 * Written for libavcodec 59 to 61 (FFmpeg 5.1 to 7.1): where the two differ, the
 * difference stands here or in ffmpeg.c and nowhere else. */
#ifndef COHL_MEDIA_FFMPEG_H
#define COHL_MEDIA_FFMPEG_H

#include <stdbool.h>
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libswscale/swscale.h>

#include "media/frame.h"
#include "media/tag.h"

/* Before the first call into the libraries of an operation: from here on this
 * thread's last complaint is remembered instead of printed. */
void cohl_ffmpeg_begin(void);

/* Why a call failed, in the libraries' own words: what they logged on this thread
 * since cohl_ffmpeg_begin(), else the code's meaning. Valid until the next call. */
const char *cohl_ffmpeg_reason(int code);

/* What an error code of the libraries is to us: memory, the system, or the format. */
cohl_status cohl_ffmpeg_status(int code);

/* Beside quarter turns: first, columns change places, the left one for the right. */
enum { COHL_MIRRORED = 4 };
/* Quarter turns clockwise (0..3) that a display matrix asks for, and COHL_MIRRORED. */
int cohl_ffmpeg_turns(const int32_t *matrix);
/* The same for a stream's own matrix; 0 if it has none. */
int cohl_ffmpeg_stream_turns(const AVStream *stream);

/* Decoded pictures to RGB; starts as { 0 }, or { .still = true }, and keeps the scaler between frames. */
typedef struct cohl_ffmpeg_view {
    bool still;                                /* pictures: unmarked, they are BT.601 at any size */
    struct SwsContext *scaler;
    int width, height, format, space, range;   /* of what the scaler was made for */
    int to_width, to_height;
    AVFrame *canvas;                           /* scratch, where alpha is met */
} cohl_ffmpeg_view;

/* Scale `from` into `to` as its own colour matrix and range say (unmarked: film BT.709 from
 * 720 lines on, else BT.601; grey all levels), same bytes on any processor; what is transparent
 * shows white. name is what an error sentence calls it. */
cohl_status cohl_ffmpeg_to_rgb(cohl_ffmpeg_view *view, cohl_frame *to, const AVFrame *from,
                               const char *name, cohl_error *err);
void cohl_ffmpeg_view_close(cohl_ffmpeg_view *view);

/* Turn `*frame` by quarter turns clockwise, mirrored before where that is asked; it is replaced. */
cohl_status cohl_ffmpeg_turn(cohl_frame **frame, int turns, cohl_error *err);

#endif
