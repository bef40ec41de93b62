//! [`Work`]: a job of any kernel, cut into parts.

use qkdpp_kernels::{Job, Output};

use crate::layout::{Capabilities, Kernel, Layout, Resident, Shape, Sink, Source, Unsupported, Wrong};
use crate::layout::{ldpc, parities, polyhash, sift, toeplitz};

/// A job that was cut, whatever its kernel.
pub(super) trait Work: Send {
    /// Number of parts.
    fn parts(&self) -> usize;

    /// The submission of part `part`.
    fn shape(&self, part: usize) -> Shape;

    /// Writes its input.
    fn encode(&self, part: usize, to: &mut dyn Sink);

    /// Joins its output.
    fn decode(&mut self, part: usize, results: [u32; 2], from: &mut dyn Source) -> Result<(), Wrong>;

    /// The output, all parts having been joined.
    fn output(self: Box<Self>) -> Output;

    /// The job as it came.
    fn job(self: Box<Self>) -> Job;
}

/// Cuts `job`, or hands it back.
pub(super) fn cut(
    job: Job,
    capabilities: &Capabilities,
    resident: &mut Resident,
) -> Result<Box<dyn Work>, (Unsupported, Job)> {
    let kernel = kernel_of(&job);
    if capabilities.kernels >> (kernel as u32) & 1 == 0 {
        return Err((Unsupported(format!("the device has no kernel {kernel:?}")), job));
    }
    let context = (capabilities, resident);
    match job {
        Job::Sift(job) => Cut::<sift::Part>::make(job, (Job::Sift, Output::Sift), context),
        Job::Parities(job) => Cut::<parities::Part>::make(job, (Job::Parities, Output::Parities), context),
        Job::Syndrome(job) => {
            Cut::<ldpc::SyndromePart>::make(job, (Job::Syndrome, Output::Syndrome), context)
        }
        Job::LdpcDecode(job) => {
            Cut::<ldpc::DecodePart>::make(job, (Job::LdpcDecode, Output::LdpcDecode), context)
        }
        Job::PolyHash(job) => Cut::<polyhash::Part>::make(job, (Job::PolyHash, Output::PolyHash), context),
        Job::Toeplitz(job) => Cut::<toeplitz::Part>::make(job, (Job::Toeplitz, Output::Toeplitz), context),
    }
}

fn kernel_of(job: &Job) -> Kernel {
    match job {
        Job::Sift(_) => Kernel::Sift,
        Job::Parities(_) => Kernel::Parities,
        Job::Syndrome(_) | Job::LdpcDecode(_) => Kernel::Ldpc,
        Job::PolyHash(_) => Kernel::PolyHash,
        Job::Toeplitz(_) => Kernel::Toeplitz,
    }
}

/// Whether a part changes what the device holds for later parts.
pub(super) fn changes_resident(shape: &Shape) -> bool {
    shape.kernel == Kernel::Ldpc && shape.parameters[0] == 0
}

/// A job with its parts and what is known of its output.
struct Cut<L: Layout> {
    job: L::Job,
    parts: Vec<L>,
    output: L::Output,
    wrap: Wrap<L>,
}

/// Makes a job and an output of one kernel a [`Job`] and an [`Output`].
type Wrap<L> = (fn(<L as Layout>::Job) -> Job, fn(<L as Layout>::Output) -> Output);

impl<L> Cut<L>
where
    L: Layout + Send + 'static,
    L::Job: Send,
    L::Output: Send,
{
    fn make(
        job: L::Job,
        wrap: Wrap<L>,
        (capabilities, resident): (&Capabilities, &mut Resident),
    ) -> Result<Box<dyn Work>, (Unsupported, Job)> {
        match L::cut(&job, capabilities, resident) {
            Ok(parts) => Ok(Box::new(Self { output: L::blank(&job), job, parts, wrap })),
            Err(unsupported) => Err((unsupported, wrap.0(job))),
        }
    }
}

impl<L> Work for Cut<L>
where
    L: Layout + Send,
    L::Job: Send,
    L::Output: Send,
{
    fn parts(&self) -> usize {
        self.parts.len()
    }

    fn shape(&self, part: usize) -> Shape {
        self.parts[part].shape(&self.job)
    }

    fn encode(&self, part: usize, to: &mut dyn Sink) {
        self.parts[part].encode(&self.job, to);
    }

    fn decode(&mut self, part: usize, results: [u32; 2], from: &mut dyn Source) -> Result<(), Wrong> {
        self.parts[part].decode(&self.job, results, from, &mut self.output)
    }

    fn output(self: Box<Self>) -> Output {
        (self.wrap.1)(self.output)
    }

    fn job(self: Box<Self>) -> Job {
        (self.wrap.0)(self.job)
    }
}
