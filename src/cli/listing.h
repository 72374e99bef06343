/* listing.h - what all commands accept, for whoever writes it down elsewhere. */
#ifndef COHL_CLI_LISTING_H
#define COHL_CLI_LISTING_H

#include "cli/command.h"
#include "cli/options.h"

/* Each command with its usage, in the order of cohl_commands. */
typedef void cohl_listing_fn(void *user, const cohl_command *command, const cohl_usage *usage);
void cohl_listing_walk(cohl_listing_fn *fn, void *user);

/* Does a word of this name stand for a file or a folder: "FILE"? */
bool cohl_listing_is_path(const char *value);

/* The literal first words among a usage's words, in turn: "render|words" gives two. `*words` moves
 * on; false after the last. */
bool cohl_listing_word(const char **words, char out[COHL_OPTION_NAME_BYTES]);

#endif
