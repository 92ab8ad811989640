//! The stylesheet and the icon, under names that carry a hash of their content.
//!
//! They are part of the binary. A debug build reads them from the source tree while that is there, so that a change
//! is seen at once.

use std::borrow::Cow;
use std::fs;
use std::path::Path;

use sha2::{Digest, Sha256};

/// A file under `static/`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asset {
    /// The one stylesheet.
    Style,
    /// The icon of the browser's tab.
    Icon,
}

impl Asset {
    const ALL: [Self; 2] = [Self::Style, Self::Icon];

    fn stem(self) -> &'static str {
        match self {
            Self::Style => "style",
            Self::Icon => "icon",
        }
    }

    fn extension(self) -> &'static str {
        match self {
            Self::Style => "css",
            Self::Icon => "svg",
        }
    }

    fn embedded(self) -> &'static [u8] {
        match self {
            Self::Style => include_bytes!("../static/style.css"),
            Self::Icon => include_bytes!("../static/icon.svg"),
        }
    }

    /// The media type.
    #[must_use]
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Style => "text/css; charset=utf-8",
            Self::Icon => "image/svg+xml",
        }
    }

    /// The content as it is now.
    #[must_use]
    pub fn content(self) -> Cow<'static, [u8]> {
        if cfg!(debug_assertions) {
            let path = Path::new(env!("CARGO_MANIFEST_DIR"))
                .join("static")
                .join(format!("{}.{}", self.stem(), self.extension()));
            if let Ok(content) = fs::read(path) {
                return content.into();
            }
        }
        self.embedded().into()
    }

    /// The file name of this content, such as `style-0123456789ab.css`.
    #[must_use]
    pub fn name(self, content: &[u8]) -> String {
        let hash = Sha256::digest(content);
        let hash: String = hash
            .iter()
            .take(6)
            .map(|byte| format!("{byte:02x}"))
            .collect();
        format!("{}-{hash}.{}", self.stem(), self.extension())
    }

    /// The URL of the content as it is now.
    #[must_use]
    pub fn href(self) -> String {
        format!("/static/{}", self.name(&self.content()))
    }

    /// The file a name stands for, whatever hash it carries: pages of the version before or after this one may ask.
    #[must_use]
    pub fn find(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|asset| {
            let hash = name
                .strip_prefix(asset.stem())
                .and_then(|rest| rest.strip_suffix(asset.extension()));
            hash.and_then(|hash| hash.strip_prefix('-')?.strip_suffix('.'))
                .is_some_and(|hash| {
                    hash.len() == 12 && hash.bytes().all(|byte| byte.is_ascii_hexdigit())
                })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_with_any_hash_and_nothing_else_is() {
        for asset in Asset::ALL {
            assert_eq!(Asset::find(&asset.name(asset.embedded())), Some(asset));
        }
        assert_eq!(Asset::find("style-000000000000.css"), Some(Asset::Style));
        for name in [
            "",
            "style.css",
            "style-.css",
            "style-000000000000.svg",
            "style-00000000000g.css",
            "../style.css",
        ] {
            assert_eq!(Asset::find(name), None, "{name}");
        }
    }

    #[test]
    fn the_stylesheet_keeps_to_its_budget() {
        assert!(Asset::Style.embedded().len() < 11_000);
    }
}
