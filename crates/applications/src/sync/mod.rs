//! A sync as data: which objects in which order ([`plan`]), and what is to be done now ([`step`]).
//!
//! ```text
//!   desired ─┐
//!            ├─▶ plan ──▶ Plan (waves) ──▶ step(plan, progress) ──▶ Run(tasks) · Wait(for whom) · Finish(phase)
//!   live ────┘                                  ▲                        │
//!                                               └──── results, health ◀──┘  enacted by others
//! ```
//!
//! Pure: no clock, no cluster. Order and gates are Argo CD's.

mod order;
mod plan;
mod step;

pub(crate) use plan::is_approved;
pub use plan::{Action, Plan, PlanInput, Task, Wave, plan};
pub use step::{Progress, Step, TaskResult, TaskStatus, step};
