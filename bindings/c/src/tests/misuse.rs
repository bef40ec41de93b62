//! What C can do wrong and still be told: NULL, sizes, shapes, two users of one handle, panics.

use std::ffi::{CStr, c_char, c_void};
use std::mem::MaybeUninit;
use std::ptr;

use super::{CONFIG, c_path, fails, out, pool};
use crate::boundary::{Bytes, Callbacks, Exclusive, Text, call, last_error, qkdpp_last_error};
use crate::error::{Error, Status, qkdpp_status_name};
use crate::link::{
    LinkConfig, qkdpp_link_free, qkdpp_link_ledger, qkdpp_link_new, qkdpp_link_new_insecure, qkdpp_link_poll,
    qkdpp_link_push_batch, qkdpp_link_push_bytes, qkdpp_link_status, qkdpp_link_wait,
};
use crate::pool::qkdpp_pool_create;
use crate::record::{qkdpp_record_free, qkdpp_record_open};

fn text(text: *const c_char) -> &'static str {
    // SAFETY: the library's texts end with NUL; those here are static, or read before the next call.
    unsafe { CStr::from_ptr(text) }.to_str().expect("UTF-8")
}

#[test]
fn null_is_named() {
    fails(qkdpp_link_poll(None, None), Status::Null, "step is NULL");
    fails(qkdpp_link_poll(None, Some(&mut MaybeUninit::uninit())), Status::Null, "link is NULL");
    fails(qkdpp_link_push_bytes(None, Bytes::NULL), Status::Null, "link is NULL");
    fails(qkdpp_link_push_batch(None, None), Status::Null, "link is NULL");
    fails(qkdpp_link_wait(None, 0), Status::Null, "link is NULL");
    fails(qkdpp_link_status(None, None), Status::Null, "json is NULL");
    fails(qkdpp_link_new(None, 0, None, None), Status::Null, "link is NULL");
    let mut link = MaybeUninit::new(ptr::dangling_mut());
    fails(qkdpp_link_new(None, 0, None, Some(&mut link)), Status::Null, "config is NULL");
    // SAFETY: written above, and by the call.
    assert!(unsafe { link.assume_init() }.is_null());
    fails(qkdpp_pool_create(Text::NULL, Bytes::NULL), Status::Null, "path is NULL");
    fails(qkdpp_record_open(Text::NULL, 0, Some(&mut MaybeUninit::uninit())), Status::Null, "path is NULL");
    qkdpp_link_free(None);
    qkdpp_record_free(None);
}

#[test]
fn statuses_have_names_and_errors_stay_in_their_thread() {
    fails(qkdpp_link_wait(None, 0), Status::Null, "link is NULL");
    assert_eq!(text(qkdpp_last_error()), "link is NULL");
    std::thread::spawn(|| assert_eq!(text(qkdpp_last_error()), "")).join().expect("another thread");
    assert_eq!(text(qkdpp_status_name(Status::NotDue as i32)), "QKDPP_STATUS_NOT_DUE");
    assert_eq!(text(qkdpp_status_name(-7)), "unknown");
}

#[test]
fn a_panic_ends_at_the_boundary_and_its_handle_is_of_no_use_any_more() {
    let inside = Exclusive::new(3);
    fails(
        call(|| {
            let _guard = inside.get()?;
            panic!("on purpose, {}", 1);
        }),
        Status::Panic,
        "panic: on purpose, 1",
    );
    fails(call(|| inside.get().map(|_| ())), Status::Panic, "free it");
}

#[test]
fn one_handle_has_one_user_at_a_time() {
    let inside = Exclusive::new(3);
    let guard = inside.get().expect("the first");
    std::thread::scope(|scope| {
        scope.spawn(|| fails(call(|| inside.get().map(|_| ())), Status::Busy, "another thread"));
    });
    drop(guard);
    assert_eq!(call(|| inside.get().map(|_| ())), Status::Ok);
}

#[test]
fn messages_may_hold_anything() {
    fails(call(|| Err(Error::argument("a\0b"))), Status::Argument, "ab");
}

unsafe extern "C" fn no_entropy(_: *mut c_void, _: *mut u8, _: usize) -> i32 {
    -5
}

#[test]
fn what_a_link_is_made_of_is_checked() {
    let folder = tempfile::tempdir().expect("a folder");
    let pool = pool(&folder.path().join("pool"));
    let (pool, config) = (Text::from(&*pool), Text::from(CONFIG));
    let good = || LinkConfig::new(config, pool, Text::NULL);
    let mut room = MaybeUninit::uninit();
    let mut open = |config: &LinkConfig<'_>, role: u32, callbacks: Option<&Callbacks>| {
        qkdpp_link_new(Some(config), role, callbacks, Some(&mut room))
    };
    fails(open(&good().with_size(8), 0, None), Status::Argument, "config->size is 8, this library knows 48");
    fails(open(&good(), 2, None), Status::Argument, "role is 2");
    fails(open(&good().with_backend(Text::from(c"cpu:fast"), 0), 0, None), Status::Backend, "cpu:fast");
    fails(open(&good().with_backend(Text::NULL, 1025), 0, None), Status::Argument, "threads is 1025");
    fails(
        open(&LinkConfig::new(Text::from(c"[profil]"), pool, Text::NULL), 0, None),
        Status::Config,
        "line 1",
    );
    fails(
        open(&LinkConfig::new(Text::NULL, pool, Text::NULL), 0, None),
        Status::Null,
        "config->config is NULL",
    );
    fails(
        open(&LinkConfig::new(config, Text::NULL, Text::NULL), 0, None),
        Status::Null,
        "config->pool is NULL",
    );
    let nowhere = LinkConfig::new(config, Text::from(c"/nowhere/pool"), Text::NULL);
    fails(open(&nowhere, 0, None), Status::KeyPool, "/nowhere/pool");
    let nowhere = LinkConfig::new(config, pool, Text::from(c"/nowhere/ledger"));
    fails(open(&nowhere, 0, None), Status::Ledger, "/nowhere/ledger");
    let silent = Callbacks::new(ptr::null_mut(), Some(no_entropy), None);
    fails(open(&good(), 0, Some(&silent)), Status::Entropy, "the callback entropy returned -5");
    fails(open(&good(), 0, Some(&silent.with_size(1))), Status::Argument, "callbacks->size is 1");
    fails(
        qkdpp_link_new_insecure(Some(&good()), 0, Some(&silent), 7, Some(&mut room)),
        Status::Argument,
        "a seed takes its place",
    );
    let link = out(|link| qkdpp_link_new(Some(&good()), 0, None, link));
    let mut again = MaybeUninit::uninit();
    fails(qkdpp_link_new(Some(&good()), 0, None, Some(&mut again)), Status::KeyPool, "in use");
    // SAFETY: made by the call above, and freed once.
    qkdpp_link_free(Some(unsafe { Box::from_raw(link) }));
    fails(qkdpp_pool_create(pool, Bytes::from(&[1; 96][..])), Status::KeyPool, "");
    let missing = c_path(&folder.path().join("missing"));
    let status = qkdpp_record_open(Text::from(&*missing), 1, Some(&mut MaybeUninit::uninit()));
    fails(status, Status::Record, "missing");
}

#[test]
fn a_stranger_stops_a_link_which_says_so_from_then_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let pool = pool(&folder.path().join("pool"));
    let config = LinkConfig::new(Text::from(CONFIG), Text::from(&*pool), Text::NULL);
    let link = out(|link| qkdpp_link_new(Some(&config), 0, None, link));
    // SAFETY: alive until it is freed below.
    let handle = unsafe { &*link };
    let mut json = MaybeUninit::uninit();
    assert_eq!(qkdpp_link_status(Some(handle), Some(&mut json)), Status::Ok);
    fails(qkdpp_link_ledger(Some(handle), Some(&mut json)), Status::Argument, "without a ledger");
    fails(qkdpp_link_push_bytes(Some(handle), Bytes::from(&[0x55; 200][..])), Status::Peer, "magic");
    let why = last_error();
    let mut step = MaybeUninit::uninit();
    assert_eq!(qkdpp_link_poll(Some(handle), Some(&mut step)), Status::Ok, "the greeting was decided before");
    fails(qkdpp_link_poll(Some(handle), Some(&mut step)), Status::Peer, &why);
    fails(qkdpp_link_wait(Some(handle), 0), Status::Peer, &why);
    assert_eq!(qkdpp_link_status(Some(handle), Some(&mut json)), Status::Ok);
    // SAFETY: written by the call.
    let status = text(unsafe { json.assume_init() });
    assert!(
        status.contains("\"role\":\"alice\"") && status.contains("\"pads_left_of_bob\":1000"),
        "{status}"
    );
    // SAFETY: made above, and freed once.
    qkdpp_link_free(Some(unsafe { Box::from_raw(link) }));
}
