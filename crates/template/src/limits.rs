//! What a template may cost, and what it takes from outside: limits, clock, randomness.

use std::fmt;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use rand::Rng;

use crate::error::Message;
use crate::format::CEILING;

/// Bounds of one template. A template beyond them ends in an error, whatever it is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of output. At most 16 MiB.
    pub output: usize,
    /// Bytes that functions may produce on the way, all together; one value at most 16 MiB.
    pub memory: usize,
    /// Nodes, loop rounds and function calls. Slow functions count for many.
    pub steps: usize,
    /// Nesting of actions, parentheses and template invocations. Bounds the stack.
    pub depth: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { output: 16 << 20, memory: 64 << 20, steps: 1_000_000, depth: 100 }
    }
}

/// What the functions of a template may know of the world.
pub struct Environment {
    /// The time that `now` gives. Without it the functions that need a clock fail.
    pub now: Option<Timestamp>,
    /// The zone that Go calls local.
    pub zone: TimeZone,
    /// Random numbers for passwords and keys; must be fit for cryptography. Without it those functions fail.
    pub random: Option<Box<dyn Rng>>,
}

impl Environment {
    /// No clock and no randomness: output depends on the template and its values alone.
    pub fn none() -> Self {
        Self { now: None, zone: TimeZone::UTC, random: None }
    }

    /// A clock that stands at `now`, UTC, and a source of random numbers.
    pub fn new(now: Timestamp, random: impl Rng + 'static) -> Self {
        Self { now: Some(now), zone: TimeZone::UTC, random: Some(Box::new(random)) }
    }
}

impl Default for Environment {
    fn default() -> Self {
        Self::none()
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Environment")
            .field("now", &self.now)
            .field("zone", &self.zone)
            .finish_non_exhaustive()
    }
}

/// What is left of the limits during one execution.
#[derive(Debug)]
pub(crate) struct Budget {
    steps: usize,
    memory: usize,
}

impl Budget {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self { steps: limits.steps, memory: limits.memory }
    }

    pub(crate) fn steps_left(&self) -> usize {
        self.steps
    }

    pub(crate) fn spend_steps(&mut self, steps: usize) -> Result<(), Message> {
        self.steps = self.steps.checked_sub(steps).ok_or_else(|| {
            self.steps = 0;
            Message::new("the template takes more steps than allowed: make its loops shorter")
        })?;
        Ok(())
    }

    pub(crate) fn spend_memory(&mut self, bytes: usize) -> Result<(), Message> {
        let left = self.memory.checked_sub(bytes).filter(|_| bytes <= CEILING);
        self.memory = left.ok_or_else(|| {
            Message::new("the template builds more text than allowed: make its repetitions smaller")
        })?;
        Ok(())
    }
}
