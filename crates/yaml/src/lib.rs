//! YAML as Kubernetes tools read and write it: spans, Go scalar rules, the go-yaml emitter.
