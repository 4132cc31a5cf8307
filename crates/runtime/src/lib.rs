//! What every controller shares: leadership, events, backoff, metrics, shutdown.
