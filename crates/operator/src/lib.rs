//! Wires adapters and controllers: what gangplank run is.
