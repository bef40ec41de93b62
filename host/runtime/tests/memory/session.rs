//! One session that is always the same.

use std::path::Path;

use qkdpp::{Entropy, EntropyError, Link, Pool};
use qkdpp_kernels::Backend;
use qkdpp_protocol::profile::{Method, Profile};
use qkdpp_protocol::wire::Role;
use sha3::Shake256;
use sha3::digest::{ExtendableOutput, Update, XofReader};

use crate::link::stepped::Pair;
use crate::link::{link_on, profile};

/// How a session ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// With a key, and everything is dropped.
    Finished,
    /// By a forged message in the middle of error correction; the links stay as they are then.
    Aborted,
    /// With a key that nobody takes; the links stay, and hold it.
    KeyKept,
}

/// Bytes that are the same in every run.
struct Repeatable(<Shake256 as ExtendableOutput>::Reader);

impl Repeatable {
    fn new(name: &str) -> Self {
        let mut hash = Shake256::default();
        hash.update(name.as_bytes());
        Self(hash.finalize_xof())
    }
}

impl Entropy for Repeatable {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        self.0.read(bytes);
        Ok(())
    }
}

/// Pads per direction.
pub(crate) const PADS: usize = 200;

/// The pre-shared secret: hash keys, then pads of the two directions in turn.
pub(crate) fn secret() -> Vec<u8> {
    let mut secret = vec![0; 64 + 32 * PADS];
    Repeatable::new("secret").fill(&mut secret).expect("a hash does not fail");
    secret
}

/// Makes both pools in `folder`.
pub(crate) fn make_pools(folder: &Path) {
    for role in [Role::Alice, Role::Bob] {
        Pool::create(folder.join(format!("{role:?}")), &secret()).expect("a new pool");
    }
}

fn link(role: Role, profile: &Profile, folder: &Path, backend: Box<dyn Backend>) -> Link {
    let pool = Pool::open(folder.join(format!("{role:?}"))).expect("a pool");
    let entropy = Box::new(Repeatable::new(&format!("{role:?}")));
    link_on(role, profile.clone(), backend, pool, entropy).expect("a link")
}

/// Messages after which a session is aborted: in the middle of error correction.
const MESSAGES: usize = 60;

/// Runs one block between two links on `backends`, and ends as told.
pub(crate) fn session(
    method: Method,
    ending: Ending,
    folder: &Path,
    backends: [Box<dyn Backend>; 2],
) -> Option<Pair> {
    let mut profile = profile();
    profile.reconciliation.method = method;
    let [alice, bob] = backends;
    let links = [link(Role::Alice, &profile, folder, alice), link(Role::Bob, &profile, folder, bob)];
    let mut pair = Pair::new(links, 1);
    pair.leave_events = true;
    if ending == Ending::Aborted {
        pair.run(MESSAGES).expect("an honest run so far");
        for link in &mut pair.links {
            assert_eq!(link.open_blocks(), 1, "nothing to abort");
            assert!(link.message(b"forged".to_vec()).is_err());
        }
    } else {
        pair.run(usize::MAX).expect("an honest run");
    }
    (ending != Ending::Finished).then_some(pair)
}
