//! What is about to be written on a connection, and whether it is an answer of ours.

use crate::process::refusal::Refusal;
use crate::process::request_id::X_REQUEST_ID;

/// What `answer` refuses, if actix gives it by itself: every answer of ours has a request id.
pub(super) fn own_refusal(answer: &[u8]) -> Option<Refusal> {
    let status = answer.strip_prefix(b"HTTP/1.")?.get(2..5)?;
    let has_id = || {
        let name = X_REQUEST_ID;
        contains(answer, name.as_str().as_bytes())
    };
    match status {
        [b'4' | b'5', _, _] if has_id() => None,
        b"431" => Some(Refusal::HeadTooLarge),
        [b'4', _, _] => Some(Refusal::Malformed),
        [b'5', _, _] => Some(Refusal::Failed),
        _ => None,
    }
}

/// The same for an answer of actix's own that follows ours, and where it begins. It has no body.
pub(super) fn refusal_at_end(answers: &[u8]) -> Option<(usize, Refusal)> {
    const START: &[u8] = b"HTTP/1.";
    /// Of its length, at the most, in bytes.
    const MOST: usize = 256;
    if !answers.ends_with(b"\r\n\r\n") {
        return None;
    }
    let first = answers.len().saturating_sub(MOST);
    let tail = &answers[first..];
    let at = tail.windows(START.len()).rposition(|part| part == START)?;
    own_refusal(&tail[at..]).map(|refusal| (first + at, refusal))
}

/// Whether the head that `answer` begins with says that nothing comes after it.
pub(super) fn ends_connection(answer: &[u8]) -> bool {
    /// Heads of ours are shorter, in bytes.
    const HEAD: usize = 4096;
    contains(&answer[..answer.len().min(HEAD)], b"connection: close")
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bare(status: &str) -> String {
        format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n")
    }

    #[test]
    fn only_answers_that_are_not_ours_are_replaced() {
        let refused = |answer: &str| own_refusal(answer.as_bytes());
        assert_eq!(refused(&bare("400 Bad Request")), Some(Refusal::Malformed));
        assert_eq!(refused(&bare("431 Too Large")), Some(Refusal::HeadTooLarge));
        assert_eq!(refused(&bare("500 Error")), Some(Refusal::Failed));
        for ours in [
            bare("100 Continue"),
            bare("200 OK"),
            "HTTP/1.1 400 Bad Request\r\nx-request-id: 1\r\n\r\n".to_owned(),
            "HTTP/1.1 4".to_owned(),
            "{\"title\":\"HTTP/1.1 400\"}".to_owned(),
            String::new(),
        ] {
            assert_eq!(refused(&ours), None, "{ours:?}");
        }
    }

    #[test]
    fn an_answer_that_is_not_ours_is_found_behind_one_that_is() {
        let ours = "HTTP/1.1 204 No Content\r\nx-request-id: 1\r\n\r\n";
        let both = format!("{ours}{}", bare("400 Bad Request"));
        assert_eq!(
            refusal_at_end(both.as_bytes()),
            Some((ours.len(), Refusal::Malformed))
        );
        for only_ours in [
            ours,
            "",
            "\r\n\r\n",
            "HTTP/1.1 400 Bad Request\r\nx-request-id: 1\r\n\r\n",
        ] {
            assert_eq!(refusal_at_end(only_ours.as_bytes()), None, "{only_ours:?}");
        }
    }
}
