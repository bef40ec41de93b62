//! Timing of one job: on a backend, several times within a budget, the median.

use std::time::{Duration, Instant};

use qkdpp_kernels::{Backend, Job, JobId};

use crate::error::Failure;

/// Time spent on one case, input included, after which no further run is started.
const BUDGET: Duration = Duration::from_millis(500);
/// Runs of one case, however long they take.
const LEAST_RUNS: usize = 3;
/// Runs of one case, however short they are.
const MOST_RUNS: usize = 200;

/// The median time of jobs from `next`, which makes a fresh one for each run, after one run to warm up.
pub(crate) fn median(
    backend: &mut dyn Backend,
    mut next: impl FnMut() -> Result<Job, Failure>,
) -> Result<Duration, Failure> {
    let start = Instant::now();
    time(backend, next()?)?;
    let mut times = Vec::new();
    while times.len() < LEAST_RUNS || times.len() < MOST_RUNS && start.elapsed() < BUDGET {
        times.push(time(backend, next()?)?);
    }
    times.sort_unstable();
    Ok(times[times.len() / 2])
}

/// Runs `job` on its own; how long it took.
fn time(backend: &mut dyn Backend, job: Job) -> Result<Duration, Failure> {
    let start = Instant::now();
    backend.submit(JobId(0), job).map_err(|_| Failure::Input(format!("{} takes no job", backend.name())))?;
    loop {
        if let Some(done) = backend.wait(Duration::from_secs(1)) {
            done.result.map_err(|(fault, _)| Failure::input(fault))?;
            return Ok(start.elapsed());
        }
    }
}
