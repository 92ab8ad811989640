//! What the first account is made with.

use std::fmt;

use subtle::ConstantTimeEq;

/// Digits that stand together when it is shown.
const GROUP: usize = 4;

/// The set-up code: whoever can read the api's log may make the first account, and nobody else.
#[derive(Clone)]
pub struct SetupCode(String);

impl SetupCode {
    /// How many hexadecimal digits it has: 80 bits.
    pub const DIGITS: usize = 20;

    /// Reads it as somebody may type it: case, white space and hyphens do not matter.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let is_filler = |character: char| character == '-' || character.is_whitespace();
        let mut digits = text.chars().filter(|character| !is_filler(*character));
        let code: String = digits
            .by_ref()
            .take(Self::DIGITS + 1)
            .map(|digit| digit.to_ascii_lowercase())
            .collect();
        let fits =
            code.len() == Self::DIGITS && code.bytes().all(|digit| digit.is_ascii_hexdigit());
        fits.then_some(Self(code))
    }

    /// Whether it is the same, in a time that says nothing of where it differs.
    #[must_use]
    pub fn is(&self, other: &Self) -> bool {
        self.0.as_bytes().ct_eq(other.0.as_bytes()).into()
    }
}

impl fmt::Debug for SetupCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SetupCode(***)")
    }
}

impl fmt::Display for SetupCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, digit) in self.0.chars().enumerate() {
            if place > 0 && place % GROUP == 0 {
                f.write_str("-")?;
            }
            write!(f, "{digit}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_code_may_be_typed_in_any_way() {
        let code = SetupCode::parse("0e8ee7e2a7dd0ccb15cc").unwrap();
        assert_eq!(code.to_string(), "0e8e-e7e2-a7dd-0ccb-15cc");
        for typed in [" 0E8E-e7e2-a7dd-0ccb-15cc\n", "0e8e e7e2 a7dd 0ccb 15cc"] {
            assert!(SetupCode::parse(typed).unwrap().is(&code), "{typed:?}");
        }
        assert!(!SetupCode::parse("1e8ee7e2a7dd0ccb15cc").unwrap().is(&code));
        for bad in [
            "",
            "0e8ee7e2a7dd0ccb15c",
            "0e8ee7e2a7dd0ccb15ccc",
            "ge8ee7e2a7dd0ccb15cc",
        ] {
            assert!(SetupCode::parse(bad).is_none(), "{bad:?}");
        }
    }
}
