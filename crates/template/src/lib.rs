//! Go's text/template with the functions that External Secrets offers.
