/*
 * qkdpp: QKD post-processing, raw detections in, identical secret keys out. The C interface; README.md shows how to use it.
 *
 * The rules, for all functions:
 *
 * Status    Every function that can fail returns a status; QKDPP_STATUS_OK is 0. qkdpp_last_error says more, for this thread.
 *           After a failure, out-parameters are not written, except that a handle is set to NULL.
 * Pointers  Must be valid, aligned and of the size that is said, or NULL where that is allowed. A NULL where none is allowed
 *           gives QKDPP_STATUS_NULL. Structures are complete: every member is set, those called size to sizeof.
 * Memory    What is handed in is lent for the call and copied if it is kept. What comes out of a handle belongs to the handle
 *           and is valid until the next call with it, or as the function says. Handles belong to the caller, who gives
 *           each back, once, to the function called free. Nothing else is ever freed by the caller.
 * Threads   "any": call it from any thread at any time. "one at a time": handles may move between threads, but a second call
 *           while one runs is refused with QKDPP_STATUS_BUSY and changes nothing.
 * Bits      Bit i of a bit string is bit i % 8, from the least significant, of byte i / 8.
 * Text      UTF-8 with a NUL at its end.
 */

#ifndef QKDPP_H
#define QKDPP_H

/* Made by cbindgen from bindings/c/src; do not edit. */

#include <stddef.h>
#include <stdint.h>

/*
 qkdpp_amplify: a Toeplitz matrix, with a seed of n + l - 1 bits for n bits in and l out.
 */
#define QKDPP_TOEPLITZ 0

/*
 qkdpp_amplify: a modified Toeplitz matrix (T | I), with a seed of n - 1 bits. Profiles have it unless they say otherwise.
 */
#define QKDPP_MODIFIED_TOEPLITZ 1

/*
 qkdpp_link_new, qkdpp_record_open: Alice, the source; in entanglement-based links, the side whose bits are the reference.
 */
#define QKDPP_ALICE 0

/*
 qkdpp_link_new, qkdpp_record_open: Bob, the receiver, who corrects his key.
 */
#define QKDPP_BOB 1

/*
 qkdpp_step.kind: data is a message, or several, for the peer, in this order.
 */
#define QKDPP_STEP_SEND 1

/*
 qkdpp_step.kind: data is a secret key, which the peer holds, too. Copy it where keys belong; the library wipes its own.
 */
#define QKDPP_STEP_KEY 2

/*
 qkdpp_step.kind: a block has ended; data is its account, a JSON object as text, with its ledger of leaked bits and ε, and
 why there is no key if there is none.
 */
#define QKDPP_STEP_REPORT 3

/*
 qkdpp_step.kind: a block has ended without a key, since a monitor of either side raised an alarm; data is its account, as
 for QKDPP_STEP_REPORT, of which this stands in place. Somebody should look at the link.
 */
#define QKDPP_STEP_ALARM 4

/*
 qkdpp_step.kind: there is nothing to do until bytes of the peer, a batch, a wake or the timeout come.
 */
#define QKDPP_STEP_WAIT 5

/*
 Version of the binary interface that this header describes. It changes with every change that a program compiled
 before would notice; what is added leaves it as it is. The shared library is called libqkdpp.so.QKDPP_ABI_VERSION.
 */
#define QKDPP_ABI_VERSION 1

/*
 What became of a call. The tens say who must act: 0 the program that calls, 1 the operator of this side, 2 this side's
 optics and electronics, 3 the peer or somebody in between, 4 the makers of this library. Numbers keep their meaning;
 later versions may add some. qkdpp_last_error has the message.
 */
enum qkdpp_status
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /*
     It is done.
     */
    QKDPP_STATUS_OK = 0,
    /*
     A pointer that must not be NULL is.
     */
    QKDPP_STATUS_NULL = 1,
    /*
     An argument has a value, a size or a shape that cannot be; nothing has changed.
     */
    QKDPP_STATUS_ARGUMENT = 2,
    /*
     Another thread, or a callback of this very call, uses the handle; nothing has changed.
     */
    QKDPP_STATUS_BUSY = 3,
    /*
     It is not the time for this: no batch is wanted. Nothing has changed.
     */
    QKDPP_STATUS_NOT_DUE = 4,
    /*
     The configuration cannot be used.
     */
    QKDPP_STATUS_CONFIG = 10,
    /*
     There is no such backend, or its device cannot be used.
     */
    QKDPP_STATUS_BACKEND = 11,
    /*
     The authentication keys on disk failed, or are used up.
     */
    QKDPP_STATUS_KEY_POOL = 12,
    /*
     The ledger on disk failed.
     */
    QKDPP_STATUS_LEDGER = 13,
    /*
     The random source failed, or did not pass its health tests.
     */
    QKDPP_STATUS_ENTROPY = 14,
    /*
     The ε budget of the profile is spent.
     */
    QKDPP_STATUS_BUDGET = 15,
    /*
     As many blocks in a row as the profile allows were discarded on alarms: look at the link.
     */
    QKDPP_STATUS_ALARMS = 16,
    /*
     This side's raw record cannot be used.
     */
    QKDPP_STATUS_RECORD = 20,
    /*
     The peer, or somebody in between, did not keep to the protocol.
     */
    QKDPP_STATUS_PEER = 30,
    /*
     The library contradicted itself.
     */
    QKDPP_STATUS_INTERNAL = 40,
    /*
     The library panicked; the handle that was used is of no use any more, and can only be freed.
     */
    QKDPP_STATUS_PANIC = 41,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum qkdpp_status qkdpp_status;
#else
typedef int32_t qkdpp_status;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/*
 Who computes kernels.
 */
typedef struct qkdpp_backend qkdpp_backend;

/*
 One side of a link. It starts no threads but those of its backend, and has no sockets and no clock but for its timeout.
 */
typedef struct qkdpp_link qkdpp_link;

/*
 A record file that is being read.
 */
typedef struct qkdpp_record qkdpp_record;

/*
 A text in UTF-8 with a NUL at its end, lent for the call.
 */
typedef const char *qkdpp_text;

/*
 Bytes that C lends for the call. data may be NULL if size is 0.
 */
typedef struct qkdpp_bytes {
    /*
     The first.
     */
    const uint8_t *data;
    /*
     How many.
     */
    size_t size;
} qkdpp_bytes;

/*
 Bits that C lends for the call: bit i is bit i % 8, from the least significant, of byte i / 8. data has bits / 8 bytes,
 rounded up, and may be NULL if bits is 0; bits of the last byte past the end are ignored.
 */
typedef struct qkdpp_bits {
    /*
     The first byte.
     */
    const uint8_t *data;
    /*
     Number of bits.
     */
    size_t bits;
} qkdpp_bits;

/*
 Room for bits that a call computes: bits is how many there must be, and data has bits / 8 bytes, rounded up, which nobody
 else uses during the call. Bits of the last byte past the end are set to 0. It may be the memory of an input.
 */
typedef struct qkdpp_mut_bits {
    /*
     The first byte.
     */
    uint8_t *data;
    /*
     Number of bits.
     */
    size_t bits;
} qkdpp_mut_bits;

/*
 One of the library's LDPC codes, named by its lengths (SPEC.md §5); qkdpp_ldpc_code_for_qber chooses one.
 */
typedef struct qkdpp_ldpc_code {
    /*
     Bits of a frame: 16384, 65536, 262144 or 1048576.
     */
    size_t frame_bits;
    /*
     Bits of a frame's syndrome: what leaks about it.
     */
    size_t syndrome_bits;
    /*
     The largest error rate to use it for: about one frame in a hundred fails there, with 50 iterations.
     */
    double max_qber;
} qkdpp_ldpc_code;

/*
 What a link is made of. Texts are copied.
 */
typedef struct qkdpp_link_config {
    /*
     sizeof(qkdpp_link_config).
     */
    size_t size;
    /*
     The text of a config file, in TOML: the same as `qkdpp distill --config` reads. Its table [profile] must be the same on
     both sides.
     */
    qkdpp_text config;
    /*
     Path of the key pool with the authentication keys that this side shares with the peer; qkdpp_pool_create makes one. Only
     one link at a time can have it open.
     */
    qkdpp_text pool;
    /*
     Path of the ledger on disk, which is made if it is not there and goes on if it is; every block is entered before its key
     is handed out. NULL: no record is kept.
     */
    qkdpp_text ledger;
    /*
     Who computes, by the same names as `qkdpp --backend`: cpu:reference, cpu:portable, cpu:avx2, cpu:avx512, cpu:auto, sim:model, vfio:ADDRESS,
     vfio-user:PATH. NULL: the name in the environment variable QKDPP_BACKEND, or cpu:auto.
     */
    qkdpp_text backend;
    /*
     Threads of the CPU backend, at most 1024. 0: none, it computes within calls with the link.
     */
    size_t threads;
} qkdpp_link_config;

/*
 Functions that a link calls. They must not unwind (no C++ exception, no longjmp), and must not use the link.
 */
typedef struct qkdpp_callbacks {
    /*
     sizeof(qkdpp_callbacks).
     */
    size_t size;
    /*
     Handed to each of them; the library does nothing else with it. It must outlive the link.
     */
    void *context;
    /*
     Fills data with size uniform random bytes of full entropy, for example from a quantum random number generator, and
     returns 0; anything else stops the link. The library runs the health tests of SP 800-90B on what it gets. Called
     within calls with the link, in their thread. NULL: the operating system's generator.
     */
    int32_t (*entropy)(void *context, uint8_t *data, size_t size);
    /*
     Called, from any thread, also within calls with the link, when qkdpp_link_poll has something to do: a job has
     finished. It should only wake whoever polls, for example by writing to an eventfd. Never called once qkdpp_link_free
     has returned. NULL: nobody is told.
     */
    void (*wake)(void *context);
} qkdpp_callbacks;

/*
 What one side recorded in some consecutive slots, periods of the link's clock, which are numbered from 0 over the whole
 session. There is an entry for each slot of which something is recorded; planes hold a bit for each entry, packed least
 significant bit first into entries / 8 bytes, rounded up.
 */
typedef struct qkdpp_batch {
    /*
     First slot.
     */
    uint64_t first_slot;
    /*
     Number of slots.
     */
    uint32_t slots;
    /*
     Number of entries. Without offsets it is the number of slots.
     */
    uint32_t entries;
    /*
     The slot of each entry less first_slot, strictly ascending. NULL: every slot has an entry, as at a modulator.
     */
    const uint32_t *offsets;
    /*
     0: key basis, 1: test basis.
     */
    const uint8_t *basis;
    /*
     Bit sent, or bit detected; for a double click, the random bit that was drawn for it.
     */
    const uint8_t *bit;
    /*
     Low bit of the intensity's index; 0 is the brightest. NULL: all 0, as at a detector.
     */
    const uint8_t *intensity_low;
    /*
     High bit of the intensity's index. NULL: all 0.
     */
    const uint8_t *intensity_high;
    /*
     More than one detector clicked. NULL: all 0, as at a source.
     */
    const uint8_t *double_click;
} qkdpp_batch;

/*
 What a link asks for next, as qkdpp_link_poll says. Members that do not belong to the kind are 0.
 */
typedef struct qkdpp_step {
    /*
     QKDPP_STEP_SEND and so on. Ignore kinds that you do not know.
     */
    uint32_t kind;
    /*
     WAIT: 1 if a batch of this side's record is wanted (qkdpp_link_push_batch), else 0.
     */
    uint32_t wants_batch;
    /*
     SEND, KEY, REPORT, ALARM: the bytes. They belong to the link, which keeps them until the next call with it, and then
     wipes them.
     */
    const uint8_t *data;
    /*
     SEND, KEY, REPORT, ALARM: how many bytes.
     */
    size_t size;
    /*
     KEY: number of bits; bit i is bit i % 8, from the least significant, of byte i / 8.
     */
    uint64_t bits;
    /*
     KEY, REPORT, ALARM: number of the block. A key's name, for both sides, is its session and block.
     */
    uint64_t block;
    /*
     KEY: an upper bound on the probability that the key is not a perfect one (composable security).
     */
    double epsilon;
    /*
     WAIT: first slot of the batch that is due next.
     */
    uint64_t first_slot;
    /*
     WAIT: slots of that batch.
     */
    uint64_t slots;
    /*
     WAIT: blocks that are open. A record that has ended and no open block: the link has done its work.
     */
    uint64_t open_blocks;
    /*
     WAIT: poll again at the latest after so many milliseconds; -1 if there is no hurry.
     */
    int64_t timeout_ms;
} qkdpp_step;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/*
 The message of the latest call in this thread that failed; "" if none has. It names the thing, the numbers and, by the
 status, who must act; nothing in it is secret. It belongs to the library and stays as it is until another call fails in
 this thread. Threads: any, each has its own.
 */
const char *qkdpp_last_error(void);

/*
 The name of a status, for example "QKDPP_STATUS_PEER", or "unknown". Static. Threads: any.
 */
const char *qkdpp_status_name(int32_t status);

/*
 Opens the backend called name for kernels, by the same names as `qkdpp --backend`; qkdpp_link_config.backend says which,
 also what NULL means, and threads as there. A device has the CPU behind it. The backend belongs to the caller, who gives it
 back to qkdpp_backend_free; *backend is NULL if there is none. Threads: any.
 */
qkdpp_status qkdpp_backend_open(qkdpp_text name,
                                size_t threads,
                                struct qkdpp_backend **backend);

/*
 Closes a backend. NULL does nothing. Threads: any, but no call with this backend may run, and none may follow.
 */
void qkdpp_backend_free(struct qkdpp_backend *backend);

/*
 Polynomial hashes over GF(2^128) of the segments of a message (SPEC.md §6): segment_bits bits each, the last may be
 shorter. key: 16 bytes, least significant first; uniform, secret, never used before. hashes: 128 bits for each segment,
 least significant first. Threads: one at a time for each backend, else QKDPP_STATUS_BUSY.
 */
qkdpp_status qkdpp_hash(const struct qkdpp_backend *backend,
                        struct qkdpp_bytes key,
                        struct qkdpp_bits message,
                        size_t segment_bits,
                        struct qkdpp_mut_bits hashes);

/*
 Bits of the seed that qkdpp_amplify needs for key_bits bits in and out_bits out. Threads: any.
 */
qkdpp_status qkdpp_amplify_seed_bits(uint32_t family, size_t key_bits, size_t out_bits, size_t *seed_bits);

/*
 Privacy amplification (SPEC.md §7): hashes key to as many bits as secret has, at most as many as the key. family:
 QKDPP_TOEPLITZ or QKDPP_MODIFIED_TOEPLITZ. seed: qkdpp_amplify_seed_bits bits, index 0 first; uniform, public, never used
 before, and told to nobody before the key is fixed. Threads: one at a time for each backend, else QKDPP_STATUS_BUSY.
 */
qkdpp_status qkdpp_amplify(const struct qkdpp_backend *backend,
                           uint32_t family,
                           struct qkdpp_bits key,
                           struct qkdpp_bits seed,
                           struct qkdpp_mut_bits secret);

/*
 Chooses the code that leaks least among those for frames of frame_bits bits (16384, 65536, 262144 or 1048576) and the error rate qber
 (above 0, below 0.5). QKDPP_STATUS_ARGUMENT if there is none. Threads: any.
 */
qkdpp_status qkdpp_ldpc_code_for_qber(size_t frame_bits,
                                      double qber,
                                      struct qkdpp_ldpc_code *code);

/*
 Syndromes of frames, one after the other (SPEC.md §5.2). frames is a whole number of frames, syndromes has as many
 syndromes. Threads: one at a time for each backend, else QKDPP_STATUS_BUSY.
 */
qkdpp_status qkdpp_ldpc_syndrome(const struct qkdpp_backend *backend,
                                 const struct qkdpp_ldpc_code *code,
                                 struct qkdpp_bits frames,
                                 struct qkdpp_mut_bits syndromes);

/*
 Decodes one frame towards the peer's syndrome (SPEC.md §5.3). known marks bits of the frame that are certain, as after a
 disclosure; no bits for none. They weigh most, but enough checks against one still turn it. qber: the error rate of the
 others. decoded has the frame's length. *iterations is how many complete ones were run, at most max_iterations; *converged
 is 1 if decoded has the syndrome, else 0. That is no proof that it is the peer's frame: compare hashes. Threads: one at a
 time for each backend, else QKDPP_STATUS_BUSY.
 */
qkdpp_status qkdpp_ldpc_decode(const struct qkdpp_backend *backend,
                               const struct qkdpp_ldpc_code *code,
                               struct qkdpp_bits frame,
                               struct qkdpp_bits syndrome,
                               struct qkdpp_bits known,
                               double qber,
                               uint32_t max_iterations,
                               struct qkdpp_mut_bits decoded,
                               uint32_t *iterations,
                               uint32_t *converged);

/*
 Keeps the bits of plane where mask is 1 (SPEC.md §2): the bases that match, the bits of one intensity. Both have the same
 length; kept has as many bits as the mask has ones. Threads: one at a time for each backend, else QKDPP_STATUS_BUSY.
 */
qkdpp_status qkdpp_sift(const struct qkdpp_backend *backend,
                        struct qkdpp_bits mask,
                        struct qkdpp_bits plane,
                        struct qkdpp_mut_bits kept);

/*
 Running parities of frames under a permutation, what Cascade asks for its blocks (SPEC.md §4): bit j of a frame's result is
 the sum of bits 0 to j of the permuted frame, so that the parity of positions a to b - 1 is result[b - 1] XOR
 result[a - 1]. frames is a whole number of frames of frame_bits bits, parities as long. seed: 32 bytes, from which the
 permutation follows (SPEC.md §3), or no bytes for none. Threads: one at a time for each backend, else QKDPP_STATUS_BUSY.
 */
qkdpp_status qkdpp_parities(const struct qkdpp_backend *backend,
                            struct qkdpp_bits frames,
                            size_t frame_bits,
                            struct qkdpp_bytes seed,
                            struct qkdpp_mut_bits parities);

/*
 Opens a link and starts its handshake. The link belongs to the caller, who gives it back to qkdpp_link_free; *link is NULL
 if there is none. callbacks may be NULL. Threads: any.
 */
qkdpp_status qkdpp_link_new(const struct qkdpp_link_config *config,
                            uint32_t role,
                            const struct qkdpp_callbacks *callbacks,
                            struct qkdpp_link **link);

/*
 The same, but with all randomness from a seed, and one block at a time: NOT FOR PRODUCTION, whoever knows the seed knows
 the keys. For examples and tests: `qkdpp distill --seed N` gives the same key bits from the same records. Set no
 callbacks->entropy. Threads: any.
 */
qkdpp_status qkdpp_link_new_insecure(const struct qkdpp_link_config *config,
                                     uint32_t role,
                                     const struct qkdpp_callbacks *callbacks,
                                     uint64_t seed,
                                     struct qkdpp_link **link);

/*
 Closes a link: what it holds is wiped, and what it has lent is gone; open blocks give no key. NULL does nothing. The pool
 can be opened again afterwards. Threads: any, but no call with this link may run, and none may follow.
 */
void qkdpp_link_free(struct qkdpp_link *link);

/*
 Takes bytes from the peer, in the order in which they came, however the connection has cut them; whole messages are
 handled at once. Then poll. An error stops the link for good: every call says so from then on, but what was decided before
 can still be polled. Threads: one at a time for each link, else QKDPP_STATUS_BUSY.
 */
qkdpp_status qkdpp_link_push_bytes(const struct qkdpp_link *link,
                                   struct qkdpp_bytes bytes);

/*
 Takes the next batch of this side's record, which is copied. QKDPP_STATUS_NOT_DUE while none is wanted, and
 QKDPP_STATUS_ARGUMENT for one that does not start or end as the WAIT step said: nothing has changed then. A status of 10 or
 more stops the link, such as QKDPP_STATUS_RECORD for entries that cannot be. Then poll. Threads: one at a time for each
 link, else QKDPP_STATUS_BUSY.
 */
qkdpp_status qkdpp_link_push_batch(const struct qkdpp_link *link,
                                   const struct qkdpp_batch *batch);

/*
 Takes the results of finished jobs, and says what to do next. Call it until it says QKDPP_STEP_WAIT; it never waits
 itself. After an error step is not written. Threads: one at a time for each link, else QKDPP_STATUS_BUSY.
 */
qkdpp_status qkdpp_link_poll(const struct qkdpp_link *link,
                             struct qkdpp_step *step);

/*
 Waits up to timeout_ms milliseconds for a job of the backend, for programs without an event loop and callbacks->wake.
 Returns at once if no job runs. Then poll. Threads: one at a time for each link, else QKDPP_STATUS_BUSY.
 */
qkdpp_status qkdpp_link_wait(const struct qkdpp_link *link,
                             uint32_t timeout_ms);

/*
 What the link is doing and what it has left, as a JSON object: open blocks, messages, jobs, authentication pads, ε. Also
 after it has stopped. *json belongs to the link, which keeps it until the next text is asked for. Threads: one at a time for
 each link, else QKDPP_STATUS_BUSY.
 */
qkdpp_status qkdpp_link_status(const struct qkdpp_link *link,
                               const char **json);

/*
 The ledger on disk, with the entries of earlier links, as a JSON object: entries, each with the number of its line; head,
 the last value of its hash chain, which is checked; torn_bytes, what a crash left. Also after the link has stopped.
 QKDPP_STATUS_ARGUMENT if the link has no ledger. *json as for qkdpp_link_status. Threads: one at a time for each link, else
 QKDPP_STATUS_BUSY.
 */
qkdpp_status qkdpp_link_ledger(const struct qkdpp_link *link,
                               const char **json);

/*
 Makes the key pool `path` (two files: `path` and `path`.pads) from the pre-shared secret, of which both sides have the
 same bytes: 64, and then 32 for each pad, one per authenticated message in each direction. Uniform random bytes, never
 used before. Call it once for each secret on each side, and wipe the secret: a second pool from it would use pads again.
 QKDPP_STATUS_KEY_POOL if a file is there already. Threads: any.
 */
qkdpp_status qkdpp_pool_create(qkdpp_text path,
                               struct qkdpp_bytes secret);

/*
 Opens the record file `path` of `role`, as `qkdpp simulate` and link electronics write it. It belongs to the caller, who
 gives it back to qkdpp_record_free; *record is NULL if there is none. Threads: any.
 */
qkdpp_status qkdpp_record_open(qkdpp_text path,
                               uint32_t role,
                               struct qkdpp_record **record);

/*
 Reads the next batch: *found is 1, and batch points into memory of the record, which keeps it until the next call with it;
 or *found is 0 at the end, and batch is not written. Threads: one at a time for each record, else QKDPP_STATUS_BUSY.
 */
qkdpp_status qkdpp_record_next(const struct qkdpp_record *record,
                               struct qkdpp_batch *batch,
                               uint32_t *found);

/*
 Slots per second (Hz) of the record. Threads: one at a time for each record, else QKDPP_STATUS_BUSY.
 */
qkdpp_status qkdpp_record_clock(const struct qkdpp_record *record, double *hertz);

/*
 Closes a record and wipes its latest batch. NULL does nothing. Threads: any, but no call with this record may run, and none
 may follow.
 */
void qkdpp_record_free(struct qkdpp_record *record);

/*
 The library's semantic version, for example "0.1.0". Static. Threads: any.
 */
const char *qkdpp_version(void);

/*
 The version of the binary interface that the library has. A program that loads the library itself compares it with
 QKDPP_ABI_VERSION and must not go on if they differ. Threads: any.
 */
uint32_t qkdpp_abi_version(void);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* QKDPP_H */
