/*
 * Alice and Bob in one process, from record files to keys: no threads, no sockets.
 *
 *     alice_and_bob CONFIG ALICE_RECORD BOB_RECORD SECRET FOLDER SEED
 *
 * CONFIG, ALICE_RECORD and BOB_RECORD are what `qkdpp simulate` writes; SECRET is a file of uniform random bytes, as both
 * sides would share it before the first start; FOLDER gets the key pools and ledgers. SEED replaces all randomness, so that
 * the keys printed here are those of `qkdpp distill --seed SEED`; a real link is opened by qkdpp_link_new, without any.
 */
#include "common.h"

typedef struct side {
    const char *name;
    qkdpp_link *link;
    qkdpp_record *record;
    int record_ended;
    int done;
    int keys;
} side;

static void open_side(side *s, uint32_t role, const char *record, const char *secret, const char *folder,
                      const char *config_text, uint64_t seed)
{
    char pool[4096], ledger[4096];
    s->name = role == QKDPP_ALICE ? "alice" : "bob";
    snprintf(pool, sizeof pool, "%s/%s.pool", folder, s->name);
    snprintf(ledger, sizeof ledger, "%s/%s.ledger", folder, s->name);
    make_pool(pool, secret);
    qkdpp_link_config config = {
        .size = sizeof config,
        .config = config_text,
        .pool = pool,
        .ledger = ledger,
        .backend = NULL, /* the environment variable QKDPP_BACKEND, or cpu:auto */
        .threads = 0,    /* computes within qkdpp_link_poll */
    };
    check(qkdpp_link_new_insecure(&config, role, NULL, seed, &s->link), s->name);
    check(qkdpp_record_open(record, role, &s->record), record);
}

/* Hands in the next batch of the record; returns 0 when there is none. */
static int push_batch(side *s)
{
    qkdpp_batch batch;
    uint32_t found;
    check(qkdpp_record_next(s->record, &batch, &found), s->name);
    if (found)
        check(qkdpp_link_push_batch(s->link, &batch), s->name);
    return (int)found;
}

/* Does everything that one side can do now; returns whether that was anything. */
static int run(side *s, side *peer, FILE *keys)
{
    int busy = 0;
    for (;;) {
        qkdpp_step step;
        check(qkdpp_link_poll(s->link, &step), s->name);
        switch (step.kind) {
        case QKDPP_STEP_SEND: {
            qkdpp_bytes bytes = { step.data, step.size };
            check(qkdpp_link_push_bytes(peer->link, bytes), peer->name);
            break;
        }
        case QKDPP_STEP_KEY:
            s->keys++;
            if (keys != NULL)
                print_key(keys, &step);
            break;
        case QKDPP_STEP_ALARM:
            fprintf(stderr, "%s: alarm in block %llu\n", s->name, (unsigned long long)step.block);
            break;
        case QKDPP_STEP_REPORT:
            break;
        case QKDPP_STEP_WAIT:
            if (step.wants_batch && !s->record_ended) {
                s->record_ended = !push_batch(s);
                break;
            }
            s->done = s->record_ended && step.open_blocks == 0;
            return busy;
        default: /* a kind of a later library */
            break;
        }
        busy = 1;
    }
}

int main(int argc, char **argv)
{
    if (argc != 7) {
        fprintf(stderr, "usage: %s CONFIG ALICE_RECORD BOB_RECORD SECRET FOLDER SEED\n", argv[0]);
        return EXIT_FAILURE;
    }
    if (qkdpp_abi_version() != QKDPP_ABI_VERSION) {
        fprintf(stderr, "the library has another binary interface than its header\n");
        return EXIT_FAILURE;
    }
    char *config = read_file(argv[1], NULL);
    uint64_t seed = strtoull(argv[6], NULL, 10);
    side alice = { 0 }, bob = { 0 };
    open_side(&alice, QKDPP_ALICE, argv[2], argv[4], argv[5], config, seed);
    open_side(&bob, QKDPP_BOB, argv[3], argv[4], argv[5], config, seed);
    free(config);

    while (!alice.done || !bob.done) {
        int busy = run(&alice, &bob, NULL);
        busy |= run(&bob, &alice, stdout);
        if (!busy && (!alice.done || !bob.done)) {
            fprintf(stderr, "the records of Alice and Bob do not cover the same blocks\n");
            return EXIT_FAILURE;
        }
    }

    side *sides[] = { &alice, &bob };
    for (int i = 0; i < 2; i++) {
        const char *json;
        check(qkdpp_link_status(sides[i]->link, &json), sides[i]->name);
        fprintf(stderr, "%s: %d keys, %s\n", sides[i]->name, sides[i]->keys, json);
        qkdpp_record_free(sides[i]->record);
        qkdpp_link_free(sides[i]->link);
    }
    return alice.keys == bob.keys ? EXIT_SUCCESS : EXIT_FAILURE;
}
