/* completion.c - `cohl completion SHELL`: what a shell needs to complete cohl's words.
 *
 * Written from the tables that the commands parse by, so it knows every option there is. */
#include <stdio.h>
#include <string.h>

#include "cli/listing.h"

typedef struct shell {
    const char *name;
    const char *begin, *between, *end;   /* around the names of commands, and around their options */
    cohl_listing_fn *name_one, *usage_one;
} shell;

/* Inside single quotes, which end at one; `escaped` get a backslash before them. */
static void put_quoted(const char *text, const char *escaped)
{
    for (; *text; text++) {
        if (*text == '\'')
            fputs("'\\''", stdout);
        else
            printf("%s%c", strchr(escaped, *text) ? "\\" : "", *text);
    }
}

static bool takes_path(const cohl_usage *usage) { return cohl_listing_is_path(usage->words); }

/* Every spelling of an option, with something between them. */
static void put_spellings(const cohl_option *o, const char *between)
{
    char name[COHL_OPTION_NAME_BYTES];
    int count = 0;
    for (const char *names = o->names; cohl_option_spelling(&names, name); count++)
        printf("%s%s", count ? between : "", name);
}

static void put_words(const cohl_usage *usage)
{
    char word[COHL_OPTION_NAME_BYTES];
    for (const char *words = usage->words; cohl_listing_word(&words, word);)
        printf("%s ", word);
}

/* ---- bash ---------------------------------------------------------------- */

static void bash_name(void *user, const cohl_command *command, const cohl_usage *usage) { printf("%s ", command->name); }

static void bash_usage(void *user, const cohl_command *command, const cohl_usage *usage)
{
    printf("        %s)\n            case $previous in\n", command->name);
    for (const cohl_option *o = usage->options; o->names; o++)
        if (o->kind != COHL_OPTION_FLAG) {
            fputs("            ", stdout);
            put_spellings(o, "|");
            puts(cohl_listing_is_path(o->value) ? ") files=yes ;;" : ") ;;");
        }
    fputs("            *) words='", stdout);
    put_words(usage);
    for (const cohl_option *o = usage->options; o->names; o++) {
        put_spellings(o, " ");
        putchar(' ');
    }
    printf("--help'%s ;;\n            esac ;;\n", takes_path(usage) ? " files=yes" : "");
}

/* ---- zsh ----------------------------------------------------------------- */

static void zsh_name(void *user, const cohl_command *command, const cohl_usage *usage)
{
    printf("        '%s:", command->name);
    put_quoted(command->about, ":");
    puts("'");
}

static void zsh_option(const cohl_option *o)
{
    bool several = strchr(o->names, ',');
    fputs(several ? "            '(" : "            '", stdout);
    put_spellings(o, " ");
    if (several) {
        fputs(")'{", stdout);
        put_spellings(o, ",");
        fputs("}'", stdout);
    }
    putchar('[');
    put_quoted(o->about, "[]:");
    putchar(']');
    for (int i = 0; i < (o->kind == COHL_OPTION_FLAG ? 0 : o->kind == COHL_OPTION_PAIR ? 2 : 1); i++) {
        putchar(':');
        put_quoted(o->value, "[]:");
        printf(":%s", cohl_listing_is_path(o->value) ? "_files" : " ");
    }
    puts("' \\");
}

static void zsh_usage(void *user, const cohl_command *command, const cohl_usage *usage)
{
    printf("    %s)\n        _arguments \\\n", command->name);
    for (const cohl_option *o = usage->options; o->names; o++)
        zsh_option(o);
    fputs("            '--help[this page]' '*:", stdout);
    put_quoted(usage->words, ":");
    if (takes_path(usage)) {
        fputs(":_files", stdout);
    } else {
        fputs(":(", stdout);
        put_words(usage);
        putchar(')');
    }
    puts("' ;;");
}

/* ---- fish ---------------------------------------------------------------- */

static void fish_name(void *user, const cohl_command *command, const cohl_usage *usage)
{
    printf("complete -c cohl -n __fish_use_subcommand -a %s -d '", command->name);
    put_quoted(command->about, "");
    puts("'");
}

static void fish_usage(void *user, const cohl_command *command, const cohl_usage *usage)
{
    char name[COHL_OPTION_NAME_BYTES];
    for (const cohl_option *o = usage->options; o->names; o++) {
        printf("complete -c cohl -n '__fish_seen_subcommand_from %s'", command->name);
        for (const char *names = o->names; cohl_option_spelling(&names, name);)
            printf(name[1] == '-' ? " -l %s" : " -s %s", name + (name[1] == '-' ? 2 : 1));
        printf("%s -d '", o->kind == COHL_OPTION_FLAG ? "" : cohl_listing_is_path(o->value) ? " -r -F" : " -x");
        put_quoted(o->about, "");
        puts("'");
    }
    printf("complete -c cohl -n '__fish_seen_subcommand_from %s' %s -a '", command->name, takes_path(usage) ? "-F" : "-f");
    put_words(usage);
    puts("'");
}

/* ---- the command --------------------------------------------------------- */

static const shell shells[] = {
    { "bash",
      "# bash completion of cohl\n_cohl() {\n"
      "    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} words= files=no\n"
      "    if [ \"$COMP_CWORD\" -eq 1 ]; then\n        words='",
      "--help --version'\n    else\n        case ${COMP_WORDS[1]} in\n",
      "        esac\n    fi\n    COMPREPLY=()\n"
      "    [ -z \"$words\" ] || mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$current\")\n"
      "    if [ \"$files\" = yes ]; then\n        compopt -o filenames\n"
      "        mapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(compgen -f -- \"$current\")\n    fi\n}\n"
      "complete -F _cohl cohl\n",
      bash_name, bash_usage },
    { "zsh",
      "#compdef cohl\n_cohl() {\n    local -a commands\n    commands=(\n",
      "    )\n    if (( CURRENT == 2 )); then\n        _describe -t commands command commands\n        return\n    fi\n"
      "    shift words\n    (( CURRENT-- ))\n    case $words[1] in\n",
      "    esac\n}\n"
      "if [ \"$funcstack[1]\" = _cohl ]; then\n    _cohl \"$@\"\nelse\n    compdef _cohl cohl\nfi\n",
      zsh_name, zsh_usage },
    { "fish",
      "# fish completion of cohl\ncomplete -c cohl -f\n", "", "", fish_name, fish_usage },
};

static int unknown_shell(const char *name)
{
    fprintf(stderr, "cohl completion: no shell \"%.40s\" is known, expected bash, zsh or fish\n", name);
    return COHL_EXIT_USAGE;
}

static int run_completion(int argc, char **argv)
{
    const cohl_option options[] = { { NULL, NULL, NULL, COHL_OPTION_FLAG, NULL, 0, 0 } };
    const cohl_usage usage = { "completion", "bash|zsh|fish",
        "Print what the shell needs to complete cohl's commands and options. For this session of bash:\n"
        "eval \"$(cohl completion bash)\". To stay: zsh, into a file _cohl of a folder in $fpath; fish, into\n"
        "~/.config/fish/completions/cohl.fish.", options };
    const char *name;
    int exit_code;

    if (!cohl_options_parse(&usage, argc, argv, &name, 1, 1, &exit_code))
        return exit_code;
    for (size_t i = 0; i < sizeof shells / sizeof *shells; i++)
        if (!strcmp(shells[i].name, name)) {
            fputs(shells[i].begin, stdout);
            cohl_listing_walk(shells[i].name_one, NULL);
            fputs(shells[i].between, stdout);
            cohl_listing_walk(shells[i].usage_one, NULL);
            fputs(shells[i].end, stdout);
            return COHL_EXIT_OK;
        }
    return unknown_shell(name);
}

const cohl_command cohl_command_completion = { "completion", "complete cohl's words in bash, zsh or fish", run_completion };
