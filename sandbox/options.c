/* SPDX-License-Identifier: MIT */
/* Reads the command line; does not act on it. */
#include "options.h"

#include <getopt.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include <event2/util.h>

#include "fault.h"
#include "number.h"

#include "config.h"

static const char help[] =
    "usage: pgqueue-sandbox [OPTION]...\n"
    "A local stand-in for the check-in provider's API, for demos and tests.\n"
    "\n"
    "  --listen 127.0.0.1:0|unix:PATH  where to serve; port 0 picks a free one (default)\n"
    "  --port-file FILE      write the port to FILE once it is open\n"
    "  --data DIR            each folder of recorded pages in DIR is a user of that name\n"
    "  --user TOKEN=SPEC     a user; SPEC is dir:PATH[,next-run] or\n"
    "                        gen:COUNT[,seed=S][,grown=N][,hostile]\n"
    "  --generate N          check-ins of a gen-... token that is not registered (500)\n"
    "  --seed S              changes all generated histories without a seed of their own\n"
    "  --before exclusive|inclusive    what beforeTimestamp means (exclusive)\n"
    "  --rate-limit N/SECONDS  requests per token and time (1000000/3600)\n"
    "  --delay MS            answer each request that much later\n"
    "  --fault KIND[,token=T][,count=N][,every=N][,after=N][,seconds=S][,bytes=N][,to=URL]\n"
    "                        answer requests wrongly; KIND is one of\n"
    "                        %s\n"
    "  --log FILE            one line per request; - is the standard error\n"
    "  --help, --version\n"
    "\n"
    "Tokens that start with gen- need no registration. Control: /_sandbox/ at the same address.\n";

enum {
    OPT_LISTEN = 1,
    OPT_PORT_FILE,
    OPT_DATA,
    OPT_USER,
    OPT_GENERATE,
    OPT_SEED,
    OPT_BEFORE,
    OPT_RATE,
    OPT_DELAY,
    OPT_FAULT,
    OPT_LOG,
    OPT_HELP,
    OPT_VERSION,
};

static const struct option names[] = {
    {"listen", required_argument, NULL, OPT_LISTEN},
    {"port-file", required_argument, NULL, OPT_PORT_FILE},
    {"data", required_argument, NULL, OPT_DATA},
    {"user", required_argument, NULL, OPT_USER},
    {"generate", required_argument, NULL, OPT_GENERATE},
    {"seed", required_argument, NULL, OPT_SEED},
    {"before", required_argument, NULL, OPT_BEFORE},
    {"rate-limit", required_argument, NULL, OPT_RATE},
    {"delay", required_argument, NULL, OPT_DELAY},
    {"fault", required_argument, NULL, OPT_FAULT},
    {"log", required_argument, NULL, OPT_LOG},
    {"help", no_argument, NULL, OPT_HELP},
    {"version", no_argument, NULL, OPT_VERSION},
    {NULL, 0, NULL, 0},
};

static bool parse_host(const char *host, int64_t port, struct options *o)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};
    if (strcmp(host, "localhost") == 0)
        host = "127.0.0.1";
    size_t len = strlen(host);
    char bare[64];
    if (evutil_inet_pton(AF_INET, host, &v4.sin_addr) == 1) {
        memcpy(&o->address, &v4, sizeof(v4));
        o->address_len = sizeof(v4);
        return true;
    }
    if (len < 3 || len >= sizeof(bare) || host[0] != '[' || host[len - 1] != ']')
        return false;
    snprintf(bare, sizeof(bare), "%.*s", (int)len - 2, host + 1);
    if (evutil_inet_pton(AF_INET6, bare, &v6.sin6_addr) != 1)
        return false;
    memcpy(&o->address, &v6, sizeof(v6));
    o->address_len = sizeof(v6);
    return true;
}

static bool parse_listen(const char *text, struct options *o)
{
    if (strncmp(text, "unix:", 5) == 0) {
        struct sockaddr_un un = {.sun_family = AF_UNIX};
        if (text[5] == '\0' || strlen(text + 5) >= sizeof(un.sun_path))
            return false;
        snprintf(un.sun_path, sizeof(un.sun_path), "%s", text + 5);
        memcpy(&o->address, &un, sizeof(un));
        o->address_len = sizeof(un);
        o->unix_path = text + 5;
        return true;
    }
    const char *colon = strrchr(text, ':');
    char host[64];
    int64_t port = 0;
    if (!colon || (size_t)(colon - text) >= sizeof(host) ||
        !number_parse(colon + 1, 0, 65535, &port))
        return false;
    snprintf(host, sizeof(host), "%.*s", (int)(colon - text), text);
    o->unix_path = NULL;
    return parse_host(host, port, o);
}

static bool parse_rate(const char *text, struct rate *rate)
{
    char limit[32];
    const char *slash = strchr(text, '/');
    if (!slash || (size_t)(slash - text) >= sizeof(limit))
        return false;
    snprintf(limit, sizeof(limit), "%.*s", (int)(slash - text), text);
    return number_parse(limit, 1, INT32_MAX, &rate->limit) &&
           number_parse(slash + 1, 1, INT32_MAX, &rate->window_s);
}

static bool parse_before(const char *text, bool *inclusive)
{
    *inclusive = strcmp(text, "inclusive") == 0;
    return *inclusive || strcmp(text, "exclusive") == 0;
}

static bool parse_seed(const char *text, uint64_t *seed)
{
    int64_t n = 0;
    bool good = number_parse(text, 0, INT64_MAX, &n);
    *seed = (uint64_t)n;
    return good;
}

static bool add_argument(const char *value, const char **list, size_t *n, size_t max)
{
    if (*n == max)
        return false;
    list[(*n)++] = value;
    return true;
}

/* False when the value makes no sense for the option. */
static bool set_option(struct options *o, int option, const char *value)
{
    switch (option) {
    case OPT_LISTEN:
        return parse_listen(value, o);
    case OPT_PORT_FILE:
        o->port_file = value;
        return *value != '\0';
    case OPT_DATA:
        o->data = value;
        return *value != '\0';
    case OPT_LOG:
        o->log = value;
        return *value != '\0';
    case OPT_USER:
        return strchr(value, '=') &&
               add_argument(value, o->user_args, &o->n_user_args, OPTIONS_USERS_MAX);
    case OPT_FAULT:
        return add_argument(value, o->fault_args, &o->n_fault_args, OPTIONS_FAULTS_MAX);
    case OPT_GENERATE:
        return number_parse(value, 0, GENERATED_COUNT_MAX, &o->users.generate);
    case OPT_SEED:
        return parse_seed(value, &o->users.seed);
    case OPT_BEFORE:
        return parse_before(value, &o->users.before_inclusive);
    case OPT_RATE:
        return parse_rate(value, &o->users.rate);
    case OPT_DELAY:
        return number_parse(value, 0, 3600000, &o->delay_ms);
    default:
        return false;
    }
}

static int usage_error(const char *what, const char *about)
{
    fprintf(stderr, "pgqueue-sandbox: %s '%s' (see --help)\n", what, about);
    return 2;
}

static const char *name_of(int option)
{
    const struct option *name = names;
    while (name->name && name->val != option)
        name++;
    return name->name ? name->name : "?";
}

int options_parse(int argc, char **argv, struct options *options)
{
    *options = (struct options){
        .users = {.generate = 500, .rate = {.limit = 1000000, .window_s = 3600}},
    };
    parse_listen("127.0.0.1:0", options);
    opterr = 0;
    int option = 0;
    while ((option = getopt_long(argc, argv, ":", names, NULL)) != -1) {
        if (option == OPT_HELP || option == OPT_VERSION) {
            printf(option == OPT_HELP ? help : "pgqueue-sandbox (libpgqueue) %s\n",
                   option == OPT_HELP ? fault_names() : PACKAGE_VERSION);
            return fflush(stdout) == 0 ? 0 : 1;
        }
        if (option == ':')
            return usage_error("a value is missing after", argv[optind - 1]);
        if (option == '?')
            return usage_error("there is no option", argv[optind - 1]);
        if (!set_option(options, option, optarg)) {
            fprintf(stderr, "pgqueue-sandbox: --%s cannot be '%s' (see --help)\n", name_of(option),
                    optarg);
            return 2;
        }
    }
    if (optind < argc)
        return usage_error("what is meant by", argv[optind]);
    if (options->port_file && options->unix_path)
        return usage_error("--port-file needs a TCP address, not", options->unix_path);
    return OPTIONS_GO_ON;
}
