//! A key is handed out once, by value. Who may have it is the business of the key-management interface above.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::thread;

use crate::link::Pools;
use crate::link::stepped::Pair;
use qkdpp::{Event, Link};

#[test]
fn attack_28_concurrent_requests_get_each_key_once() {
    const BLOCKS: u64 = 12;
    let pools = Pools::new(200);
    let mut pair = Pair::on(&pools, BLOCKS);
    pair.leave_events = true;
    pair.run(usize::MAX).expect("an honest run");
    let [alice, _] = pair.links;
    let link: Arc<Mutex<Link>> = Arc::new(Mutex::new(alice));
    let clients = (0..4).map(|_| {
        let link = Arc::clone(&link);
        thread::spawn(move || {
            let mut blocks = Vec::new();
            // The link is borrowed for the one event, and the key moves out of it.
            while let Some(event) = { link.lock().expect("a client panicked").next_event() } {
                if let Event::Key(key) = event {
                    blocks.push(key.block());
                }
                thread::yield_now();
            }
            blocks
        })
    });
    let clients: Vec<_> = clients.collect();
    let mut handed_out = BTreeMap::new();
    for block in clients.into_iter().flat_map(|client| client.join().expect("a client")) {
        *handed_out.entry(block).or_insert(0) += 1;
    }
    assert_eq!(handed_out, (0..BLOCKS).map(|block| (block, 1)).collect());
    assert!(link.lock().expect("no client panicked").next_event().is_none());
}
