//! Where a head ends, or a body that comes in chunks.

use memchr::memchr_iter;

/// Finds empty lines in what comes piece by piece.
#[derive(Debug)]
pub(super) struct EmptyLine {
    /// Whether nothing of the line that comes next was there yet, but for its CR.
    is_empty: bool,
}

impl Default for EmptyLine {
    fn default() -> Self {
        Self { is_empty: true }
    }
}

impl EmptyLine {
    /// Where the first empty line in the next piece ends. Lines may end without a CR, as actix reads heads.
    ///
    /// The piece after it begins there.
    pub(super) fn end_in(&mut self, piece: &[u8]) -> Option<usize> {
        let mut start = 0;
        for end in memchr_iter(b'\n', piece) {
            if self.is_empty && matches!(&piece[start..end], b"" | b"\r") {
                return Some(end + 1);
            }
            self.is_empty = true;
            start = end + 1;
        }
        self.is_empty &= matches!(&piece[start..], b"" | b"\r");
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Where empty lines end, when `text` comes in pieces of so many bytes.
    fn ends(text: &str, size: usize) -> Vec<usize> {
        let mut line = EmptyLine::default();
        let mut ends = Vec::new();
        let mut at = 0;
        while at < text.len() {
            let piece = &text.as_bytes()[at..text.len().min(at + size)];
            let end = line.end_in(piece);
            at += end.unwrap_or(piece.len());
            ends.extend(end.map(|_| at));
        }
        ends
    }

    #[test]
    fn heads_end_where_they_do_in_pieces_of_any_size() {
        for size in 1..40 {
            let two = "GET / HTTP/1.1\r\nhost: x\r\n\r\nGET /a HTTP/1.1\r\n\r\n";
            assert_eq!(ends(two, size), [27, two.len()], "{size}");
            assert_eq!(ends("a\nb\n\nc\n\r\n", size), [5, 9], "{size}");
            assert_eq!(ends("\r\n\na\n", size), [2, 3], "{size}");
            assert!(ends("a\r\n b\r\n \r\n", size).is_empty(), "{size}");
        }
    }
}
