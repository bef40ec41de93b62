/*
 * qkdpp for C++17: handles that free themselves, errors as exceptions. A thin layer over qkdpp.h, which has the rules;
 * everything here is inline, so it adds nothing to the binary interface.
 *
 *     qkdpp::Link link({ .config = ... }, qkdpp::Role::bob);
 *     link.push(bytes, size);
 *     for (auto step = link.poll(); !step.waits(); step = link.poll())
 *         ...
 */
#ifndef QKDPP_HPP
#define QKDPP_HPP

#include <qkdpp.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace qkdpp {

/* A call failed; what() is the library's message. */
class Error : public std::runtime_error {
public:
    explicit Error(qkdpp_status status) : std::runtime_error(qkdpp_last_error()), status_(status) {}

    qkdpp_status status() const noexcept { return status_; }
    /* For example "QKDPP_STATUS_PEER". */
    const char *name() const noexcept { return qkdpp_status_name(status_); }

private:
    qkdpp_status status_;
};

inline void check(qkdpp_status status)
{
    if (status != QKDPP_STATUS_OK)
        throw Error(status);
}

enum class Role : std::uint32_t { alice = QKDPP_ALICE, bob = QKDPP_BOB };

/* The library's semantic version. */
inline std::string_view version() noexcept { return qkdpp_version(); }

/* Whether this header is that of the library that was loaded. */
inline bool compatible() noexcept { return qkdpp_abi_version() == QKDPP_ABI_VERSION; }

/* Makes a key pool from the pre-shared secret, which the caller wipes. */
inline void create_pool(const std::string &path, const std::uint8_t *secret, std::size_t size)
{
    check(qkdpp_pool_create(path.c_str(), qkdpp_bytes{secret, size}));
}

namespace detail {

template <class T, void (*free_handle)(T *)> struct Free {
    void operator()(T *handle) const noexcept { free_handle(handle); }
};

template <class T, void (*free_handle)(T *)> using Handle = std::unique_ptr<T, Free<T, free_handle>>;

} // namespace detail

/* Bits in memory of their own: bit i is bit i % 8, from the least significant, of byte i / 8. Not wiped. */
struct BitString {
    std::vector<std::uint8_t> bytes;
    std::size_t bits = 0;

    BitString() = default;
    explicit BitString(std::size_t bits) : bytes((bits + 7) / 8), bits(bits) {}

    qkdpp_bits view() const noexcept { return {bytes.data(), bits}; }
    qkdpp_mut_bits room() noexcept { return {bytes.data(), bits}; }
};

/* A record file that is being read. */
class Record {
public:
    Record(const std::string &path, Role role)
    {
        qkdpp_record *record = nullptr;
        check(qkdpp_record_open(path.c_str(), static_cast<std::uint32_t>(role), &record));
        handle_.reset(record);
    }

    /* The next batch, which points into the record until the next call with it; nothing at the end. */
    std::optional<qkdpp_batch> next()
    {
        qkdpp_batch batch;
        std::uint32_t found = 0;
        check(qkdpp_record_next(handle_.get(), &batch, &found));
        return found != 0 ? std::optional<qkdpp_batch>(batch) : std::nullopt;
    }

    /* Slots per second. */
    double clock_hz() const
    {
        double hertz = 0;
        check(qkdpp_record_clock(handle_.get(), &hertz));
        return hertz;
    }

private:
    detail::Handle<qkdpp_record, qkdpp_record_free> handle_;
};

/* What a link is made of; qkdpp_link_config has the details. An empty path or name is none. */
struct LinkOptions {
    std::string config;
    std::string pool;
    std::string ledger;
    std::string backend;
    std::size_t threads = 0;
    /* Fills size bytes; an exception or false stops the link. Empty: the operating system's generator. */
    std::function<bool(std::uint8_t *data, std::size_t size)> entropy;
    /* Called from any thread when poll() has something to do. Must not use the link. Empty: nobody is told. */
    std::function<void()> wake;
};

/* What a link asks for; the bytes belong to it and are gone with the next call. */
class Step {
public:
    explicit Step(const qkdpp_step &step) noexcept : step_(step) {}

    std::uint32_t kind() const noexcept { return step_.kind; }
    bool sends() const noexcept { return step_.kind == QKDPP_STEP_SEND; }
    bool is_key() const noexcept { return step_.kind == QKDPP_STEP_KEY; }
    bool is_report() const noexcept { return step_.kind == QKDPP_STEP_REPORT; }
    bool is_alarm() const noexcept { return step_.kind == QKDPP_STEP_ALARM; }
    bool waits() const noexcept { return step_.kind == QKDPP_STEP_WAIT; }

    const std::uint8_t *data() const noexcept { return step_.data; }
    std::size_t size() const noexcept { return step_.size; }
    /* The account of a block, JSON. */
    std::string_view text() const noexcept { return {reinterpret_cast<const char *>(step_.data), step_.size}; }

    std::uint64_t block() const noexcept { return step_.block; }
    std::uint64_t bits() const noexcept { return step_.bits; }
    double epsilon() const noexcept { return step_.epsilon; }

    bool wants_batch() const noexcept { return step_.wants_batch != 0; }
    std::uint64_t first_slot() const noexcept { return step_.first_slot; }
    std::uint64_t slots() const noexcept { return step_.slots; }
    std::uint64_t open_blocks() const noexcept { return step_.open_blocks; }
    /* When to poll again at the latest. */
    std::optional<std::chrono::milliseconds> timeout() const noexcept
    {
        if (step_.timeout_ms < 0)
            return std::nullopt;
        return std::chrono::milliseconds(step_.timeout_ms);
    }

private:
    qkdpp_step step_;
};

/* One side of a link. Move it freely; use it from one thread at a time. */
class Link {
public:
    Link(LinkOptions options, Role role) { open(std::move(options), role, nullptr); }

    /* All randomness from a seed. NOT FOR PRODUCTION: whoever knows it knows the keys. */
    static Link insecure(LinkOptions options, Role role, std::uint64_t seed)
    {
        Link link;
        link.open(std::move(options), role, &seed);
        return link;
    }

    Link(Link &&) noexcept = default;
    /* The functions of the link that is replaced go after it. */
    Link &operator=(Link &&other) noexcept
    {
        handle_ = std::move(other.handle_);
        functions_ = std::move(other.functions_);
        return *this;
    }

    /* Takes bytes of the peer, however they were cut. */
    void push(const std::uint8_t *data, std::size_t size)
    {
        check(qkdpp_link_push_bytes(handle_.get(), qkdpp_bytes{data, size}));
    }

    /* Takes the batch of the record that is due. */
    void push(const qkdpp_batch &batch) { check(qkdpp_link_push_batch(handle_.get(), &batch)); }

    /* What to do next; call it until it waits. */
    Step poll()
    {
        qkdpp_step step;
        check(qkdpp_link_poll(handle_.get(), &step));
        return Step(step);
    }

    /* Waits for a job of the backend, for programs without an event loop. */
    void wait(std::chrono::milliseconds timeout)
    {
        check(qkdpp_link_wait(handle_.get(), static_cast<std::uint32_t>(timeout.count())));
    }

    /* JSON. */
    std::string status() const { return text(qkdpp_link_status); }
    std::string ledger() const { return text(qkdpp_link_ledger); }

private:
    /* At an address of its own, since the library keeps it. */
    struct Functions {
        std::function<bool(std::uint8_t *, std::size_t)> entropy;
        std::function<void()> wake;
    };

    Link() = default;

    void open(LinkOptions options, Role role, const std::uint64_t *seed)
    {
        functions_ = std::make_unique<Functions>(Functions{std::move(options.entropy), std::move(options.wake)});
        qkdpp_callbacks callbacks{};
        callbacks.size = sizeof callbacks;
        callbacks.context = functions_.get();
        callbacks.entropy = functions_->entropy ? fill : nullptr;
        callbacks.wake = functions_->wake ? ring : nullptr;
        qkdpp_link_config config{};
        config.size = sizeof config;
        config.config = options.config.c_str();
        config.pool = options.pool.c_str();
        config.ledger = options.ledger.empty() ? nullptr : options.ledger.c_str();
        config.backend = options.backend.empty() ? nullptr : options.backend.c_str();
        config.threads = options.threads;
        const auto number = static_cast<std::uint32_t>(role);
        qkdpp_link *link = nullptr;
        check(seed != nullptr ? qkdpp_link_new_insecure(&config, number, &callbacks, *seed, &link)
                              : qkdpp_link_new(&config, number, &callbacks, &link));
        handle_.reset(link);
    }

    /* No exception may pass through the library. */
    static std::int32_t fill(void *context, std::uint8_t *data, std::size_t size) noexcept
    {
        try {
            return static_cast<Functions *>(context)->entropy(data, size) ? 0 : 1;
        } catch (...) {
            return 2;
        }
    }

    static void ring(void *context) noexcept
    {
        try {
            static_cast<Functions *>(context)->wake();
        } catch (...) { /* there is nobody to tell */
        }
    }

    std::string text(qkdpp_status (*ask)(const qkdpp_link *, const char **)) const
    {
        const char *json = nullptr;
        check(ask(handle_.get(), &json));
        return json;
    }

    /* Before the handle, so that they go after it. */
    std::unique_ptr<Functions> functions_;
    detail::Handle<qkdpp_link, qkdpp_link_free> handle_;
};

/* Who computes kernels; qkdpp.h says what they compute. */
class Backend {
public:
    /* An empty name is the default. */
    explicit Backend(const std::string &name = {}, std::size_t threads = 0)
    {
        qkdpp_backend *backend = nullptr;
        check(qkdpp_backend_open(name.empty() ? nullptr : name.c_str(), threads, &backend));
        handle_.reset(backend);
    }

    BitString amplify(std::uint32_t family, const BitString &key, const BitString &seed, std::size_t out_bits)
    {
        BitString secret(out_bits);
        check(qkdpp_amplify(handle_.get(), family, key.view(), seed.view(), secret.room()));
        return secret;
    }

    /* For the functions that have no method here. */
    qkdpp_backend *get() const noexcept { return handle_.get(); }

private:
    detail::Handle<qkdpp_backend, qkdpp_backend_free> handle_;
};

} // namespace qkdpp

#endif
