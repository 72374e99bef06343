/* entry.h - what the ledger will know of a film that is about to get its name.
 *
 * The door lists the film's hidden files when they are whole, enters them in the moment before
 * they are named, and confirms the entry after (ledger/films.h tells why). No failure here stops a
 * film: `said` keeps the first sentence, which the door's report carries. */
#ifndef COHL_DELIVER_ENTRY_H
#define COHL_DELIVER_ENTRY_H

#include "ledger/films.h"

typedef struct cohl_entry {
    cohl_store     *ledger;     /* NULL: nothing is entered                                */
    cohl_film_made  made;       /* the caller fills in all but file and file_count         */
    cohl_film_file *file;       /* [made.file_count], strings and manifests are the entry's */
    int64_t         film;       /* its number; 0: not entered                              */
    cohl_error      said;       /* why not, or why it is not confirmed                     */
} cohl_entry;

/* Add a film at its hidden place, a file or a folder of pictures, that will stand at `place`; or its
 * sheet. beside: the hidden file of its credentials, NULL: they stand inside. Call once for each, the
 * film first. */
void cohl_entry_list(cohl_entry *entry, const char *hidden, const char *beside, const char *place, bool folder);

void cohl_entry_enter(cohl_entry *entry);
/* named: the film has its name; else the entry is taken back. */
void cohl_entry_end(cohl_entry *entry, bool named);

#endif
