/* prompt.h - a prompt's text, made as clean as the captions that text encoders were trained on.
 *
 * What the reference programs do before they split a prompt into tokens: ftfy's repairs that change
 * single characters (curly quotes, ligatures, full-width letters, line ends, control characters, terminal
 * colours), HTML's entities resolved, runs of white space to one space, none at the ends. Not done:
 * ftfy's guessing at text that was decoded in the wrong encoding. */
#ifndef COHL_MODEL_PROMPT_H
#define COHL_MODEL_PROMPT_H

/* text is valid UTF-8. New memory, free() it; NULL when there is none. Cleaning twice changes nothing
 * but for entities written in entities. */
char *cohl_prompt_clean(const char *text);

#endif
