//! The net itself: a failed assertion of the RTL is an error in Rust, and the device is gone from then on.

use qkdpp_rtl::{Core, Drive, Sense};

/// A core after reset.
fn core() -> Core {
    let mut core = Core::new(3);
    let drive = Drive { reset: 1, ..Drive::default() };
    for _ in 0..8 {
        core.advance(&drive, 1, &mut Sense::default()).expect("a reset without failed assertions");
    }
    core
}

#[test]
fn a_failed_assertion_is_an_error() {
    let mut core = core();
    let mut sense = Sense::default();
    core.advance(&Drive::default(), 10, &mut sense).expect("nothing has failed");
    core.stop();
    let stopped = core.advance(&Drive::default(), 10, &mut sense).expect_err("it has failed");
    assert!(stopped.complaint.contains("assertion failed"), "{stopped}");
    assert!((18..29).contains(&stopped.cycle), "{stopped}");
    assert_eq!(core.advance(&Drive::default(), 1, &mut sense), Err(stopped), "a stopped core stays so");
}

/// Answers to requests that were never made change nothing.
#[test]
fn answers_that_nobody_asked_for_are_ignored() {
    let mut core = core();
    let mut sense = Sense::default();
    for id in 0..16 {
        let answers =
            Drive { m_bvalid: 1, m_bid: id, m_rvalid: 1, m_rid: id, m_rlast: 1, ..Drive::default() };
        core.advance(&answers, 50, &mut sense).expect("no failed assertion");
        assert_eq!((sense.m_awvalid, sense.m_arvalid, sense.irq), (0, 0, 0));
    }
}

#[test]
fn cycles_in_which_nothing_happens_are_run_at_once() {
    let mut core = core();
    let mut sense = Sense::default();
    assert_eq!(core.advance(&Drive::default(), 5000, &mut sense), Ok(5000));
    assert_eq!(core.cycle(), 5008);
}
