// Alice and Bob in one process, in C++17: as alice_and_bob.c, with a backend that computes on threads of its own.
//
//     alice_and_bob_cpp CONFIG ALICE_RECORD BOB_RECORD SECRET FOLDER SEED

#include <qkdpp.hpp>

#include <condition_variable>
#include <fstream>
#include <iomanip>
#include <iostream>
#include <iterator>
#include <mutex>

namespace {

std::string read_file(const std::string &path)
{
    std::ifstream file(path, std::ios::binary);
    if (!file)
        throw std::runtime_error(path + ": cannot be read");
    return {std::istreambuf_iterator<char>(file), {}};
}

// Rung by the backends' threads, heard by the loop.
class Bell {
public:
    void ring()
    {
        std::lock_guard<std::mutex> lock(mutex_);
        rung_ = true;
        heard_.notify_one();
    }

    void wait(std::chrono::milliseconds timeout)
    {
        std::unique_lock<std::mutex> lock(mutex_);
        heard_.wait_for(lock, timeout, [this] { return rung_; });
        rung_ = false;
    }

private:
    std::mutex mutex_;
    std::condition_variable heard_;
    bool rung_ = false;
};

qkdpp::LinkOptions options(const std::string &name, char **argv, Bell &bell)
{
    qkdpp::LinkOptions options;
    options.config = read_file(argv[1]);
    options.pool = std::string(argv[5]) + "/" + name + ".pool";
    options.ledger = std::string(argv[5]) + "/" + name + ".ledger";
    options.threads = 1;
    options.wake = [&bell] { bell.ring(); };
    const std::string secret = read_file(argv[4]);
    qkdpp::create_pool(options.pool, reinterpret_cast<const std::uint8_t *>(secret.data()), secret.size());
    return options;
}

struct Side {
    qkdpp::Link link;
    qkdpp::Record record;
    bool record_ended = false;
    bool done = false;

    // Does everything that this side can do now; keys go to `keys` if it is not null. Whether that was anything.
    bool run(Side &peer, std::ostream *keys)
    {
        for (bool busy = false;; busy = true) {
            const qkdpp::Step step = link.poll();
            if (step.sends()) {
                peer.link.push(step.data(), step.size());
            } else if (step.is_key() && keys != nullptr) {
                print(*keys, step);
            } else if (step.is_alarm()) {
                std::cerr << "alarm: " << step.text() << '\n';
            } else if (step.waits() && step.wants_batch() && !record_ended) {
                const auto batch = record.next();
                record_ended = !batch;
                if (batch)
                    link.push(*batch);
            } else if (step.waits()) {
                done = record_ended && step.open_blocks() == 0;
                return busy;
            }
        }
    }

    static void print(std::ostream &to, const qkdpp::Step &key)
    {
        to << "block " << key.block() << ": " << key.bits() << " bits " << std::hex << std::setfill('0');
        for (std::size_t i = 0; i < key.size(); i++)
            to << std::setw(2) << static_cast<unsigned>(key.data()[i]);
        to << std::dec << '\n';
    }
};

int run(char **argv)
{
    if (!qkdpp::compatible())
        throw std::runtime_error("the library has another binary interface than its header");
    Bell bell;
    const std::uint64_t seed = std::stoull(argv[6]);
    Side alice{qkdpp::Link::insecure(options("alice", argv, bell), qkdpp::Role::alice, seed),
               qkdpp::Record(argv[2], qkdpp::Role::alice)};
    Side bob{qkdpp::Link::insecure(options("bob", argv, bell), qkdpp::Role::bob, seed),
             qkdpp::Record(argv[3], qkdpp::Role::bob)};
    while (!alice.done || !bob.done) {
        const bool alice_was_busy = alice.run(bob, nullptr);
        const bool bob_was_busy = bob.run(alice, &std::cout);
        if (!alice_was_busy && !bob_was_busy)
            bell.wait(std::chrono::milliseconds(1000));
    }
    std::cerr << alice.link.status() << '\n' << bob.link.status() << '\n';

    // What cannot be is an exception with the library's message.
    try {
        bob.link.push(std::vector<std::uint8_t>(200, 0x55).data(), 200);
    } catch (const qkdpp::Error &error) {
        std::cerr << error.name() << ": " << error.what() << '\n';
        return error.status() == QKDPP_STATUS_PEER ? EXIT_SUCCESS : EXIT_FAILURE;
    }
    return EXIT_FAILURE;
}

} // namespace

int main(int argc, char **argv)
{
    if (argc != 7) {
        std::cerr << "usage: " << argv[0] << " CONFIG ALICE_RECORD BOB_RECORD SECRET FOLDER SEED\n";
        return EXIT_FAILURE;
    }
    try {
        return run(argv);
    } catch (const std::exception &error) {
        std::cerr << error.what() << '\n';
        return EXIT_FAILURE;
    }
}
