//! Key pools: the authentication keys on disk.

use qkdpp::Pool;

use crate::boundary::{Bytes, Text, call};
use crate::error::Status;

/// Makes the key pool `path` (two files: `path` and `path`.pads) from the pre-shared secret, of which both sides have the
/// same bytes: 64, and then 32 for each pad, one per authenticated message in each direction. Uniform random bytes, never
/// used before. Call it once for each secret on each side, and wipe the secret: a second pool from it would use pads again.
/// QKDPP_STATUS_KEY_POOL if a file is there already. Threads: any.
#[unsafe(no_mangle)]
pub extern "C" fn qkdpp_pool_create(path: Text<'_>, secret: Bytes<'_>) -> Status {
    call(|| {
        Pool::create(path.get("path")?, secret.get("secret.data")?)?;
        Ok(())
    })
}
