#![allow(clippy::unwrap_used)]

use serde_json::Value as Json;

use super::*;

const FORGED: &str = "milk\n2026-01-01T00:00:00Z ERROR api: forged\u{2028}\u{202e}\"\\ end\u{0}";

fn written(write: impl Fn(&mut Vec<u8>, &Record<'_>, Timestamp) -> io::Result<()>) -> String {
    let mut out = Vec::new();
    let pairs = [
        ("path", Value::from(FORGED)),
        ("status", Value::from(503_u64)),
        ("change", Value::from(-7_i64)),
        ("first", Value::from(true)),
        ("told", Value::from_display(&FORGED)),
        ("level", Value::from("FORGED")),
        ("ms", Value::from(1.5)),
    ];
    let args = format_args!("said {FORGED}");
    let record = Record::builder()
        .level(Level::Info)
        .target("request_log")
        .args(args)
        .key_values(&pairs)
        .build();
    write(&mut out, &record, Timestamp::UNIX_EPOCH).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn a_text_record_is_one_line_whatever_people_sent() {
    let line = written(write_text);
    assert_eq!(line.matches('\n').count(), 1, "{line}");
    assert!(
        line.starts_with("1970-01-01T00:00:00.000Z INFO  request_log: said milk\\n2026"),
        "{line}"
    );
    assert!(!line.contains(['\u{2028}', '\u{202e}', '\0']), "{line}");
    assert!(line.contains(" status=503 change=-7 first=true "), "{line}");
    assert!(line.ends_with(" ms=1.5\n"), "{line}");
}

#[test]
fn dropped_lines_are_told_in_either_format() {
    let line = |format| String::from_utf8(dropped_lines(format, 7, Timestamp::UNIX_EPOCH)).unwrap();
    assert!(line(LogFormat::Text).ends_with(" lines=7\n"));
    let object: Json = serde_json::from_str(&line(LogFormat::Json)).unwrap();
    assert_eq!(object["lines"], 7);
    assert_eq!(object["level"], "WARN");
}

#[test]
fn a_json_record_is_one_object_that_keeps_text_and_numbers() {
    let line = written(write_json);
    assert_eq!(line.matches('\n').count(), 1, "{line}");
    let object: Json = serde_json::from_str(&line).unwrap();
    assert_eq!(object["time"], "1970-01-01T00:00:00.000Z");
    assert_eq!(object["target"], "request_log");
    assert_eq!(object["message"], format!("said {FORGED}"));
    assert_eq!(object["path"], FORGED);
    assert_eq!(object["told"], FORGED);
    assert_eq!(object["status"], 503);
    assert_eq!(object["change"], -7);
    assert_eq!(object["first"], true);
    assert_eq!(object["ms"], 1.5);
    assert_eq!(object["level"], "INFO");
    assert_eq!(line.matches("\"level\":").count(), 1, "{line}");
}
