//! Simulated devices: what a driver can be tested against without a card.

pub mod clock;
pub mod faults;
pub mod memory;
pub mod model;
#[cfg(feature = "rtl")]
pub mod rtl;

pub use clock::Idle;
pub use model::Model;
#[cfg(feature = "rtl")]
pub use rtl::Rtl;
