//! Two links over a real connection: equal keys, and one clear error for whatever happens to the peer.

mod link;

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::thread;
use std::time::Duration;

use link::{Ended, Pools, connected, intact, record, records, run, within};
use qkdpp::{LinkError, OsEntropy, ServeError};
use qkdpp_kernels::Bits;
use qkdpp_protocol::wire::Role;
use qkdpp_protocol::{ProtocolError, SessionError};

const SOON: Duration = Duration::from_secs(30);

/// Serves Alice and Bob on the two ends of a connection.
fn both(pools: &Pools, blocks: u64) -> [Ended; 2] {
    let [for_alice, for_bob] = records(blocks);
    let [near, far] = connected();
    let (alice, bob) = (pools.link(Role::Alice), pools.link(Role::Bob));
    thread::scope(|scope| {
        let alice = scope.spawn(|| run(alice, &near, intact(for_alice)));
        let bob = run(bob, &far, intact(for_bob));
        [alice.join().expect("Alice's thread"), bob]
    })
}

/// Alice's end against a `peer` that does what it likes with the other end.
fn alice_against(silence_seconds: u32, peer: impl FnOnce(TcpStream) + Send + 'static) -> Ended {
    within(SOON, move || {
        let pools = Pools::new(200);
        let profile = qkdpp_protocol::Profile { silence_seconds, ..link::profile() };
        let alice = pools.link_with(Role::Alice, profile, Box::new(OsEntropy)).expect("a link");
        let [near, far] = connected();
        let peer = thread::spawn(move || peer(far));
        let [for_alice, _] = records(2);
        let ended = run(alice, &near, intact(for_alice));
        drop(near);
        peer.join().expect("the peer's thread");
        ended
    })
}

#[test]
fn two_links_hold_the_same_keys() {
    let pools = Pools::new(200);
    let [mut alice, mut bob] = both(&pools, 3);
    let (sent, received) = (alice.result.expect("Alice's end"), bob.result.expect("Bob's end"));
    alice.keys.sort();
    bob.keys.sort();
    assert_eq!(alice.keys.iter().map(|(block, _)| *block).collect::<Vec<_>>(), [0, 1, 2]);
    assert!(alice.keys == bob.keys, "different keys");
    assert_eq!((alice.reports, bob.reports), (3, 3));
    assert_eq!(sent.bytes_sent, received.bytes_received);
    assert_eq!(sent.messages_received, received.messages_sent);
    assert!(sent.tags_sent > 0 && sent.jobs > 0);
}

#[test]
fn a_peer_whose_record_breaks_off_closes_the_connection() {
    let [alice, bob] = within(SOON, || {
        let pools = Pools::new(200);
        let [for_alice, for_bob] = records(2);
        let [near, far] = connected();
        let (alice, bob) = (pools.link(Role::Alice), pools.link(Role::Bob));
        let broken = for_bob.into_iter().take(3).map(Ok).chain([Err("the disk is gone")]);
        thread::scope(|scope| {
            let alice = scope.spawn(|| run(alice, &near, intact(for_alice)));
            let bob = run(bob, &far, broken);
            [alice.join().expect("Alice's thread"), bob]
        })
    });
    assert!(
        matches!(&bob.result, Err(ServeError::Record(what)) if what == "the disk is gone"),
        "{:?}",
        bob.result
    );
    let closed = matches!(alice.result, Err(ServeError::Closed { blocks: 1.. } | ServeError::Connection(_)));
    assert!(closed, "{:?}", alice.result);
    // The first block may have come to its end, the second cannot.
    for (side, block) in [(&alice, "Alice"), (&bob, "Bob")] {
        assert!(side.keys.iter().all(|(number, _)| *number == 0), "{block}");
    }
    assert!(alice.keys.iter().zip(&bob.keys).all(|(a, b)| a == b));
}

#[test]
fn a_peer_that_hangs_up_at_once() {
    let ended = alice_against(60, drop);
    let closed = matches!(ended.result, Err(ServeError::Closed { blocks: 0 } | ServeError::Connection(_)));
    assert!(closed && ended.keys.is_empty(), "{:?}", ended.result);
}

#[test]
fn a_peer_that_hangs_up_within_a_message() {
    let ended = alice_against(60, |mut stream| {
        stream.write_all(b"QKDP\x01\x01\x01\x01 and no more").expect("a connection");
        stream.shutdown(Shutdown::Write).expect("a connection");
        let _ = stream.read_to_end(&mut Vec::new());
    });
    let truncated =
        matches!(ended.result, Err(ServeError::Message(ProtocolError::Truncated { want: 76, got: 20 })));
    assert!(truncated && ended.keys.is_empty(), "{:?}", ended.result);
}

#[test]
fn a_peer_that_speaks_another_protocol_is_noticed_at_once() {
    let ended = alice_against(60, |mut stream| {
        let request = format!("GET / HTTP/1.1\r\nHost: qkdpp\r\nUser-Agent: {}\r\n\r\n", "x".repeat(80));
        stream.write_all(request.as_bytes()).expect("a connection");
        let _ = stream.read_to_end(&mut Vec::new());
    });
    let magic = matches!(
        ended.result,
        Err(ServeError::Message(ProtocolError::Magic { got: [b'G', b'E', b'T', b' '] }))
    );
    assert!(magic && ended.keys.is_empty(), "{:?}", ended.result);
}

#[test]
fn a_peer_that_promises_too_long_a_message_is_refused() {
    let ended = alice_against(60, |mut stream| {
        let mut header = [0xff; 76];
        header[..8].copy_from_slice(b"QKDP\x01\x01\x01\x01");
        stream.write_all(&header).expect("a connection");
        let _ = stream.read_to_end(&mut Vec::new());
    });
    let field =
        matches!(ended.result, Err(ServeError::Message(ProtocolError::Field { got: 0xffff_ffff, .. })));
    assert!(field && ended.keys.is_empty(), "{:?}", ended.result);
}

#[test]
fn a_peer_that_is_not_authenticated_gets_room_for_a_hello_only() {
    let ended = alice_against(60, |mut stream| {
        let mut header = [0; 76];
        header[..8].copy_from_slice(b"QKDP\x01\x01\x01\x01");
        header[72] = 25;
        stream.write_all(&header).expect("a connection");
        let _ = stream.read_to_end(&mut Vec::new());
    });
    let field = matches!(ended.result, Err(ServeError::Message(ProtocolError::Field { got: 125, .. })));
    assert!(field && ended.keys.is_empty(), "{:?}", ended.result);
}

#[track_caller]
fn is_silent(ended: &Ended) {
    let silent = matches!(
        ended.result,
        Err(ServeError::Link(LinkError::Session(SessionError::Peer(ProtocolError::Silent {
            seconds: 1,
            ..
        }))))
    );
    assert!(silent && ended.keys.is_empty(), "{:?}", ended.result);
}

#[test]
fn a_peer_that_says_nothing_is_given_up() {
    is_silent(&alice_against(1, |mut stream| {
        let _ = stream.read_to_end(&mut Vec::new());
    }));
}

#[test]
fn a_peer_that_stops_within_a_message_is_given_up() {
    is_silent(&alice_against(1, |mut stream| {
        stream.write_all(b"QKDP\x01\x01\x01\x01").expect("a connection");
        let _ = stream.read_to_end(&mut Vec::new());
    }));
}

#[test]
fn a_peer_that_does_not_read_is_given_up() {
    // More than the buffers of a connection hold: two batches of 5 million detections, about 8 MB each.
    const DETECTIONS: u32 = 5_000_000;
    const SLOTS: u32 = 850 * DETECTIONS;
    let profile = qkdpp_protocol::Profile {
        slots_per_block: SLOTS.into(),
        slots_per_batch: SLOTS,
        silence_seconds: 1,
        ..link::profile()
    };
    let batch = move |block: u32| {
        let offsets =
            (0..DETECTIONS).map(|index| 850 * index + index.wrapping_mul(2_654_435_761) % 850).collect();
        let bits = || Bits::zeros(DETECTIONS as usize);
        record(u64::from(block) * u64::from(SLOTS), SLOTS, offsets, bits(), bits())
    };
    let ended = within(SOON, move || {
        let pools = Pools::new(200);
        let link = |role| pools.link_with(role, profile.clone(), Box::new(OsEntropy)).expect("a link");
        let (mut alice, bob) = (link(Role::Alice), link(Role::Bob));
        let [mut near, far] = connected();
        // Alice greets and then does nothing any more.
        near.write_all(&alice.next_message().expect("Hello")).expect("a connection");
        run(bob, &far, (0..2).map(move |block| Ok::<_, String>(batch(block))))
    });
    is_silent(&ended);
}

#[test]
fn other_pre_shared_secrets_are_noticed() {
    let [alice, bob] = within(SOON, || {
        let pools = Pools::differing(200);
        both(&pools, 1)
    });
    let wrong = |ended: &Ended| {
        let wrong = matches!(
            ended.result,
            Err(ServeError::Link(LinkError::Session(SessionError::Peer(ProtocolError::Tag {
                pad: 0,
                sequence: 0
            }))))
        );
        let cut_off = matches!(ended.result, Err(ServeError::Closed { .. } | ServeError::Connection(_)));
        (wrong, wrong || cut_off)
    };
    // Who finds out first hangs up on the other.
    let (first, second) = (wrong(&alice), wrong(&bob));
    assert!((first.0 || second.0) && first.1 && second.1, "{:?} {:?}", alice.result, bob.result);
    assert!(alice.keys.is_empty() && bob.keys.is_empty());
}
