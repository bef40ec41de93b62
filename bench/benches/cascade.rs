//! Cascade: leakage, failures and speed of whole error corrections of random keys, with an error rate known to ±5 %.
//!
//! Rates are bits of sifted key per second of a core; each side is timed on its own. `--quick` takes a twentieth of the
//! frames, other arguments that start with a letter choose parts (fast, record, stream).

use qkdpp_bench::cascade::{Setting, rates, tally};
use qkdpp_bench::stream::stream;
use qkdpp_bench::{Random, machine, peak_memory};

const QBERS: [f64; 5] = [0.01, 0.02, 0.03, 0.05, 0.08];
/// Blocks in flight on a link with a delay: enough that a side always has some to work on.
const IN_FLIGHT: usize = 320;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let share = if arguments.iter().any(|argument| argument == "--quick") { 20 } else { 1 };
    let named = |name| arguments.iter().any(|argument| argument == name);
    let all = !arguments.iter().any(|argument| argument.starts_with(char::is_alphabetic));

    println!("{}", machine());
    println!(
        "profile  QBER  f (95 %)          f with FER  failed/frames  FER (95 %)         rounds  sent each way  Alice, Bob Mb/s"
    );
    for (setting, frames) in [(Setting::fast(), 20_480), (Setting::record(), 2_048)] {
        if all || named(setting.name) {
            for qber in QBERS {
                row(&setting, qber, frames / share);
            }
        }
    }
    if all || named("stream") {
        streams();
    }
}

/// What a stream of blocks loses by a delay.
fn streams() {
    println!("stream of blocks of 2^20 bits, fast at 2 %");
    println!("round trip  in flight  Mb/s  latency, mean and 99 %");
    let streamed = |round_trip: f64, in_flight| {
        let streamed = stream(&Setting::fast(), 0.02, round_trip, in_flight, &mut Random::new(8));
        let ([mean, most], rate) = (streamed.latency, streamed.rate / 1e6);
        println!("{:7.0} ms  {in_flight:9}  {rate:4.0}  {mean:.2} s, {most:.2} s", 1e3 * round_trip);
        rate
    };
    streamed(0.0, 8);
    let share = 100.0 / streamed(0.0, IN_FLIGHT) * streamed(0.01, IN_FLIGHT);
    println!("with a delay {share:.0} % of the same stream without; both sides in {}", peak_memory());
}

fn row(setting: &Setting, qber: f64, frames: usize) {
    let mut random = Random::new(6);
    let tally = tally(setting, qber, frames, &mut random);
    let [alice, bob] = rates(setting, qber, 3, &mut random).map(|rate| rate / 1e6);
    let ((f, half), (least, most)) = (tally.f(), tally.failures());
    let bits = tally.frames * setting.frame_bits() as u64;
    println!(
        "{:7}  {:3.0} %  {f:.4} ± {half:.4}   {:.4}      {:4}/{:<8}  {least:.1e} to {most:.1e}  {:5.0}   {:.4} a bit   {alice:5.0}, {bob:5.0}",
        setting.name,
        100.0 * qber,
        tally.f_with_failures(qber),
        tally.failed,
        tally.frames,
        tally.rounds,
        tally.sent as f64 / bits as f64,
    );
}
