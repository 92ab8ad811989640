//! [`LocalPath`]: a page of ours that somebody is led to.

/// Path, query and fragment of a page of this site, as they stand in a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalPath(String);

impl LocalPath {
    /// Longest path, in bytes.
    const MAX: usize = 2048;

    /// Accepts what no browser can take for an address of another site: visible ASCII that begins with one `/`, without
    /// `//` and without the backslash, which browsers take for a `/`.
    #[must_use]
    pub fn parse(value: &str) -> Option<Self> {
        let fits = value.len() <= Self::MAX
            && value.starts_with('/')
            && !value.contains("//")
            && value
                .bytes()
                .all(|byte| byte.is_ascii_graphic() && byte != b'\\');
        fits.then(|| Self(value.to_owned()))
    }

    /// The path as it stands in a link.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_of_this_site_are_local() {
        for path in [
            "/",
            "/tasks",
            "/tasks?show=active&after=c1#at-7",
            "/account",
            "/%C3%A9%0A",
        ] {
            assert!(LocalPath::parse(path).is_some(), "{path}");
        }
        for other in [
            "",
            "tasks",
            "https://evil.example/",
            "//evil.example",
            "///evil.example",
            "/\\evil.example",
            "\\/evil.example",
            "/\t/evil.example",
            "/\n/evil.example",
            "/..//evil.example",
            "/.\\..//evil.example",
            " /tasks",
            "/tasks\r\nset-cookie: a=b",
            "/\u{e9}",
            "javascript:alert(1)",
            &format!("/{}", "a".repeat(2048)),
        ] {
            assert_eq!(LocalPath::parse(other), None, "{other:?}");
        }
    }
}
