//! [`Browser`]: what a browser calls itself, and what people call it.

/// What a browser calls itself in `User-Agent`, cut to what the api takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Browser(String);

impl Browser {
    /// Longest name that is handed on, in characters.
    const MAX: usize = 200;
    /// Longest name that is shown of one that is not known, in characters.
    const MAX_SHOWN: usize = 60;

    /// What tells a browser, and how people call it. The first that is found counts: most have the names of others in
    /// their own.
    const PROGRAMS: [(&str, &str); 9] = [
        ("Edg", "Edge"),
        ("OPR/", "Opera"),
        ("SamsungBrowser/", "Samsung Internet"),
        ("Firefox/", "Firefox"),
        ("FxiOS/", "Firefox"),
        ("Chrome/", "Chrome"),
        ("CriOS/", "Chrome"),
        ("Safari/", "Safari"),
        ("curl/", "curl"),
    ];
    /// The same for what it runs on.
    const SYSTEMS: [(&str, &str); 8] = [
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Windows", "Windows"),
        ("Mac OS X", "macOS"),
        ("Macintosh", "macOS"),
        ("CrOS", "ChromeOS"),
        ("Linux", "Linux"),
    ];

    /// Cuts what a browser calls itself.
    #[must_use]
    pub fn new(user_agent: &str) -> Self {
        Self(user_agent.chars().take(Self::MAX).collect())
    }

    /// The name as the browser has it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name as people have it, such as "Firefox on Linux"; of one that is not known, the begin of its own.
    #[must_use]
    pub fn in_words(&self) -> String {
        let find = |known: &[(&str, &'static str)]| {
            let found = known.iter().find(|(sign, _)| self.0.contains(sign));
            found.map(|(_, name)| *name)
        };
        match (find(&Self::PROGRAMS), find(&Self::SYSTEMS)) {
            (Some(program), Some(system)) => format!("{program} on {system}"),
            (Some(program), None) => program.to_owned(),
            (None, _) if self.0.trim().is_empty() => "A browser without a name".to_owned(),
            (None, _) => self.0.chars().take(Self::MAX_SHOWN).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_are_called_as_people_call_them() {
        const WEBKIT: &str = "AppleWebKit/537.36 (KHTML, like Gecko)";
        for (text, expected) in [
            (
                "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
                "Firefox on Linux",
            ),
            (
                &format!(
                    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) {WEBKIT} Chrome/140.0.0.0 Safari/537.36"
                ),
                "Chrome on Windows",
            ),
            (
                &format!(
                    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) {WEBKIT} Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0"
                ),
                "Edge on Windows",
            ),
            (
                &format!(
                    "Mozilla/5.0 (Linux; Android 10; K) {WEBKIT} Chrome/140.0.0.0 Mobile Safari/537.36"
                ),
                "Chrome on Android",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1",
                "Safari on iPhone",
            ),
            (
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Safari/605.1.15",
                "Safari on macOS",
            ),
            ("curl/8.14.1", "curl"),
            ("w3m/0.5.3", "w3m/0.5.3"),
            ("", "A browser without a name"),
            (&"x".repeat(300), &"x".repeat(60)),
        ] {
            assert_eq!(Browser::new(text).in_words(), expected, "{text}");
        }
    }

    #[test]
    fn no_more_is_handed_on_than_the_api_takes() {
        assert_eq!(Browser::new(&"é".repeat(300)).as_str(), "é".repeat(200));
    }
}
