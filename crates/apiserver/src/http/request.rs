//! What a path and a method mean: the attributes that authorization and routing work with.

/// A request's place in the API.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Place {
    /// Whether the path names a resource at all.
    pub(crate) resource_request: bool,
    /// The path as it came.
    pub(crate) path: String,
    /// `get`, `list`, …; the lower-case method for other paths.
    pub(crate) verb: String,
    pub(crate) group: String,
    pub(crate) version: String,
    pub(crate) namespace: String,
    pub(crate) resource: String,
    pub(crate) subresource: String,
    pub(crate) name: String,
    /// More path parts than any resource has, or empty ones in between.
    pub(crate) stray: bool,
    /// Below a namespace, and not the namespace itself.
    pub(crate) in_namespace: bool,
    /// Reached by the old `/watch/` paths.
    pub(crate) legacy_watch: bool,
}

/// Subresources of a namespace: after `namespaces/NAME` everything else is a resource in that namespace.
const NAMESPACE_SUBRESOURCES: [&str; 2] = ["status", "finalize"];

impl Place {
    /// Reads a method and a percent-decoded path. `watch` and `named` come from the query: they turn a list into a watch,
    /// or give it the name that a `metadata.name` selector asks for.
    pub(crate) fn read(method: &http::Method, path: &str, watch: bool, named: Option<&str>) -> Place {
        let mut place =
            Place { path: path.to_owned(), verb: method.as_str().to_lowercase(), ..Place::default() };
        let trimmed = path.trim_matches('/');
        let parts: Vec<&str> = if trimmed.is_empty() { Vec::new() } else { trimmed.split('/').collect() };
        let rest = match parts.as_slice() {
            ["api", version, rest @ ..] if !rest.is_empty() => {
                place.version = (*version).to_owned();
                rest
            }
            ["apis", group, version, rest @ ..] if !rest.is_empty() => {
                (place.group, place.version) = ((*group).to_owned(), (*version).to_owned());
                rest
            }
            _ => return place,
        };
        place.resource_request = true;
        place.stray = path.starts_with("//") || rest.iter().any(|part| part.is_empty());
        place.verb = match *method {
            http::Method::POST => "create",
            http::Method::GET | http::Method::HEAD => "get",
            http::Method::PUT => "update",
            http::Method::PATCH => "patch",
            http::Method::DELETE => "delete",
            _ => "",
        }
        .to_owned();
        let rest = match rest {
            ["watch", rest @ ..] if !rest.is_empty() => {
                place.legacy_watch = true;
                rest
            }
            rest => rest,
        };
        let rest = match rest {
            ["namespaces", namespace, rest @ ..] => {
                place.namespace = (*namespace).to_owned();
                if rest.first().is_some_and(|next| !NAMESPACE_SUBRESOURCES.contains(next)) {
                    place.in_namespace = true;
                    rest
                } else {
                    place.resource = "namespaces".to_owned();
                    place.name = (*namespace).to_owned();
                    place.subresource = rest.first().unwrap_or(&"").to_string();
                    place.stray |= rest.len() > 1;
                    &[]
                }
            }
            rest => rest,
        };
        if let [resource, rest @ ..] = rest {
            place.resource = (*resource).to_owned();
            place.name = rest.first().unwrap_or(&"").to_string();
            place.subresource = rest.get(1).unwrap_or(&"").to_string();
            place.stray |= rest.len() > 2;
        }
        if place.legacy_watch {
            place.verb = "watch".to_owned();
        } else if place.name.is_empty() {
            match place.verb.as_str() {
                "get" => {
                    place.verb = if watch { "watch" } else { "list" }.to_owned();
                    if let Some(name) = named {
                        place.name = name.to_owned();
                    }
                }
                "delete" => place.verb = "deletecollection".to_owned(),
                _ => {}
            }
        }
        place
    }

    /// Whether the path (not a selector) names one object.
    pub(crate) fn of_one(&self) -> bool {
        !self.name.is_empty() && !matches!(self.verb.as_str(), "list" | "watch" | "deletecollection")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(method: &str, path: &str, expect: &str) {
        let place = Place::read(&method.parse().unwrap(), path, false, None);
        let seen = format!(
            "{} {}/{} {}|{}|{}|{}{}",
            place.verb,
            place.group,
            place.version,
            place.namespace,
            place.resource,
            place.name,
            place.subresource,
            if place.stray { " stray" } else { "" }
        );
        assert_eq!(seen, expect, "{method} {path}");
    }

    #[test]
    fn paths_are_read_as_the_real_server_reads_them() {
        check("GET", "/api/v1/namespaces/a/secrets", "list /v1 a|secrets||");
        check("GET", "/api/v1/namespaces/a/secrets/b/", "get /v1 a|secrets|b|");
        check("DELETE", "/apis/apps/v1/namespaces/a/deployments", "deletecollection apps/v1 a|deployments||");
        check("PUT", "/api/v1/namespaces/a/status", "update /v1 a|namespaces|a|status");
        check("GET", "/api/v1/namespaces/a", "get /v1 a|namespaces|a|");
        check("GET", "/api/v1/watch/namespaces/a/secrets", "watch /v1 a|secrets||");
        check("GET", "/api/v1/namespaces/a/configmaps//one", "list /v1 a|configmaps||one stray");
        check("POST", "/apis/x/v1", "post / |||");
    }
}
