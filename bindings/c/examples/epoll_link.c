/*
 * One side of a link over TCP, in one thread around epoll: what a vendor's daemon does.
 *
 *     epoll_link alice PORT CONFIG RECORD SECRET FOLDER [SEED]      listens on the loopback interface
 *     epoll_link bob   PORT CONFIG RECORD SECRET FOLDER [SEED]      connects to it
 *
 *     socket   ─▶ qkdpp_link_push_bytes ─┐                   ┌─▶ output buffer ─▶ socket
 *     record   ─▶ qkdpp_link_push_batch ─┼▶ qkdpp_link_poll ─┼─▶ keys, reports
 *     eventfd  ◀─ the backend's threads ─┘                   └─▶ timeout of epoll_wait
 *
 * The files are those of alice_and_bob.c. Without SEED the keys are secret, and only their lengths are printed.
 */
#define _GNU_SOURCE
#include "common.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

typedef struct daemon_state {
    qkdpp_link *link;
    qkdpp_record *record;
    int socket, epoll, bell;
    int seeded;
    /* What the peer has not taken yet: bytes from `sent` to `size`. */
    uint8_t *out;
    size_t sent, size, room;
    int record_ended;
    int finished;    /* this side has done all it will, and only passes on what is left */
    int shut_down;   /* and has told the peer */
    int peer_closed;
    int timeout_ms;
} daemon_state;

/* Called from the backend's threads: wakes epoll_wait, and nothing else. */
static void ring(void *context)
{
    const uint64_t one = 1;
    ssize_t written = write(*(int *)context, &one, sizeof one);
    (void)written; /* a full counter rings as well */
}

static int connect_to_peer(int is_alice, uint16_t port)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(port) };
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int one = 1, peer = -1;
    if (is_alice) {
        int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (listener < 0 || setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) != 0 ||
            bind(listener, (struct sockaddr *)&address, sizeof address) != 0 || listen(listener, 1) != 0)
            fail("listen");
        peer = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        close(listener);
    } else {
        const struct timespec pause = { .tv_nsec = 100 * 1000 * 1000 };
        for (int tries = 0; tries < 300 && peer < 0; tries++) {
            peer = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
            if (peer >= 0 && connect(peer, (struct sockaddr *)&address, sizeof address) != 0) {
                close(peer);
                peer = -1;
                nanosleep(&pause, NULL);
            }
        }
    }
    if (peer < 0 || setsockopt(peer, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one) != 0 ||
        fcntl(peer, F_SETFL, O_NONBLOCK) != 0)
        fail("connect");
    return peer;
}

/* Keeps bytes for the peer; the link may wipe its own at the next call. */
static void queue(daemon_state *d, const uint8_t *data, size_t size)
{
    if (d->sent > 0) {
        memmove(d->out, d->out + d->sent, d->size - d->sent);
        d->size -= d->sent;
        d->sent = 0;
    }
    if (d->room - d->size < size) {
        d->room = 2 * (d->size + size);
        d->out = realloc(d->out, d->room);
        if (d->out == NULL)
            fail("memory");
    }
    memcpy(d->out + d->size, data, size);
    d->size += size;
}

/* Polls until the link waits. */
static void drive(daemon_state *d)
{
    for (;;) {
        qkdpp_step step;
        check(qkdpp_link_poll(d->link, &step), "link");
        switch (step.kind) {
        case QKDPP_STEP_SEND:
            queue(d, step.data, step.size);
            break;
        case QKDPP_STEP_KEY:
            if (d->seeded)
                print_key(stdout, &step);
            else
                printf("block %llu: %llu bits, epsilon %.3g\n", (unsigned long long)step.block,
                       (unsigned long long)step.bits, step.epsilon);
            break;
        case QKDPP_STEP_REPORT:
        case QKDPP_STEP_ALARM:
            fprintf(stderr, "%s %.*s\n", step.kind == QKDPP_STEP_ALARM ? "ALARM" : "report", (int)step.size,
                    (const char *)step.data);
            break;
        case QKDPP_STEP_WAIT:
            if (step.wants_batch && !d->record_ended) {
                qkdpp_batch batch;
                uint32_t found;
                check(qkdpp_record_next(d->record, &batch, &found), "record");
                d->record_ended = !found;
                if (found)
                    check(qkdpp_link_push_batch(d->link, &batch), "link");
                break;
            }
            d->finished = d->record_ended && step.open_blocks == 0;
            d->timeout_ms = step.timeout_ms < 0 || step.timeout_ms > 60000 ? 60000 : (int)step.timeout_ms;
            return;
        default:
            break;
        }
    }
}

/* Sends what the socket takes, and asks epoll for more room only while something is left. */
static void send_queued(daemon_state *d)
{
    while (d->sent < d->size) {
        ssize_t sent = send(d->socket, d->out + d->sent, d->size - d->sent, MSG_NOSIGNAL);
        if (sent < 0 && errno == EAGAIN)
            break;
        if (sent < 0)
            fail("send");
        d->sent += (size_t)sent;
    }
    struct epoll_event event = { .events = EPOLLIN | (d->sent < d->size ? EPOLLOUT : 0u), .data.fd = d->socket };
    if (!d->peer_closed && epoll_ctl(d->epoll, EPOLL_CTL_MOD, d->socket, &event) != 0)
        fail("epoll_ctl");
    if (d->finished && d->sent == d->size && !d->shut_down) {
        shutdown(d->socket, SHUT_WR);
        d->shut_down = 1;
    }
}

/* Hands the link what has arrived. */
static void receive(daemon_state *d)
{
    static uint8_t buffer[1 << 16];
    for (;;) {
        ssize_t got = recv(d->socket, buffer, sizeof buffer, 0);
        if (got < 0 && errno == EAGAIN)
            return;
        if (got < 0)
            fail("recv");
        if (got == 0) {
            d->peer_closed = 1;
            return;
        }
        qkdpp_bytes bytes = { buffer, (size_t)got };
        check(qkdpp_link_push_bytes(d->link, bytes), "link");
    }
}

static void serve(daemon_state *d)
{
    struct epoll_event bell = { .events = EPOLLIN, .data.fd = d->bell };
    struct epoll_event peer = { .events = EPOLLIN, .data.fd = d->socket };
    d->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (d->epoll < 0 || epoll_ctl(d->epoll, EPOLL_CTL_ADD, d->bell, &bell) != 0 ||
        epoll_ctl(d->epoll, EPOLL_CTL_ADD, d->socket, &peer) != 0)
        fail("epoll");
    for (;;) {
        drive(d);
        send_queued(d);
        if (d->peer_closed) {
            if (!d->finished) {
                fprintf(stderr, "the peer closed the connection early\n");
                exit(EXIT_FAILURE);
            }
            return;
        }
        struct epoll_event ready[2];
        int count = epoll_wait(d->epoll, ready, 2, d->timeout_ms);
        if (count < 0 && errno != EINTR)
            fail("epoll_wait");
        for (int i = 0; i < count; i++) {
            uint64_t rings;
            if (ready[i].data.fd == d->socket)
                receive(d);
            else if (read(d->bell, &rings, sizeof rings) < 0 && errno != EAGAIN)
                fail("eventfd");
        }
    }
}

int main(int argc, char **argv)
{
    if (argc < 7 || argc > 8) {
        fprintf(stderr, "usage: %s alice|bob PORT CONFIG RECORD SECRET FOLDER [SEED]\n", argv[0]);
        return EXIT_FAILURE;
    }
    int is_alice = strcmp(argv[1], "alice") == 0;
    uint32_t role = is_alice ? QKDPP_ALICE : QKDPP_BOB;
    char pool[4096], ledger[4096];
    snprintf(pool, sizeof pool, "%s/%s.pool", argv[6], argv[1]);
    snprintf(ledger, sizeof ledger, "%s/%s.ledger", argv[6], argv[1]);
    if (access(pool, F_OK) != 0)
        make_pool(pool, argv[5]);

    daemon_state d = { .bell = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC), .seeded = argc == 8 };
    if (d.bell < 0)
        fail("eventfd");
    char *text = read_file(argv[3], NULL);
    qkdpp_link_config config = {
        .size = sizeof config, .config = text, .pool = pool, .ledger = ledger, .backend = NULL, .threads = 1,
    };
    qkdpp_callbacks callbacks = { .size = sizeof callbacks, .context = &d.bell, .entropy = NULL, .wake = ring };
    if (d.seeded)
        check(qkdpp_link_new_insecure(&config, role, &callbacks, strtoull(argv[7], NULL, 10), &d.link), argv[1]);
    else
        check(qkdpp_link_new(&config, role, &callbacks, &d.link), argv[1]);
    free(text);
    check(qkdpp_record_open(argv[4], role, &d.record), argv[4]);

    d.socket = connect_to_peer(is_alice, (uint16_t)strtoul(argv[2], NULL, 10));
    serve(&d);

    const char *json;
    check(qkdpp_link_ledger(d.link, &json), "ledger");
    fprintf(stderr, "ledger: %zu bytes of JSON\n", strlen(json));
    qkdpp_record_free(d.record);
    qkdpp_link_free(d.link); /* from here on nobody rings */
    close(d.bell);
    close(d.socket);
    close(d.epoll);
    free(d.out);
    return EXIT_SUCCESS;
}
