//! [`Pool`]: DMA memory by size class. Buffers are wiped between jobs and used again, so that in steady state no job
//! allocates; all of them together stay below a bound.

use std::io;
use std::sync::Arc;

use crate::counters::Counters;
use crate::transport::{Dma, Transport};

/// The smallest class; each next one is twice as large.
const SMALLEST: usize = 4096;

/// A buffer, and how much of it has been used.
pub(super) struct Buffer<D> {
    pub(super) dma: D,
    pub(super) used: usize,
}

/// Those of one submission.
pub(super) struct Buffers<D> {
    pub(super) input: Buffer<D>,
    /// None where there is no output.
    pub(super) output: Option<Buffer<D>>,
}

/// Why there is no buffer now.
#[derive(Debug)]
pub(super) enum Empty {
    /// The bound is reached: one comes back when a job ends.
    Full,
    /// The system has no more memory for devices.
    System(io::Error),
}

/// Buffers that wait for a job.
pub(super) struct Pool<D> {
    /// By class.
    free: Vec<Vec<D>>,
    bytes: usize,
    limit: usize,
    counters: Arc<Counters>,
}

impl<D: Dma> Pool<D> {
    /// No buffer yet, and never more than `limit` bytes.
    pub(super) fn new(limit: usize, counters: Arc<Counters>) -> Self {
        Self { free: Vec::new(), bytes: 0, limit, counters }
    }

    /// A buffer of zeros for `bytes` bytes.
    pub(super) fn take<T: Transport<Dma = D>>(
        &mut self,
        transport: &mut T,
        bytes: usize,
    ) -> Result<Buffer<D>, Empty> {
        let class = class(bytes);
        if self.free.len() <= class {
            self.free.resize_with(class + 1, Vec::new);
        }
        let dma = match self.free[class].pop() {
            Some(dma) => dma,
            None => self.allocate(transport, SMALLEST << class)?,
        };
        Ok(Buffer { dma, used: bytes })
    }

    /// Buffers for `input` and `output` bytes, or neither.
    pub(super) fn take_both<T: Transport<Dma = D>>(
        &mut self,
        transport: &mut T,
        (input, output): (usize, usize),
    ) -> Result<Buffers<D>, Empty> {
        let input = self.take(transport, input)?;
        if output == 0 {
            return Ok(Buffers { input, output: None });
        }
        match self.take(transport, output) {
            Ok(output) => Ok(Buffers { input, output: Some(output) }),
            Err(empty) => {
                self.put(input);
                Err(empty)
            }
        }
    }

    fn allocate<T: Transport<Dma = D>>(&mut self, transport: &mut T, bytes: usize) -> Result<D, Empty> {
        while self.bytes + bytes > self.limit {
            let idle = self.free.iter_mut().rev().find_map(Vec::pop).ok_or(Empty::Full)?;
            self.bytes -= idle.len();
        }
        let dma = transport.alloc(bytes).map_err(Empty::System)?;
        self.bytes += dma.len();
        self.counters.dma_allocations.add(1);
        self.counters.dma_bytes.set(self.bytes as u64);
        Ok(dma)
    }

    /// Takes a buffer back that no device uses any more.
    pub(super) fn put(&mut self, mut buffer: Buffer<D>) {
        buffer.dma.wipe(buffer.used);
        self.free[class(buffer.dma.len())].push(buffer.dma);
    }

    /// Takes both back.
    pub(super) fn put_both(&mut self, buffers: Buffers<D>) {
        self.put(buffers.input);
        if let Some(output) = buffers.output {
            self.put(output);
        }
    }
}

fn class(bytes: usize) -> usize {
    bytes.div_ceil(SMALLEST).next_power_of_two().trailing_zeros() as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::Model;

    fn pool(limit: usize) -> (Pool<<Model as Transport>::Dma>, Arc<Counters>) {
        let counters = Arc::new(Counters::default());
        (Pool::new(limit, Arc::clone(&counters)), counters)
    }

    #[test]
    fn buffers_are_used_again_and_hold_nothing_of_before() {
        let (mut pool, counters) = pool(1 << 20);
        let mut model = Model::sound();
        let mut buffer = pool.take(&mut model, 5000).expect("room");
        assert_eq!(buffer.dma.len(), 8192);
        buffer.dma.write(0, &[7; 5000]);
        let iova = buffer.dma.iova();
        pool.put(buffer);
        let again = pool.take(&mut model, 8192).expect("room");
        assert_eq!((again.dma.iova(), counters.dma_allocations.get()), (iova, 1));
        let mut bytes = [1; 8192];
        again.dma.read(0, &mut bytes);
        assert_eq!(bytes, [0; 8192]);
    }

    #[test]
    fn the_bound_holds_and_idle_classes_make_room() {
        let (mut pool, counters) = pool(16384);
        let mut model = Model::sound();
        let small = [0; 4].map(|_| pool.take(&mut model, 1).expect("room"));
        assert!(matches!(pool.take(&mut model, 1), Err(Empty::Full)));
        for buffer in small {
            pool.put(buffer);
        }
        let large = pool.take(&mut model, 16384).expect("the small ones were idle");
        assert_eq!(counters.dma_bytes.get(), 16384);
        assert!(matches!(pool.take(&mut model, 1), Err(Empty::Full)));
        pool.put(large);
        assert!(matches!(pool.take(&mut model, 16385), Err(Empty::Full)));
    }
}
