//! The peer's acceptance, made up.
use qkdpp_protocol::stage::PeerAccepts;

fn main() {}
